"""The real stages in virtual time: every deadline on the way is met at its moment, and nothing leaves the process."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from andon.rehearsal.rehearsal import rehearsing
from core.signal import SignalKind
from store.client import Store
from tests.andon.shop import START, catalog

CAPTURED = {
    "specversion": "1.0",
    "id": "1",
    "source": "/shop",
    "type": "shop.captured",
    "time": START.isoformat(),
    "data": {"order": "4711", "amount": 1},
}


def test_an_hour_passes_at_once_and_each_deadline_of_it_at_its_moment(store: Store, tmp_path: Path) -> None:
    with rehearsing(tmp_path / "data", store, catalog(tmp_path / "catalog"), START) as rehearsal:
        rehearsal.send(SignalKind.EVENT, [json.dumps(CAPTURED).encode()])
        rehearsal.advance(START + timedelta(hours=1))
    decided = store.rows("SELECT verdict, decided_at FROM verdicts FINAL ORDER BY version")
    assert [(row["verdict"], row["decided_at"].replace(tzinfo=START.tzinfo) - START) for row in decided] == [
        ("running", timedelta(0)),
        ("at_risk", timedelta(minutes=7, seconds=30)),
        ("breached", timedelta(minutes=15)),
    ]
    assert store.rows("SELECT count() AS n FROM deliveries FINAL")[0]["n"] >= 1
    assert store.rows("SELECT count() AS n FROM delivery_attempts FINAL") == [{"n": 0}]
