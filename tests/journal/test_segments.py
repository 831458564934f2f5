"""What waits in a journal: found at once, counted from where it was read to, and costing nothing while nothing changes."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import FakeClock
from core.signal import Lane
from journal.segment import make_row
from journal.segments import STAMP_SECONDS, JournalReader, SegmentReader, Waiting
from tests.journal.segment_files import RECEIVED_AT, leave_as_killed, record, size_of, write

NOISE = b"noise" * 40_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "local" / "standard"


def noise(folder: Path) -> SegmentReader:
    folder.mkdir(parents=True)
    (folder / "000000001.journal").write_bytes(NOISE)
    return SegmentReader(folder / "000000001.journal", Lane.STANDARD)


def add_segment(folder: Path, number: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:09d}.journal"
    path.touch()
    return path


def read_to_the_end(segment: SegmentReader, after: int = 0) -> int:
    while found := segment.read(after, 1 << 30):
        after = found[-1].id
    return after


def test_a_segment_has_changed_until_it_is_read_to_the_end_and_again_with_every_commit(folder: Path) -> None:
    path, writer = write(folder, 7, close=False)
    segment = SegmentReader(path, Lane.STANDARD)
    assert segment.name == "local/standard/000000001"
    assert segment.changed()
    assert segment.read(0, 1)
    assert segment.changed(), "there is more than one slice"
    assert read_to_the_end(segment) == 7
    assert not segment.changed()
    writer.append([make_row(record(8, 10))])
    assert segment.changed()
    assert read_to_the_end(segment, 7) == 8
    assert not segment.changed()
    assert not segment.finished
    segment.close()
    writer.close(1)


def test_a_closed_segment_that_is_read_is_finished_for_good(folder: Path) -> None:
    path, _ = write(folder, 7)
    segment = SegmentReader(path, Lane.STANDARD)
    assert [stored.id for stored in segment.read(0, 1 << 30)] == list(range(1, 8))
    assert (segment.closed, segment.finished) == (True, False), "whether it was all is known only when nothing more comes"
    assert segment.read(7, 1) == []
    assert (segment.changed(), segment.finished) == (False, True)


def test_a_segment_that_was_finished_by_the_next_one_is_told_to_have_changed_first(folder: Path) -> None:
    path, writer = write(folder, 2, close=False)
    segment = SegmentReader(path, Lane.STANDARD)
    read_to_the_end(segment)
    writer.append([make_row(record(3, 10))])
    write(folder, 1, number=2)
    assert segment.changed()
    assert read_to_the_end(segment, 2) == 3
    assert segment.finished
    writer.close(1)


def test_what_cannot_be_read_may_always_hold_something(folder: Path) -> None:
    segment = noise(folder)
    assert segment.changed()
    assert [stored.damage for stored in segment.read(0, 1)] == ["nothing of the segment can be read"]
    assert segment.read(1, 1) == []
    assert segment.changed()


@pytest.mark.parametrize("after", [0, 3, 6, 7])
def test_what_waits_is_what_lies_behind_the_place_it_was_read_to(folder: Path, after: int) -> None:
    path, writer = write(folder, 7, close=False)
    left = range(after + 1, 8)
    oldest, newest = (RECEIVED_AT + left[0], RECEIVED_AT + 7) if left else (0, 0)
    expected = Waiting(len(left), 3 * len(left), sum(map(size_of, left)), oldest, newest)
    assert SegmentReader(path, Lane.STANDARD).waiting(after) == expected
    assert SegmentReader(path, Lane.STANDARD).holds(after) == bool(left)
    writer.close(1)


def test_a_file_that_cannot_be_read_counts_nothing_and_ended_when_it_was_last_written(folder: Path) -> None:
    segment = noise(folder)
    os.utime(segment.path, ns=(0, 1_774_000_000_123_456_789))
    assert segment.waiting(0) == Waiting()
    assert segment.holds(7)
    assert segment.received() is None
    assert segment.ended_at() == 1_774_000_000_123


def test_a_segment_ended_when_it_was_closed_or_else_with_its_last_record(folder: Path, tmp_path: Path) -> None:
    path, writer = write(folder, 7, close=False)
    killed = leave_as_killed(path, writer, tmp_path / "killed" / "standard")
    assert SegmentReader(path, Lane.STANDARD).ended_at() == 1
    assert SegmentReader(killed, Lane.STANDARD).ended_at() == RECEIVED_AT + 7
    for one in (path, killed):
        assert SegmentReader(one, Lane.STANDARD).received() == (RECEIVED_AT + 1, RECEIVED_AT + 7)


def test_a_segment_without_a_record_was_received_at_no_time(folder: Path) -> None:
    path, _ = write(folder, 0)
    assert SegmentReader(path, Lane.STANDARD).received() is None
    assert SegmentReader(path, Lane.STANDARD).waiting(0) == Waiting()


def test_segments_are_listed_oldest_first_per_collector_and_keep_what_was_read_of_them(folder: Path) -> None:
    journal = JournalReader(folder.parents[1], FakeClock())
    assert journal.of(Lane.STANDARD) == [], "the folder is not there yet"
    second, other = add_segment(folder, 2), add_segment(folder.parents[1] / "edge" / "standard", 5)
    add_segment(folder.parent / "bulk", 1)
    before = journal.of(Lane.STANDARD)
    assert [segment.path for segment in before] == [other, second]
    first, third = add_segment(folder, 1), add_segment(folder, 3)
    after = journal.of(Lane.STANDARD)
    assert [segment.path for segment in after] == [other, first, second, third]
    assert (after[0], after[2]) == (before[0], before[1])
    second.unlink()
    assert [segment.path for segment in journal.of(Lane.STANDARD)] == [other, first, third]
    journal.close()


def test_a_segment_that_is_made_in_the_tick_of_the_one_before_is_found(folder: Path) -> None:
    """File systems stamp a folder with a clock that ticks every 4 ms, on some only every two seconds."""
    clock = FakeClock()
    journal = JournalReader(folder.parents[1], clock)
    first = add_segment(folder, 1)
    stamp = folder.stat().st_mtime_ns
    assert [segment.path for segment in journal.of(Lane.STANDARD)] == [first]
    second = add_segment(folder, 2)
    os.utime(folder, ns=(stamp, stamp))
    clock.advance(timedelta(hours=1))
    assert [segment.path for segment in journal.of(Lane.STANDARD)] == [first, second]
    journal.close()


def test_a_folder_that_does_not_change_is_not_listed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    journal = JournalReader(folder.parents[1], clock)
    first = add_segment(folder, 1)
    journal.of(Lane.STANDARD)
    clock.advance(timedelta(seconds=STAMP_SECONDS))
    known = journal.of(Lane.STANDARD)
    monkeypatch.setattr("journal.segments.segments", lambda *_: pytest.fail("listed again"))
    assert journal.of(Lane.STANDARD) == known
    assert [segment.path for segment in known] == [first]
    journal.close()


def test_of_each_collector_the_first_segment_with_something_new_is_read_before_those_that_follow(folder: Path) -> None:
    (one, _), (two, writer) = write(folder, 2), write(folder, 2, number=2, close=False)
    (other, _) = write(folder.parents[1] / "edge" / "standard", 2)
    journal = JournalReader(folder.parents[1], FakeClock())

    def readable() -> list[Path]:
        return [segment.path for segment in journal.readable(Lane.STANDARD)]

    assert readable() == [other, one]
    for segment in journal.readable(Lane.STANDARD):
        read_to_the_end(segment)
    assert readable() == [two]
    for segment in journal.readable(Lane.STANDARD):
        read_to_the_end(segment)
    assert readable() == []
    writer.append([make_row(record(3, 10))])
    assert readable() == [two]
    journal.close()
    assert readable() == [two], "what is closed opens again"
    journal.close()
    writer.close(1)
