"""kill -9 at random points under load: nothing acknowledged is lost, nothing is doubled, nothing is invented."""

from __future__ import annotations

import logging
import os
import random
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from store.reads.accounting import account
from tests.faults.ledger import HOOK, ORIGINS, QUEUE, Ledger, Producer, Roads, audit
from tests.product import Product, running, wait_until
from tests.servers.rabbitmq import installed, rabbitmq

CATALOG = Path(__file__).parents[2] / "benchmarks" / "catalogs" / "orders"
ROUNDS = int(os.environ.get("ANDON_ROUNDS", "25"))
ENVIRONMENT = {"ANDON_TEST_WEBHOOK": "http://127.0.0.1:9/", "ANDON_TEST_WEBHOOK_SECRET": "whsec_dGVzdA=="}

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = f"source: {HOOK}\nowner: order-desk\nwebhook: {{scheme: standard, secrets: ['env:ANDON_TEST_HOOK'], type: shop}}\n"
BROKER = f"source: broker\nowner: order-desk\nreceiver: {{type: rabbitmq, url: 'env:ANDON_TEST_BROKER', queue: {QUEUE}, declare: true}}\n"


def with_every_road(folder: Path, broker: str) -> tuple[Path, dict[str, str]]:
    """Return the catalog with a source that signs webhooks and, where there is a broker, one that is a queue; and its environment."""
    catalog = shutil.copytree(CATALOG, folder / "catalog")
    (catalog / "sources" / f"{HOOK}.yaml").write_text(WEBHOOK)
    if broker:
        (catalog / "sources" / "broker.yaml").write_text(BROKER)
    return catalog, {**ENVIRONMENT, "ANDON_TEST_HOOK": SECRET, "ANDON_TEST_BROKER": broker}


def closed_books(product: Product) -> dict[str, int] | None:
    """Return what became of all acknowledged signals; None while some wait in the journal."""
    client = product.client()
    try:
        found = account(client, product.data / "journal")
    finally:
        client.close()
    return None if found["in_journal"] else found


@pytest.mark.slow
@pytest.mark.timeout(300 + ROUNDS * 30)
def test_kill_of_any_process_under_load_loses_doubles_and_invents_nothing(tmp_path: Path):
    seed = int(os.environ.get("ANDON_SEED", "20260327"))
    logging.getLogger("faults").warning("the same again: ANDON_SEED=%s ANDON_ROUNDS=%s", seed, ROUNDS)
    chance = random.Random(seed)
    ledger = Ledger()
    with ExitStack() as stack:
        broker = stack.enter_context(rabbitmq(tmp_path)).url if installed() else ""  # the other roads are worth the run alone
        roads = Roads(SECRET, broker)
        product = stack.enter_context(
            running(Product(tmp_path / "data", *with_every_road(tmp_path, broker)), "collect", "engine", "dashboard")
        )
        producers = [Producer(product, ledger, f"s{seed}p{number}", seed + number, more=roads) for number in range(3)]
        for producer in producers:
            producer.start()
        for _ in range(ROUNDS):
            kind = chance.choice(["collect", "engine", "collect", "dashboard"])
            time.sleep(chance.uniform(0.02, 1.5))
            product.kill(kind)
            product.start(kind, wait=chance.random() < 0.4)  # else the next kill may hit a process that is only starting
        for kind in ("collect", "engine", "dashboard"):
            product.wait_ready(kind)
        for producer in producers:
            producer.stop()
        assert len(ledger.acknowledged("events")) > ROUNDS * 10
        assert len(ledger.acknowledged("spans")) > ROUNDS * 10

        wait_until(lambda: audit(product, ledger)["lost"] == 0, 60, f"everything acknowledged is in the store (seed {seed})", pause=1.0)

        assert audit(product, ledger) == {"lost": 0, "invented": 0, "duplicates": 0}, f"seed {seed}"
        origins = {row[0] for row in product.query("SELECT DISTINCT event_source FROM events")}
        assert origins >= (set(ORIGINS) if broker else set(ORIGINS[:2])), "every road was taken"
        open_orders = "FROM transactions FINAL WHERE flow = 'orders' AND state != 'merged'"

        def captured() -> set[str]:
            return {row[0] for row in product.query(f"SELECT reference {open_orders}")}

        wait_until(lambda: ledger.acknowledged("events") <= captured(), 90, f"every order is a transaction (seed {seed})", pause=1.0)
        books = wait_until(lambda: closed_books(product), 60, f"nothing waits in the journal (seed {seed})")
        assert books["duplicates"] >= 0, f"signals nobody acknowledged (seed {seed}): {books}"
        distinct, rows = product.query(f"SELECT uniqExact(transaction_id), count() {open_orders}")[0]
        assert distinct == rows


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_collector_acknowledges_while_the_engine_is_down_and_the_engine_catches_up(tmp_path: Path):
    ledger = Ledger()
    with running(Product(tmp_path / "data", CATALOG, ENVIRONMENT), "collect", "engine") as product:
        producer = Producer(product, ledger, "down", 1, pause=0.05)
        producer.start()
        time.sleep(2)
        product.kill("engine")
        before = len(ledger.acknowledged("events"))
        time.sleep(60)
        during = len(ledger.acknowledged("events"))
        product.start("engine")
        producer.stop()

        assert during - before > 500
        wait_until(lambda: audit(product, ledger)["lost"] == 0, 60, "the backlog is loaded", pause=1.0)
        assert audit(product, ledger) == {"lost": 0, "invented": 0, "duplicates": 0}
