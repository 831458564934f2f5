"""What events hold is known by key: at once, after the next write of positions to others, and after a crash from the events themselves."""

from __future__ import annotations

import pytest

from core.signal import Record, SignalKind
from store.client import Store
from store.loading.event_contents import EventContents, content_hash, key_hash, key_of
from store.loading.slice import DECODED_MAX, SliceWriter
from tests.store.journals import event


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
    assert key_of(Record(record.kind, record.source, record.lane, record.received_at, 1, body)) == key


def test_a_key_that_no_text_can_hold_has_a_hash() -> None:
    assert key_hash("/shop", "\ud800") != key_hash("/shop", "")


def test_hashes_are_those_of_the_store_both_ways(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [event("1", {"name": "Grüße"}, subject="ü"), event("Ω 2", [1.5])]
    SliceWriter(store).write(records, 1)
    decoded = EventContents(store)
    assert decoded.note(records, 1) == set()
    decoded.write()
    monkeypatch.setitem(DECODED_MAX, SignalKind.EVENT, 0)
    SliceWriter(store).write(records, 2)
    found = store.rows("SELECT key, content, groupArray(slice) AS slices FROM (SELECT * FROM event_contents ORDER BY slice) GROUP BY ALL")
    assert {(row["key"], row["content"]) for row in found} == {
        (key_hash(*key_of(record)), int.from_bytes(bytes.fromhex(content_hash(record.body))[:8], "little")) for record in records
    }
    assert all({1, 2} == set(row["slices"]) for row in found), "each way has noted each of them"
    hashes = {row["hash"] for row in store.rows("SELECT content_hash AS hash FROM events")}
    assert hashes == {content_hash(record.body) for record in records}


def test_what_is_not_written_yet_is_known(store: Store) -> None:
    contents = EventContents(store)
    first, other = event("1", "first"), event("1", "other")
    assert contents.note([first], 1) == set()
    assert contents.note([first, event("2")], 2) == set()
    assert contents.note([other], 3) == {key_hash("/shop", "1")}
    assert store.rows("SELECT count() AS n FROM event_contents") == [{"n": 0}]
    contents.write()
    contents.write()
    assert store.rows("SELECT slice FROM event_contents ORDER BY slice") == [{"slice": 1}, {"slice": 2}, {"slice": 3}], "each once"
    assert EventContents(store).note([event("1", "third")], 4) == {key_hash("/shop", "1")}


def test_after_a_crash_it_is_taken_from_the_events(store: Store) -> None:
    store.insert("loaded_segments", {"segment": ["s"], "lane": ["bulk"], "position": [1], "slice": [4]})
    for slice_, id_ in ((4, "noted"), (5, "lost")):
        SliceWriter(store).write([event(id_, "first")], slice_)
    again = [event("noted", "second"), event("lost", "second")]
    assert EventContents(store).note(again, 6) == {key_hash("/shop", "lost")}
