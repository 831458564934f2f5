"""What the command line finds out about an incident, over a real store."""

from __future__ import annotations

from datetime import timedelta

from andon.client.findings import findings
from core.catalog.catalog import Catalog
from core.catalog.load import load_catalog
from core.clock import FakeClock
from store.catalogs import StoredCatalogs
from store.client import Store
from store.reads import incident_log
from tests.dashboard.synthetic import SHIPPED
from tests.store.rows import HOUR, START, clock, incident, put, transaction

ID = "ab" * 16
MINUTE = timedelta(minutes=1)


def test_what_there_is_to_find_out_is_told_before_its_history(store: Store) -> None:
    flow = "order-to-cash"
    StoredCatalogs(store, FakeClock(START - 9 * HOUR)).taken(Catalog())  # the first is no change
    StoredCatalogs(store, FakeClock(START - HOUR)).taken(load_catalog(SHIPPED).catalog)
    incident(store, ID, flow=flow, opened_at=START)
    for number in range(30):
        name, inside = f"{int((START - number * MINUTE).timestamp() * 1000):012x}{number:020x}", number < 10
        facts = {"plant": "US02" if inside else "DE07", "customer": "ACME"}
        transaction(store, name, flow=flow, stage="mapped" if inside else "invoiced", facts=facts, started_at=START)
        if inside:
            put(store, "incident_members", incident_id=ID, flow=flow, transaction_id=name, sla="book-in-time", joined_at=START)
        put(store, "milestone_events", slice=1, flow=flow, milestone="dequeued", event_id=str(number), event_time=START - number * MINUTE)
    clock(store, name, "running", "book-in-time", flow=flow, due_at=START + 2 * HOUR)
    transaction(store, name, flow=flow, stage="mapped", reference="4711")
    over = {"status": "resolved", "resolved_at": START - 5 * HOUR, "opened_at": START - 9 * HOUR}
    incident(store, "cd" * 16, flow=flow, **over)
    put(store, "actions", at=START - HOUR, actor="Ana", action="note", target="cd" * 16, detail="restarted the connector")
    row = incident_log.incident(store.reader, incident_id=ID)
    assert row is not None
    lines = list(findings(store.reader, row, START + HOUR))
    assert lines == [
        "All 10 stand at Mapped",
        "Nothing has reached Taken from the queue since 2026-03-02 08:00:00 UTC, 1 hour ago; usually one every minute",
        "next: 1 order due within a day, not yet warned of",
        f"  {name}, due 2026-03-02 10:00:00 UTC, €100",
        "Plant US02: 10 of 10 affected, 0 of 20 others: only here",
        f"before it, 2026-03-02 07:00:00 UTC: catalog {load_catalog(SHIPPED).catalog.version} came into force",
        "like cdcdcdcd, 2026-03-01 23:00:00 UTC to 2026-03-02 03:00:00 UTC; Ana: restarted the connector",
    ]


def test_without_a_catalog_there_is_nothing_to_find_out(store: Store) -> None:
    incident(store, ID)
    row = incident_log.incident(store.reader, incident_id=ID)
    assert row is not None
    assert list(findings(store.reader, row, START)) == []
