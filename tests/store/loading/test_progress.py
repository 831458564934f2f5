"""How far each segment is loaded: added up, in the store once a few slices are in, and in the books once the segment is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import FakeClock
from core.config import Settings
from core.errors import NoRoom
from core.signal import Lane, Record, SignalKind
from journal.segments import SegmentReader
from store.client import Store
from store.loading.progress import MOVES, SIGNALS_TOGETHER, Progress, ProgressTable
from tests.store.journals import NOW, event, write_segment


@pytest.fixture
def segment(tmp_path: Path) -> SegmentReader:
    return SegmentReader(write_segment(Settings(data=tmp_path), [event("1"), event("2")], closed_at=1), Lane.CRITICAL)


def request(count: int) -> Record:
    return Record(SignalKind.TRACES, "gateway", Lane.CRITICAL, event("1").received_at, count, b"")


def test_counts_of_slices_add_up_and_outlive_the_engine(store: Store, segment: SegmentReader) -> None:
    table = ProgressTable(store, FakeClock(NOW))
    assert table.of(segment) == Progress(Lane.CRITICAL)
    refused = event("x")
    assert table.advance(segment, 4, 10, [event("1"), refused, request(5)], 1, [refused]) == {"event": 2, "traces": 5}
    table.advance(segment, 5, 11, [event("2")], 0, [])
    expected = Progress(Lane.CRITICAL, 5, 5, {"event": 3, "traces": 5}, 1, 1, 1)
    assert table.of(segment) == expected
    assert ProgressTable(store, FakeClock(NOW)).of(segment) == Progress(Lane.CRITICAL), "in memory only"
    table.write()
    assert ProgressTable(store, FakeClock(NOW)).of(segment) == expected
    counted = store.rows("SELECT kind, sum(signals) AS n FROM source_hours GROUP BY kind ORDER BY kind")
    assert counted == [{"kind": "events", "n": 2}, {"kind": "spans", "n": 5}], "what was refused is not counted by hour"
    table.write()
    assert store.rows("SELECT sum(signals) AS n FROM source_hours") == [{"n": 7}]


def test_positions_are_due_after_some_slices_or_many_signals(store: Store, segment: SegmentReader) -> None:
    table = ProgressTable(store, FakeClock(NOW))
    for number in range(1, MOVES):
        table.advance(segment, number, number, [event("1")], 0, [])
    assert not table.is_due
    table.advance(segment, MOVES, MOVES, [event("1")], 0, [])
    assert table.is_due
    table.write()
    assert not table.is_due
    table.advance(segment, MOVES + 1, MOVES + 1, [request(SIGNALS_TOGETHER)], 0, [])
    assert table.is_due


def test_a_position_that_the_store_does_not_take_is_written_the_next_time(
    store: Store, segment: SegmentReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ProgressTable(store, FakeClock(NOW))
    table.advance(segment, 1, 10, [event("1")], 0, [])
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise NoRoom("full")

        patch.setattr(Store, "put", full)
        with pytest.raises(NoRoom):
            table.write()
    table.advance(segment, 2, 12, [event("2")], 0, [])
    table.write()
    assert ProgressTable(store, FakeClock(NOW)).of(segment).signals == {"event": 2}
    assert store.rows("SELECT sum(signals) AS n FROM source_hours") == [{"n": 2}]


def test_what_the_store_lost_is_written_again_from_memory_and_from_the_books(store: Store, segment: SegmentReader, tmp_path: Path) -> None:
    other = SegmentReader(write_segment(Settings(data=tmp_path), [event("3")], 2), Lane.CRITICAL)
    table = ProgressTable(store, FakeClock(NOW))
    table.advance(segment, 2, 10, [event("1"), event("2")], 0, [])
    table.sweep(segment)
    later = ProgressTable(store, FakeClock(NOW))
    later.advance(other, 1, 11, [event("3")], 0, [])
    store.command("TRUNCATE TABLE loaded_segments")
    later._known = {other.name: later.of(other)}
    later.write_again()
    found = ProgressTable(store, FakeClock(NOW))
    assert (found.of(other).position, found.of(segment).position, found.of(segment).signals) == (1, 2, {"event": 2})


def test_a_segment_that_is_deleted_leaves_its_counts_and_moments_in_the_books(store: Store, segment: SegmentReader) -> None:
    table = ProgressTable(store, FakeClock(NOW))
    table.advance(segment, 2, 10, [event("1"), event("2")], 0, [])
    table.sweep(segment)
    (row,) = store.rows("SELECT segment, records, signals, toUnixTimestamp64Milli(first_at) AS first FROM swept_segments")
    assert (row["segment"], row["records"], row["signals"]) == ("local/critical/000000001", 2, {"event": 2})
    assert row["first"] == event("1").received_at
