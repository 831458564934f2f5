"""The newest signals of a source, and what a store made of its signals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from store.client import Store
from store.reads.preview import COLUMNS, asked, latest, milestones, signals

AT = datetime(2026, 3, 27, 14, 50, tzinfo=UTC)


def test_the_newest_signals_of_a_source_are_read_as_they_are_stored_and_can_be_stored_again(store: Store) -> None:
    count = 5
    events = {
        "slice": [1] * count,
        "source": ["shop", "shop", "shop", "other", "shop"],
        "received_at": [AT + timedelta(minutes=number) for number in range(4)] + [AT - timedelta(days=3)],
        "event_source": ["/shop"] * count,
        "id": [str(number) for number in range(count)],
        "type": ["x"] * count,
        "time": [AT] * count,
        "data": ['{"a": "é"}'] * count,
        "extensions": [{"plant": "DE07"}] * count,
    }
    store.insert("events", events)
    span = {"slice": [1], "source": ["shop"], "received_at": [AT], "name": ["book"], "span_id": ["1"], "attributes": [{"a": "b"}]}
    store.insert("spans", {**span, "attribute_types": [{"a": "array"}], "status": ["error"]})
    store.insert("logs", {"slice": [1], "source": ["shop"], "received_at": [AT], "body": ["said"], "log_id": ["1"]})

    found = {kind: latest(store.reader, kind=kind, source="shop", limit=2) for kind in COLUMNS}
    assert [row["id"] for row in found["event"]] == ["2", "1"]
    assert [len(found["span"]), len(found["log"])] == [1, 1]
    for kind, table in (("event", "events"), ("span", "spans"), ("log", "logs")):
        store.command(f"TRUNCATE TABLE {table}")
        store.insert(table, {name: [row[name] for row in found[kind]] for name in COLUMNS[kind]})
        assert latest(store.reader, kind=kind, source="shop", limit=2) == found[kind]
    assert [row["name"] for kind in COLUMNS for row in signals(store.reader, kind=kind)] == ["x", "x", "book", "said"]
    assert asked(store.reader, kind="event", expression="JSONExtract(data, 'a', 'String')") == {"/shop 1": "é", "/shop 2": "é"}


def test_a_source_that_sent_nothing_has_nothing(store: Store) -> None:
    assert latest(store.reader, kind="event", source="shop", limit=2) == signals(store.reader, kind="log") == milestones(store.reader) == []
