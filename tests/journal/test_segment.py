"""A segment being written: ids without a gap, whole transactions, closed for good, and a full disk told apart from a broken one."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.signal import Lane, Record, SignalKind
from journal.format import Stored, closing_checksum, parse_row
from journal.reader import is_closed, read_segment
from journal.segment import (
    STATEMENT_BYTES,
    STATEMENT_ROWS,
    Row,
    SegmentWriter,
    _portions,
    lock_folder,
    make_row,
    segment_bytes,
)

RECORDS = st.builds(
    Record,
    kind=st.sampled_from(SignalKind),
    source=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lane=st.just(Lane.STANDARD),
    received_at=st.integers(0, (1 << 62) - 1),
    count=st.integers(0, 1 << 40),
    body=st.binary(max_size=100),
    detail=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
)


def rows(count: int, size: int = 10) -> list[Row]:
    return [
        make_row(Record(SignalKind.EVENT, "shop", Lane.STANDARD, 5, 1, b"%010d" % number + bytes(size - 10))) for number in range(count)
    ]


def ids(path: Path) -> list[int]:
    return [stored.id for stored in read_segment(path, Lane.STANDARD, 0, 1 << 40) if stored.record]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "000000001.journal"


@given(RECORDS)
def test_a_row_is_read_back_as_the_record_it_was_made_of(record: Record) -> None:
    assert parse_row(Lane.STANDARD, (3, *make_row(record))) == Stored(3, record)


@given(st.lists(st.sampled_from([0, 1, 100, STATEMENT_BYTES // 2, STATEMENT_BYTES, STATEMENT_BYTES + 1]), max_size=3 * STATEMENT_ROWS))
def test_what_one_statement_writes_is_bounded_and_nothing_is_left_out(sizes: list[int]) -> None:
    whole = [("event", "shop", number, 1, "", bytes(size), 0) for number, size in enumerate(sizes)]
    portions = _portions(whole)
    assert [row for portion in portions for row in portion] == whole
    assert all(len(portion) <= STATEMENT_ROWS for portion in portions)
    assert all(len(portion) == 1 or sum(len(row[5]) for row in portion) <= STATEMENT_BYTES for portion in portions)


def test_ids_begin_at_one_and_rise_by_one_over_any_number_of_statements(path: Path) -> None:
    segment = SegmentWriter(path)
    assert [segment.append(rows(count)) for count in (1, STATEMENT_ROWS * 2 + 3, 2)] == [1, 2, STATEMENT_ROWS * 2 + 5]
    assert segment.last_id == STATEMENT_ROWS * 2 + 6
    assert ids(path) == list(range(1, segment.last_id + 1))
    segment.close(1)


def test_what_was_appended_is_read_by_others_at_once(path: Path) -> None:
    segment = SegmentWriter(path)
    assert ids(path) == []
    segment.append(rows(2))
    assert ids(path) == [1, 2]
    segment.append(rows(1))
    assert ids(path) == [1, 2, 3]
    segment.close(1)


def test_the_size_counts_bodies_details_and_what_a_row_takes_besides(path: Path) -> None:
    segment = SegmentWriter(path)
    assert segment.size == 0
    for _ in range(20):
        segment.append(rows(3, size=30_000))
    on_disk = segment_bytes(path)
    assert 20 * 3 * 30_000 < segment.size <= on_disk * 2
    segment.close(1)
    assert segment.size == pytest.approx(path.stat().st_size, rel=0.2), "a segment is rotated at about the size that was set"


@pytest.mark.parametrize(("error", "number"), [(apsw.FullError("database or disk is full"), errno.ENOSPC)])
def test_a_transaction_the_disk_does_not_take_leaves_none_of_its_records(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, number: int
) -> None:
    segment = SegmentWriter(path)
    segment.append(rows(2))
    insert, calls = segment._insert, iter(range(10))

    def full_at_the_second(part: Any) -> None:
        if next(calls) == 1:
            raise error
        insert(part)

    monkeypatch.setattr(segment, "_insert", full_at_the_second)
    with pytest.raises(OSError, match=str(path)) as caught:
        segment.append(rows(STATEMENT_ROWS + 1))
    assert caught.value.errno == number
    assert segment.last_id == 2
    assert ids(path) == [1, 2]
    segment.close(1)
    assert ids(path) == [1, 2]


def test_any_other_error_is_raised_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = SegmentWriter(path)

    def broken(_: object) -> None:
        raise apsw.CorruptError("database disk image is malformed")

    monkeypatch.setattr(segment, "_insert", broken)
    with pytest.raises(apsw.CorruptError):
        segment.append(rows(1))
    segment.close(1)


def test_a_segment_has_its_name_only_when_it_is_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", read_only)
        with pytest.raises(OSError, match="Read-only"):
            SegmentWriter(path)
    assert list(path.parent.iterdir()) == [], "nor is anything left of an attempt"
    path.with_suffix(".new").write_bytes(b"left by a process that was killed")
    SegmentWriter(path).close(1)
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".new"] == []


def test_a_folder_that_is_gone_is_told_as_the_system_says_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        SegmentWriter(tmp_path / "none" / "000000001.journal")


def test_closing_says_when_and_where_it_ends_and_leaves_one_file(path: Path) -> None:
    segment = SegmentWriter(path)
    segment.append(rows(3))
    assert not is_closed(path)
    segment.close(1_774_000_000_123)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.execute("SELECT * FROM closed").fetchall() == [(1_774_000_000_123, 3, closing_checksum(1_774_000_000_123, 3))]
    connection.close()
    assert is_closed(path)
    assert segment_bytes(path) == path.stat().st_size, "its WAL has no bytes any more"


def test_a_reader_at_work_does_not_keep_a_segment_from_being_closed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journal.segment.BUSY_MILLISECONDS", 1)
    segment = SegmentWriter(path)
    segment.append(rows(3))
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    reading = reader.execute("SELECT id FROM records")
    assert reading.fetchone() == (1,)
    segment.append(rows(1))  # the reader holds the state before it
    segment.close(1)
    reader.close(force=True)
    assert is_closed(path)
    assert ids(path) == [1, 2, 3, 4]


def test_bytes_on_disk_are_those_of_the_file_and_its_wal(path: Path) -> None:
    assert segment_bytes(path) == 0, "it has just been deleted"
    segment = SegmentWriter(path)
    segment.append(rows(3))
    wal = path.with_name(path.name + "-wal")
    assert segment_bytes(path) == path.stat().st_size + wal.stat().st_size > path.stat().st_size
    segment.close(1)


def test_a_folder_has_one_writer_until_it_lets_go(tmp_path: Path) -> None:
    folder = tmp_path / "journal" / "local"
    first = lock_folder(folder)
    assert first is not None
    assert (folder / "lock").stat().st_mode & 0o777 == 0o600
    assert lock_folder(folder) is None
    first.close()
    again = lock_folder(folder)
    assert again is not None
    again.close()
