"""Events that repeat a key: the first content is kept, every other one goes to quarantine, and the same one is no news."""

from __future__ import annotations

import pytest

from core.signal import Record, SignalKind
from core.telemetry import M, Telemetry
from store.client import Store
from store.loading.conflicts import quarantine_conflicts
from store.loading.event_contents import EventContents
from store.loading.slice import DECODED_MAX, SliceWriter
from tests.store.journals import event


@pytest.fixture(autouse=True, params=["small", "large"])
def _most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slice's events be decoded here, or by the store."""
    monkeypatch.setitem(DECODED_MAX, SignalKind.EVENT, 200 if request.param == "small" else 0)


def load(store: Store, slice_: int, *records: Record) -> None:
    assert SliceWriter(store).write(records, slice_) == []


def quarantined(store: Store) -> list[str]:
    rows = store.rows("SELECT body FROM quarantine FINAL WHERE reason = 'key_conflict' ORDER BY body")
    return [row["body"].decode() if isinstance(row["body"], bytes) else str(row["body"]) for row in rows]


def test_nothing_repeats_in_what_is_new(store: Store) -> None:
    telemetry, contents = Telemetry(), EventContents(store)
    assert quarantine_conflicts(store, contents, telemetry, [], 1) == 0
    records = [event("1", "a"), event("2", "a")]
    load(store, 1, *records)
    assert quarantine_conflicts(store, contents, telemetry, records, 1) == 0
    assert quarantined(store) == []


def test_another_content_goes_to_quarantine_and_the_same_does_not_however_often(store: Store) -> None:
    telemetry, contents = Telemetry(), EventContents(store)
    load(store, 1, event("1", "first"))
    records = [event("1", "first"), event("1", "second"), event("1", "third"), event("1", "second"), event("2", "other")]
    load(store, 2, *records)
    for _ in range(2):  # a slice may be loaded again after a crash
        assert quarantine_conflicts(store, contents, telemetry, records, 2) == 2
    assert [text for text in quarantined(store) if "second" in text or "third" in text] == quarantined(store)
    assert len(quarantined(store)) == 2
    assert [row["data"] for row in store.rows("SELECT data FROM events FINAL ORDER BY id")] == ['"first"', '"other"']
    assert telemetry.value(M.QUARANTINED, reason="key_conflict") == 4


def test_of_one_slice_the_first_content_is_kept(store: Store) -> None:
    records = [event("1", "first"), event("1", "second")]
    load(store, 1, *records)
    assert quarantine_conflicts(store, EventContents(store), Telemetry(), records, 1) == 1
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
    quarantine_conflicts(store, EventContents(store), Telemetry(), records, 2)
    assert [row["event_id"] for row in store.rows("SELECT event_id FROM milestone_events")] == ["y"]


def test_a_document_that_is_sent_again_in_another_file_is_the_same(store: Store) -> None:
    """Partners give what they send again another name. It says the same, and nobody has to look at it."""
    load(store, 1, event("1", "first", file="a.edi"), event("2", "first"))
    records = [
        event("1", "first", file="ä.edi"),
        event("1", "second", file="a.edi"),
        event("2", "first", file="a.edi"),
    ]
    load(store, 2, *records)

    assert quarantine_conflicts(store, EventContents(store), Telemetry(), records, 2) == 1
    assert not [text for text in quarantined(store) if "ä.edi" in text]
    assert [row["file"] for row in store.rows("SELECT extensions['file'] AS file FROM events FINAL ORDER BY id")] == ["a.edi", ""]


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({"partition": "0", "offset": "7"}, {"partition": "3", "offset": "1"}),
        ({"sequence": "7"}, {"sequence": "8"}),
        ({"topic": "line/7"}, {"topic": "line/7", "retained": "true"}),
    ],
)
def test_how_an_event_was_delivered_is_not_what_it_says(store: Store, first: dict[str, str], again: dict[str, str]) -> None:
    load(store, 1, event("1", "first", **first))
    records = [event("1", "first", **again), event("1", "second", **again), event("1", "first", **again, step="done")]
    load(store, 2, *records)
    assert quarantine_conflicts(store, EventContents(store), Telemetry(), records, 2) == 2
    assert all("second" in text or "done" in text for text in quarantined(store))


def test_of_a_document_in_two_files_the_milestones_of_the_first_are_kept(store: Store) -> None:
    load(store, 1, event("1", "first", file="a.edi"))
    records = [event("1", "first", file="b.edi")]
    load(store, 2, *records)
    rows = store.rows("SELECT content_hash AS hash FROM events ORDER BY slice")
    given = {"slice": [1, 2], "flow": ["f", "f"], "milestone": ["m", "m"], "event_id": ["x", "y"], "signal": ["event", "event"]}
    store.insert("milestone_events", {**given, "signal_id": ["/shop 1", "/shop 1"], "content_hash": [row["hash"] for row in rows]})
    assert quarantine_conflicts(store, EventContents(store), Telemetry(), records, 2) == 0
    assert [row["event_id"] for row in store.rows("SELECT event_id FROM milestone_events")] == ["x"]
