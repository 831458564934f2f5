"""How far each segment is loaded: added up, on disk before it counts, and in the books once the segment is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import FakeClock
from core.config import Settings
from core.errors import NoRoom
from core.signal import Lane
from journal.segments import SegmentReader
from store.client import Store
from store.progress import Progress, ProgressTable
from tests.store.journals import NOW, event, write_segment


@pytest.fixture
def segment(tmp_path: Path) -> SegmentReader:
    return SegmentReader(write_segment(Settings(data=tmp_path), [event("1"), event("2")], closed_at=1), Lane.CRITICAL)


def test_counts_of_slices_add_up_and_outlive_the_engine(store: Store, segment: SegmentReader) -> None:
    table = ProgressTable(store, FakeClock(NOW))
    assert table.of(segment) == Progress(Lane.CRITICAL)
    table.advance(segment, 3, 10, {"event": 2, "traces": 5}, 3, 1, [event("x")])
    table.advance(segment, 5, 11, {"event": 1}, 2, 0, [])
    expected = Progress(Lane.CRITICAL, 5, 5, {"event": 3, "traces": 5}, 1, 1, 1)
    assert table.of(segment) == expected
    assert ProgressTable(store, FakeClock(NOW)).of(segment) == expected


def test_a_position_that_the_store_does_not_take_does_not_count(
    store: Store, segment: SegmentReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ProgressTable(store, FakeClock(NOW))
    table.advance(segment, 1, 10, {"event": 1}, 1, 0, [])
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise NoRoom("full")

        patch.setattr(Store, "put", full)
        with pytest.raises(NoRoom):
            table.advance(segment, 2, 11, {"event": 1}, 1, 0, [])
    assert table.of(segment).position == 1
    table.advance(segment, 2, 12, {"event": 1}, 1, 0, [])
    assert table.of(segment).signals == {"event": 2}


def test_what_the_store_lost_is_written_again_from_memory_and_from_the_books(store: Store, segment: SegmentReader, tmp_path: Path) -> None:
    other = SegmentReader(write_segment(Settings(data=tmp_path), [event("3")], 2), Lane.CRITICAL)
    table = ProgressTable(store, FakeClock(NOW))
    table.advance(segment, 2, 10, {"event": 2}, 2, 0, [])
    table.sweep(segment)
    later = ProgressTable(store, FakeClock(NOW))
    later.advance(other, 1, 11, {"event": 1}, 1, 0, [])
    store.command("TRUNCATE TABLE loaded_segments")
    later._known = {other.name: later.of(other)}
    later.write_again()
    found = ProgressTable(store, FakeClock(NOW))
    assert (found.of(other).position, found.of(segment).position, found.of(segment).signals) == (1, 2, {"event": 2})


def test_a_segment_that_is_deleted_leaves_its_counts_and_moments_in_the_books(store: Store, segment: SegmentReader) -> None:
    table = ProgressTable(store, FakeClock(NOW))
    table.advance(segment, 2, 10, {"event": 2}, 2, 0, [])
    table.sweep(segment)
    (row,) = store.rows("SELECT segment, records, signals, toUnixTimestamp64Milli(first_at) AS first FROM swept_segments")
    assert (row["segment"], row["records"], row["signals"]) == ("local/critical/000000001", 2, {"event": 2})
    assert row["first"] == event("1").received_at
