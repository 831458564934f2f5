"""The store that the benchmark of pages fills holds what the pages read; here with fewer transactions."""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.million import fill
from store.client import Store
from store.reads import incident_log, leadership

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
READ = {
    "clocks",
    "events",
    "incident_members",
    "incidents",
    "open_clocks",
    "spans",
    "transaction_events",
    "transaction_outcomes",
    "transactions",
}


def test_every_table_that_pages_read_is_filled(store: Store) -> None:
    filled = fill(store, 2_000, NOW)
    assert {name for name in READ if filled.get(name, 0) == 0} == set()
    assert filled["transactions"] >= 2_000
    assert len(incident_log.incidents(store.reader, now=NOW, limit=10)) == 10
    assert leadership.value_at_risk(store.reader, by="plant")["transactions"].sum() > 0
