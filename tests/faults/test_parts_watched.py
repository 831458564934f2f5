"""Merges, deletions, retention, truncation and cleaning-up beside each other, all the time looked at: none of it is a loss."""

from __future__ import annotations

import os
import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.condition import Conditions
from core.telemetry import Telemetry
from store.client import Store
from store.recovery.losses import Losses
from store.recovery.parts_ledger import PartsLedger

ROUNDS = int(os.environ.get("ANDON_ROUNDS", "20"))
WRITERS = 3
AT_TIMES = (
    "OPTIMIZE TABLE events FINAL",
    "OPTIMIZE TABLE open_clocks FINAL CLEANUP",
    "TRUNCATE TABLE open_clocks",
    "DELETE FROM transactions WHERE revision % 7 = 1",
    "DELETE FROM events WHERE 1",
)


def write(store: Store, chance: random.Random) -> None:
    """Insert what replaces, what expires and what is cleaned up, and now and then have one of them done."""
    for number in range(1, ROUNDS + 1):
        received = datetime.now(UTC) - timedelta(hours=chance.choice([0, 0, 23.999, 25]))
        store.insert("events", {"slice": [number], "id": [str(chance.randrange(100))], "received_at": [received]})
        store.insert("transactions", {"revision": [number], "transaction_id": [str(chance.randrange(50))]})
        store.insert("open_clocks", {"revision": [number], "transaction_id": [str(chance.randrange(50))], "gone": [chance.randrange(2)]})
        if chance.random() < 0.2:
            store.command(chance.choice(AT_TIMES))


@pytest.mark.timeout(900 + ROUNDS * 5)
def test_nothing_that_the_store_does_itself_is_a_loss(store: Store, tmp_path: Path):
    losses = Losses(store, PartsLedger(tmp_path / "parts.json", Path("/")), SystemClock(), Telemetry(), Conditions())
    store.command("ALTER TABLE events MODIFY TTL toDateTime(received_at) + toIntervalDay(1)", settings={"materialize_ttl_after_modify": 0})
    try:
        writers = [threading.Thread(target=write, args=(store, random.Random(seed))) for seed in range(WRITERS)]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            losses.look()
        losses.look()
    finally:
        for writer in writers:
            writer.join()
        store.command("ALTER TABLE events REMOVE TTL")
    assert losses.waiting() == []
