"""Parts of tables are removed below the real engine, while it runs and while it does not: it tells within a minute and mends by itself."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.catalog.flow import HEARTBEAT, OWN_FLOW
from store.recovery.losses import CONDITION
from store.recovery.parts_ledger import LEDGER
from store.recovery.scrub import CONDITION as DAMAGE
from tests import plain_http
from tests.e2e.sinks import Sink, http_sink
from tests.faults.ledger import CATALOG, ENVIRONMENT, ORIGINS, Ledger, Producer
from tests.faults.test_kill import closed_books
from tests.product import Product, running
from tests.waiting import wait_until

ROUNDS = max(1, int(os.environ.get("ANDON_ROUNDS", "1")) // 30)  # each takes minutes
NAMED_WITHIN_SECONDS = 60
PATIENCE_SECONDS = 180.0
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
MOSTLY_DATA_BYTES = 4096
"""From this size on the middle of a part's file is data, which has a checksum."""
log = logging.getLogger("faults")


def folders(product: Product, *tables: str) -> list[Path]:
    """Return where the parts of these tables lie, merged ones too, once the ledger has them."""
    found = wait_until(lambda: ledger_of(product, *tables), PATIENCE_SECONDS, "the ledger is written")
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
    found = losses(product)
    assert len(found) >= times * len(TABLES), "what goes while it is looked may be found in two parts"
    assert set(found) == {(table, True, 0) for table in TABLES}
    assert counts(product) == before
    for table in TABLES:
        reasons = told(desk, table)
        assert reasons == ["opened", "resolved"] * (len(reasons) // 2)
        assert len(reasons) >= 2 * times
    return True


def lose(product: Product, *, stopped: bool, **environment: str) -> float:
    """Remove all parts of the tables, with a restart of the engine around it or while it runs; return the moment."""
    lost = folders(product, *TABLES)
    if stopped:
        product.stop("engine")
    for folder in lost:
        shutil.rmtree(folder)
    happened = time.monotonic()
    if stopped:
        product.environment.update(environment)
        product.start("engine", wait=False)
    return happened


def comes_back(product: Product, desk: Sink, before: dict[str, int], times: int, happened: float) -> None:
    wait_until(lambda: len(told(desk, "events")) >= 2 * times - 1, NAMED_WITHIN_SECONDS, "the loss is told")
    named = time.monotonic() - happened
    wait_until(lambda: all_is_back(product, desk, before, times), PATIENCE_SECONDS, "all is back, and nothing is told twice", pause=0.5)
    log.warning("named after %.1f s, mended after %.1f s", named, time.monotonic() - happened)
    product.wait_ready("engine")


@contextmanager
def loaded(folder: Path, table: str, count: int, **environment: str) -> Iterator[tuple[Product, Sink, dict[str, int]]]:
    """Run a collector and an engine that have loaded more than ``count`` signals of a table; give them, whom they tell, and their books."""
    ledger = Ledger()
    with http_sink() as desk:
        environment = {**ENVIRONMENT, **environment, "ANDON_TEST_WEBHOOK": desk.url}
        with running(Product(folder / "data", CATALOG, environment), "collect", "engine") as product:
            producer = Producer(product, ledger, table, 1, pause=0.01)
            producer.start()
            wait_until(lambda: len(ledger.acknowledged(table)) > count, PATIENCE_SECONDS, f"{table} are taken")
            producer.stop()
            books = wait_until(lambda: settled_books(product), PATIENCE_SECONDS, "all is loaded")
            orders = len(ledger.acknowledged("events"))
            wait_until(lambda: counts(product)["transactions"] >= orders, PATIENCE_SECONDS, "and correlated")
            yield product, desk, books


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROUNDS))
def test_lost_parts_are_told_within_a_minute_and_brought_back_as_far_as_the_journal_goes(tmp_path: Path, number: int):
    with loaded(tmp_path, "events", 300, ANDON_SEGMENT_MAX_BYTES="65536") as (product, desk, books):
        before = counts(product)
        # No more than these and the one below: what was told six times within ten minutes waits before it is told again.
        comes_back(product, desk, before, 1, lose(product, stopped=number % 2 == 1))
        comes_back(product, desk, before, 2, lose(product, stopped=True, ANDON_JOURNAL_KEEP_SECONDS="0"))
        status = product.ask("journal", "status")
        assert status.returncode == 0, status
        assert "all of it was restored" in status.stderr
        after = wait_until(lambda: settled_books(product), PATIENCE_SECONDS, "the books close again")
        assert (after["duplicates"], after["lost"]) == (books["duplicates"], 0)

        swept = "SELECT count() FROM swept_segments"
        wait_until(lambda: product.query(swept)[0][0], PATIENCE_SECONDS, "what is mended is not kept any longer")
        found_before, told_before = len(losses(product)), len(told(desk, "events"))

        def found_since() -> list[tuple[str, bool, int]]:
            return losses(product)[found_before:]

        lose(product, stopped=False)
        wait_until(lambda: {table for table, mended, _ in found_since() if mended} == set(TABLES), PATIENCE_SECONDS, "what can be is back")
        missing = sum(rows for table, _, rows in found_since() if table == "events")
        assert missing > 0
        wait_until(lambda: told(desk, "events")[told_before:] == ["opened"], PATIENCE_SECONDS, "it is told, and not resolved")
        status = product.ask("journal", "status")
        assert status.returncode == 1
        assert "not restored" in status.stderr
        lost = f"andon_store_lost_rows {float(missing)}"
        wait_until(lambda: lost in plain_http.get(f"{product.engine_url}/metrics").text, PATIENCE_SECONDS, "it is measured")


@pytest.mark.slow
def test_a_flipped_bit_is_found_named_and_brought_back(tmp_path: Path):
    with loaded(tmp_path, "spans", 200, ANDON_SCRUB_SECONDS="1") as (product, desk, _):
        before = counts(product)
        for file in [file for part in folders(product, "spans") for file in part.glob("data.*") if file.stat().st_size > MOSTLY_DATA_BYTES]:
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 1
            file.write_bytes(content)

        def told_of_it() -> list[str]:
            return [message["reason"] for message in desk.messages if message["stage"] == DAMAGE]

        wait_until(told_of_it, PATIENCE_SECONDS, "the damage is told")
        wait_until(lambda: set(losses(product)) == {("spans", True, 0)}, PATIENCE_SECONDS, "it is brought back")
        assert counts(product) == before
        wait_until(lambda: "resolved" in told_of_it(), PATIENCE_SECONDS, "it is over")
        assert "store_damage" in product.log("engine")
