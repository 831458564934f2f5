"""kill -9 at random points under load: nothing acknowledged is lost, nothing is doubled, nothing is invented."""

from __future__ import annotations

import itertools
import logging
import os
import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from store.reads.accounting import account
from tests.e2e.sinks import Sink, http_sink
from tests.faults.audit import faults, look
from tests.faults.ledger import CATALOG, ENVIRONMENT, ORIGINS, SECRET, Ledger, Producer, Roads, with_every_road
from tests.product import Product, running
from tests.servers.rabbitmq import installed
from tests.waiting import wait_until

ROUNDS = int(os.environ.get("ANDON_ROUNDS", "4"))
KILLED = ("collect", "engine", "collect", "dashboard")
"""Which processes four rounds kill, in any order."""
PATIENCE_SECONDS = 240.0


def closed_books(product: Product) -> dict[str, int] | None:
    """Return what became of all acknowledged signals; None while some wait in the journal."""
    found = account(product.reader, product.data / "journal")
    return None if found["in_journal"] else found


def all_well(product: Product, ledger: Ledger, desk: Sink, restarts: int) -> bool:
    found = faults(ledger, look(product, desk), restarts)
    assert found == []
    return True


@pytest.mark.slow
@pytest.mark.timeout(900 + ROUNDS * 30)
@pytest.mark.xdist_group("rabbitmq")
def test_kill_of_any_process_under_load_loses_doubles_and_invents_nothing(tmp_path: Path, request: pytest.FixtureRequest):
    seed = int(os.environ.get("ANDON_SEED", "20260327"))
    logging.getLogger("faults").warning("the same again: ANDON_SEED=%s ANDON_ROUNDS=%s", seed, ROUNDS)
    chance = random.Random(seed)
    ledger = Ledger()
    with ExitStack() as stack:
        broker = request.getfixturevalue("broker").url if installed() else ""  # the other roads are worth the run alone
        roads = Roads(SECRET, broker)
        desk = stack.enter_context(http_sink())
        product = stack.enter_context(
            running(Product(tmp_path / "data", *with_every_road(tmp_path, broker, desk.url)), "collect", "engine", "dashboard")
        )
        producers = [Producer(product, ledger, f"s{seed}p{number}", seed + number, more=roads) for number in range(3)]
        for producer in producers:
            producer.start()
        restarts = 0
        for kind in itertools.islice((kind for _ in itertools.count() for kind in chance.sample(KILLED, len(KILLED))), ROUNDS):
            restarts += kind == "engine"
            time.sleep(chance.uniform(0.02, 1.5))
            product.kill(kind)
            product.start(kind, wait=chance.random() < 0.4)  # else the next kill may hit a process that is only starting
        for kind in ("collect", "engine", "dashboard"):
            product.wait_ready(kind)
        for kind, count in (("events", ROUNDS * 10), ("spans", ROUNDS * 10), ("rejections", 2)):
            wait_until(lambda kind=kind, count=count: len(ledger.acknowledged(kind)) > count, PATIENCE_SECONDS, f"{kind} are taken")
        for producer in producers:
            producer.stop()

        wait_until(lambda: closed_books(product), PATIENCE_SECONDS, f"nothing waits in the journal (seed {seed})")
        wait_until(
            lambda: all_well(product, ledger, desk, restarts),
            PATIENCE_SECONDS,
            f"everything acknowledged is there, once (seed {seed})",
            pause=1.0,
        )
        time.sleep(3)
        assert all_well(product, ledger, desk, restarts), f"nothing comes after it (seed {seed})"

        origins = {row[0] for row in product.query("SELECT DISTINCT event_source FROM events")}
        assert origins >= (set(ORIGINS) if broker else set(ORIGINS[:2])), "every road was taken"
        books = wait_until(lambda: closed_books(product), PATIENCE_SECONDS, f"nothing waits in the journal (seed {seed})")
        assert books["duplicates"] >= 0, f"signals nobody acknowledged (seed {seed}): {books}"


@pytest.mark.slow
def test_the_collector_acknowledges_while_the_engine_is_down_and_the_engine_catches_up(tmp_path: Path):
    ledger = Ledger()
    with (
        http_sink() as desk,
        running(Product(tmp_path / "data", CATALOG, {**ENVIRONMENT, "ANDON_TEST_WEBHOOK": desk.url}), "collect", "engine") as product,
    ):
        producer = Producer(product, ledger, "down", 1, pause=0.01)
        producer.start()
        wait_until(lambda: product.query("SELECT count() FROM events")[0][0], PATIENCE_SECONDS, "the engine loads")
        product.kill("engine")
        backlog = len(ledger.acknowledged("events")) + max(500, ROUNDS * 20)
        wait_until(lambda: len(ledger.acknowledged("events")) > backlog, PATIENCE_SECONDS, "the collector goes on acknowledging")
        product.start("engine")
        producer.stop()

        wait_until(lambda: all_well(product, ledger, desk, 1), PATIENCE_SECONDS, "the backlog is there, once", pause=1.0)
