"""Events that repeat a key: the first content is kept, every other one goes to quarantine, and the same one is no news."""

from __future__ import annotations

import pytest

from core.signal import Record
from core.telemetry import M, Telemetry
from store.client import Store
from store.conflicts import _key, quarantine_conflicts
from store.framing import LANDINGS, frame, insert_settings
from tests.store.journals import event


def load(store: Store, slice_: int, *records: Record) -> None:
    kind = records[0].kind
    store.insert_raw(LANDINGS[kind].table, frame(records[::-1], slice_), "Protobuf", insert_settings(kind))


def quarantined(store: Store) -> list[str]:
    rows = store.rows("SELECT body FROM quarantine FINAL WHERE reason = 'key_conflict' ORDER BY body")
    return [row["body"].decode() if isinstance(row["body"], bytes) else str(row["body"]) for row in rows]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"source": "/shop", "id": "1"}', ("/shop", "1")),
        (b'{"source": "/shop", "id": 7}', ("/shop", "7")),
        (b'{"source": "/shop"}', ("", "")),
        (b"[]", ("", "")),
        (b"7", ("", "")),
        (b"\xff", ("", "")),
        (b"", ("", "")),
    ],
)
def test_the_key_of_an_event_is_its_source_and_id(body: bytes, key: tuple[str, str]) -> None:
    record = event("x")
    assert _key(Record(record.kind, record.source, record.lane, record.received_at, 1, body)) == key


def test_nothing_repeats_in_what_is_new(store: Store) -> None:
    telemetry = Telemetry()
    assert quarantine_conflicts(store, telemetry, [], 1) == 0
    records = [event("1", "a"), event("2", "a")]
    load(store, 1, *records)
    assert quarantine_conflicts(store, telemetry, records, 1) == 0
    assert quarantined(store) == []


def test_another_content_goes_to_quarantine_and_the_same_does_not_however_often(store: Store) -> None:
    telemetry = Telemetry()
    load(store, 1, event("1", "first"))
    records = [event("1", "first"), event("1", "second"), event("1", "third"), event("1", "second"), event("2", "other")]
    load(store, 2, *records)
    for _ in range(2):  # a slice may be loaded again after a crash
        assert quarantine_conflicts(store, telemetry, records, 2) == 2
    assert [text for text in quarantined(store) if "second" in text or "third" in text] == quarantined(store)
    assert len(quarantined(store)) == 2
    assert [row["data"] for row in store.rows("SELECT data FROM events FINAL ORDER BY id")] == ['"first"', '"other"']
    assert telemetry.value(M.QUARANTINED, reason="key_conflict") == 4


def test_of_one_slice_the_first_content_is_kept(store: Store) -> None:
    records = [event("1", "first"), event("1", "second")]
    load(store, 1, *records)
    assert quarantine_conflicts(store, Telemetry(), records, 1) == 1
    assert [row["data"] for row in store.rows("SELECT data FROM events FINAL")] == ['"first"']
    (text,) = quarantined(store)
    assert "second" in text


def test_what_is_no_milestone_any_more_is_forgotten(store: Store) -> None:
    load(store, 1, event("1", "first"))
    records = [event("1", "second")]
    load(store, 2, *records)
    (row,) = store.rows("SELECT content_hash AS hash FROM events WHERE slice = 2")
    given = {"slice": [2, 2], "flow": ["f", "f"], "milestone": ["m", "m"], "event_id": ["x", "y"], "signal": ["event", "event"]}
    store.insert("milestone_events", {**given, "signal_id": ["/shop 1", "/shop 1"], "content_hash": [row["hash"], "another"]})
    quarantine_conflicts(store, Telemetry(), records, 2)
    assert [row["event_id"] for row in store.rows("SELECT event_id FROM milestone_events")] == ["y"]
