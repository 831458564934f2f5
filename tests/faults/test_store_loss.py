"""Parts of tables are removed below the real engine, while it runs and while it does not: it tells within a minute and mends by itself."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from pathlib import Path

import pytest

from core.catalog.flow import HEARTBEAT, OWN_FLOW
from core.incident import IncidentStatus
from store.losses import CONDITION
from store.parts_ledger import LEDGER
from tests.e2e.sinks import Sink, http_sink
from tests.faults.ledger import CATALOG, ENVIRONMENT, ORIGINS, Ledger, Producer
from tests.faults.test_kill import closed_books
from tests.product import Product, running, wait_until

ROUNDS = int(os.environ.get("ANDON_ROUNDS", "1"))
NAMED_WITHIN_SECONDS = 60
TABLES = ("events", "transactions", "clocks")
OURS = {
    "events": f"event_source = '{ORIGINS[0]}'",
    "spans": "1",
    "transactions": f"flow != '{HEARTBEAT}'",
    "clocks": f"flow != '{HEARTBEAT}'",
    "verdicts": f"flow != '{HEARTBEAT}'",
    "incidents": f"flow != '{OWN_FLOW}'",
}
"""What stays as it is while nothing but the heartbeat comes in."""
log = logging.getLogger("faults")


def folders(product: Product, *tables: str) -> list[Path]:
    """Return where the parts of these tables lie, merged ones too, once the ledger has them."""
    found = wait_until(lambda: ledger_of(product, *tables), 30, "the ledger is written")
    return [part for folder in found for part in (product.data / "store" / folder).glob("*_*_*_*")]


def ledger_of(product: Product, *tables: str) -> list[str]:
    known = json.loads((product.data / LEDGER).read_text())["tables"]
    return [known[table]["folder"] for table in tables if known[table]["parts"]] if known.keys() >= set(tables) else []


def counts(product: Product) -> dict[str, int]:
    found = {table: product.query(f"SELECT count() FROM {table} FINAL WHERE {those}")[0][0] for table, those in OURS.items()}
    assert set(OURS) >= set(TABLES)
    return found


def settled_books(product: Product) -> dict[str, int] | None:
    """Return the books where nothing was loaded while they were counted."""
    first, second = closed_books(product), closed_books(product)
    return first if first == second else None


def told(desk: Sink, table: str) -> list[str]:
    return [message["reason"] for message in desk.messages if message["stage"] == CONDITION and message["cause"] == table]


def losses(product: Product) -> list[tuple[str, bool, int]]:
    return product.query("SELECT table_name, mended_at IS NOT NULL, missing_rows FROM losses FINAL ORDER BY found_at, table_name")


def all_is_back(product: Product, desk: Sink, before: dict[str, int], times: int) -> bool:
    assert losses(product) == [(table, True, 0) for _ in range(times) for table in sorted(TABLES)]
    assert counts(product) == before
    assert [told(desk, table) for table in TABLES] == [["opened", "resolved"] * times] * len(TABLES)
    return True


@pytest.mark.slow
@pytest.mark.timeout(240 + ROUNDS * 240)
def test_lost_parts_are_told_within_a_minute_and_brought_back(tmp_path: Path):
    ledger = Ledger()
    with (
        http_sink() as desk,
        running(Product(tmp_path / "data", CATALOG, {**ENVIRONMENT, "ANDON_TEST_WEBHOOK": desk.url}), "collect", "engine") as product,
    ):
        producer = Producer(product, ledger, "loss", 1)
        producer.start()
        wait_until(lambda: len(ledger.acknowledged("events")) > 300, 60, "events are taken")
        producer.stop()
        books = wait_until(lambda: settled_books(product), 60, "all is loaded")
        wait_until(lambda: counts(product)["transactions"] >= len(ledger.acknowledged("events")), 60, "and correlated")
        before = counts(product)
        for number in range(2 * ROUNDS):
            lost = folders(product, *TABLES)
            stopped = number % 2
            if stopped:
                product.stop("engine")
            for folder in lost:
                shutil.rmtree(folder)
            happened = time.monotonic()
            if stopped:
                product.start("engine", wait=False)
            wait_until(lambda count=number + 1: len(told(desk, "events")) >= 2 * count - 1, NAMED_WITHIN_SECONDS, "the loss is told")
            named = time.monotonic() - happened
            wait_until(
                lambda count=number + 1: all_is_back(product, desk, before, count), 120, "all is back, and nothing is told twice", pause=0.5
            )
            mended = time.monotonic() - happened
            log.warning("%s: named after %.1f s, mended after %.1f s", "stopped" if stopped else "running", named, mended)
            product.wait_ready("engine")
        status = product.andon("journal", "status")
        assert status.returncode == 0, status
        assert "the store lost" in status.stderr
        after = wait_until(lambda: settled_books(product), 60, "the books close again")
        assert (after["duplicates"], after["lost"]) == (books["duplicates"], 0)
        assert IncidentStatus.RESOLVED.value in {
            status for (status,) in product.query("SELECT status FROM incidents FINAL WHERE flow = 'andon'")
        }
