"""What each signal becomes by a catalog, or why it does not, by the engine's own statements."""

from __future__ import annotations

import json
from typing import Any

from andon.preview.given import Given
from andon.preview.outcome import Outcome, outcomes
from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.catalog.source import Source
from core.clock import SystemClock
from store.client import Store
from store.reads import preview

FLOW = Flow.model_validate(
    {
        "flow": "orders", "title": "Orders", "owner": "desk", "ends": ["booked"],
        "keys": {"order": {"strip_leading": "0"}, "delivery": {"relation": "many"}},
        "facts": {"amount": {"type": "decimal"}, "promised": {"type": "time"}, "customer": {}},
        "milestones": {
            "captured": {
                "system": "Shop", "match": {"event": "captured", "attributes": {"data.kind": ["web", "shop*"], "data.test": False}},
                "time": {"path": "data.at", "format": "DD.MM.YYYY hh:mm"},
                "keys": {"order": "data.id", "delivery": "data.items[].delivery"},
                "facts": {"amount": {"path": "data.total", "format": "1.234,56"}, "promised": "data.promised", "customer": "data.customer"},
            },
            "counted": {"system": "Shop", "match": {"event": "counted", "where": "data.n = '1'"}, "keys": {"order": "data.id"}},
            "refunded": {"system": "Shop", "match": {"event": "refunded"}, "keys": {"order": "data.id"}},
            "booked": {
                "system": "ERP", "match": {"span": "book", "service": "erp", "status": ["ok", "unset"]}, "keys": {"order": "attributes.id"},
            },
            "posted": {"system": "ERP", "match": {"log": r"INVOIC \d+"}, "keys": {"order": {"path": "body", "pattern": r"INVOIC (\d+)"}}},
        },
    }
)  # fmt: skip
CATALOG = Catalog(version="1", flows={"orders": FLOW})
GOOD = {"kind": "shop7", "id": "0815", "items": [{"delivery": "D1"}, {"delivery": "D2"}], "at": "27.02.2026 14:50", "total": "1.200,50"}
EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "good": ("captured", {**GOOD, "promised": "2026-03-30", "customer": "ACME"}),
    "odd": ("captured", {**GOOD, "promised": "soon", "total": "much", "at": "now", "items": [], "id": {"a": 1}}),
    "kind": ("captured", {**GOOD, "kind": "fax"}),
    "nokind": ("captured", {}),
    "test": ("captured", {**GOOD, "test": "1"}),
    "where": ("counted", {"id": "1", "n": 2}),
    "typo": ("capturd", GOOD),
}


def becomes(store: Store) -> dict[str, Outcome]:
    """Return what all signals of this module become, by id; given together, so that the catalog is compiled once."""
    given = Given(Source(source="shop", owner="it"), SystemClock())
    events = [
        {"specversion": "1.0", "id": id_, "source": "/s", "type": type_, "time": "2026-03-01T00:00:00Z", "data": data}
        for id_, (type_, data) in EVENTS.items()
    ]
    spans = [{"name": "book", "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "status": {"code": 2}}]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "erp"}}]}
    traces = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    logs = {
        "resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": text}} for text in ("INVOIC 4711 posted", "hello")]}]}]
    }
    bodies = [events, traces, logs, {"specversion": "1.0", "id": "bad"}]
    records = [record for body in bodies for record in given.records(json.dumps(body).encode())]
    found = outcomes(store, CATALOG, records=records, rows={})
    return {outcome.name if outcome.kind == "log" else outcome.signal_id.split()[-1]: outcome for outcome in found}


def test_each_signal_says_what_it_becomes_or_why_not(store: Store) -> None:
    found = becomes(store)
    (good,) = found["good"].milestones
    assert (good.flow, good.milestone, f"{good.at:%Y-%m-%d %H:%M}", good.time_suspect) == ("orders", "captured", "2026-02-27 14:50", False)
    assert (good.keys, good.lacking) == ([("order", "815"), ("delivery", "D1"), ("delivery", "D2")], {})
    assert good.facts == {"amount": "1200.50", "promised": "2026-03-30", "customer": "ACME"}
    (odd,) = found["odd"].milestones
    assert (odd.keys, odd.facts, odd.time_suspect) == ([], {}, True)
    assert odd.lacking == {
        "order": '{"a":1} is no identifier',
        "delivery": "nothing at data.items[].delivery",
        "customer": "nothing at data.customer",
        "amount": "'much' is no decimal",
        "promised": "'soon' is no time",
    }
    assert found["INVOIC 4711 posted"].milestones[0].keys == [("order", "4711")]
    reasons = {name: outcome.why_not for name, outcome in found.items() if outcome.why_not}
    assert reasons == {
        "kind": ["orders: captured: data.kind is 'fax', not 'web' or 'shop*'"],
        "nokind": ["orders: captured: data.kind is missing; wanted 'web' or 'shop*'"],
        "test": ["orders: captured: data.test is there: 1"],
        "where": ["orders: counted: 'where' does not hold: data.n = '1'"],
        "typo": ["no milestone matches the type 'capturd'; did you mean 'captured'?"],
        "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331": ["orders: booked: status is 'error', not 'ok' or 'unset'"],
        "hello": [r"orders: posted: 'INVOIC \d+' is not found in the body"],
        "bad_cloudevent": ["the attribute 'source' is missing or empty"],
    }


def test_what_a_store_has_is_matched_anew(store: Store) -> None:
    becomes(store)
    rows = {kind: preview.latest(store.reader, kind=kind, source="shop", limit=20) for kind in preview.TABLES}
    for table in (*preview.TABLES.values(), "milestone_events"):
        store.command(f"TRUNCATE TABLE {table}")
    again = outcomes(store, CATALOG, rows=rows)
    assert len(again) == 10
    assert sum(bool(outcome.milestones) for outcome in again) == 3


def test_data_that_is_text_says_that_no_path_finds_anything_in_it(store: Store) -> None:
    event = {"specversion": "1.0", "id": "text", "source": "/s", "type": "refunded", "data": "4711;ACME"}
    given = Given(Source(source="shop", owner="it"), SystemClock())
    (outcome,) = outcomes(store, CATALOG, records=given.records(json.dumps(event).encode()), rows={})
    (reached,) = outcome.milestones
    assert reached.lacking["order"] == "nothing at data.id: the data is text or bytes, not JSON; give the source its format"
