"""Reading a segment: in order, in slices, while it is written; and every id that is missing is reported once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from core.signal import Lane
from journal.format import closing_checksum
from journal.reader import is_closed, read_segment
from journal.segment import SegmentWriter, make_row
from tests.journal.segment_files import leave_as_killed, read_all, record, size_of, write

SALVAGED = "the segment is damaged and the record could not be salvaged"


def change(path: Path, *statements: str) -> None:
    """Damage a closed segment with SQL, as no process of ours ever does."""
    connection = apsw.Connection(str(path))
    for statement in statements:
        connection.execute(statement)
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()


def damages(path: Path, after: int = 0) -> dict[int, str]:
    return {stored.id: stored.damage for stored in read_segment(path, Lane.STANDARD, after, 1 << 30) if stored.record is None}


def test_an_intact_segment_is_read_whole_in_slices(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a" / "standard", 60)
    intact, lost = read_all(path)
    assert intact == {number: record(number, size_of(number)) for number in range(1, 61)}
    assert not lost
    assert is_closed(path)


@pytest.mark.parametrize("damage", [None, "UPDATE records SET body = x'00' WHERE id = 3", "UPDATE closed SET last_id = 99"])
def test_slices_of_any_size_are_the_whole_and_each_has_a_record(tmp_path: Path, damage: str | None) -> None:
    path, _ = write(tmp_path / "standard", 12)
    if damage:
        change(path, damage)
    whole = list(read_segment(path, Lane.STANDARD, 0, 1 << 30))
    for max_bytes in (1, 5_000, 40_000):
        found, after = [], 0
        while part := list(read_segment(path, Lane.STANDARD, after, max_bytes)):
            assert sum(len(one.record.body) for one in part[:-1] if one.record) < max_bytes
            found += part
            after = part[-1].id
        assert found == whole


def test_a_file_that_is_not_there_is_an_error_not_damage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(read_segment(tmp_path / "000000001.journal", Lane.STANDARD, 0, 1))


def test_a_record_whose_checksum_does_not_fit_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "standard", 12)
    change(path, "UPDATE records SET count = 4 WHERE id = 2", "UPDATE records SET kind = 'profiles' WHERE id = 7")
    assert damages(path) == dict.fromkeys((2, 7), "the checksum does not match")
    assert read_all(path)[0].keys() == set(range(1, 13)) - {2, 7}


@pytest.mark.parametrize(
    ("gone", "lost"),
    [("id = 5", {5}), ("id < 3", {1, 2}), ("id > 10", {11, 12}), ("id IN (1, 6, 12)", {1, 6, 12}), ("true", set(range(1, 13)))],
)
def test_a_gap_in_the_ids_is_a_loss_wherever_it_is(tmp_path: Path, gone: str, lost: set[int]) -> None:
    path, _ = write(tmp_path / "standard", 12)
    change(path, "PRAGMA secure_delete = on", f"DELETE FROM records WHERE {gone}", "VACUUM")
    assert damages(path) == dict.fromkeys(lost, SALVAGED)
    assert read_all(path) == ({number: record(number, size_of(number)) for number in range(1, 13) if number not in lost}, lost)


def test_what_a_table_lost_is_salvaged_where_its_pages_still_hold_it(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "standard", 12)
    change(path, "PRAGMA secure_delete = off", "DELETE FROM records WHERE id = 7")
    assert read_all(path)[1] <= {7}
    assert read_all(path)[0].keys() >= set(range(1, 13)) - {7}


def test_an_end_that_is_not_credible_is_not_believed(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "standard", 6)
    change(path, "UPDATE closed SET last_id = 1000000")
    assert read_all(path) == ({number: record(number, size_of(number)) for number in range(1, 7)}, set())
    change(path, f"UPDATE closed SET last_id = 8, checksum = {closing_checksum(1, 8)}")
    assert read_all(path)[1] == {7, 8}


def test_a_segment_of_which_nothing_is_left_is_one_damage_and_only_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "standard" / "000000001.journal"
    path.parent.mkdir()
    path.write_bytes(b"noise" * 40_000)
    assert damages(path) == {1: "nothing of the segment can be read"}
    assert list(read_segment(path, Lane.STANDARD, 1, 1)) == []


def test_a_reader_of_a_growing_segment_sees_each_commit(tmp_path: Path) -> None:
    path, segment = write(tmp_path / "standard", 7, close=False)
    assert read_all(path)[0].keys() == set(range(1, 8))
    assert not is_closed(path)
    segment.append([make_row(record(8, 100))])
    assert read_all(path)[0].keys() == set(range(1, 9))
    segment.close(1)


def test_a_segment_that_is_just_being_made_is_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "standard" / "000000001.journal"
    path.parent.mkdir()
    path.touch()
    assert read_all(path) == ({}, set())
    SegmentWriter(path).close(1)
    assert read_all(path) == ({}, set())


def test_a_segment_of_a_killed_collector_is_read_to_its_last_commit(tmp_path: Path) -> None:
    path, segment = write(tmp_path / "live" / "standard", 12, close=False)
    killed = leave_as_killed(path, segment, tmp_path / "killed" / "standard")
    assert read_all(killed) == ({number: record(number, size_of(number)) for number in range(1, 13)}, set())


def test_a_file_somebody_has_to_himself_is_busy_and_not_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journal.reader.BUSY_MILLISECONDS", 1)
    path, _ = write(tmp_path / "standard", 3)
    other = apsw.Connection(str(path))
    other.pragma("locking_mode", "exclusive")
    other.execute("INSERT INTO closed VALUES (2, 3, 0)")
    with pytest.raises(apsw.BusyError):
        list(read_segment(path, Lane.STANDARD, 0, 1))
    other.close()
    assert not damages(path)


def of_noise(path: Path) -> None:
    path.write_bytes(b"noise" * 40_000)


def closed(path: Path) -> None:
    SegmentWriter(path).close(1)


def open_still(path: Path) -> None:
    path.unlink(missing_ok=True)
    SegmentWriter(path)._connection.close()


@pytest.mark.parametrize(
    ("made", "others", "is_it"),
    [
        (open_still, [], False),
        (closed, [], True),
        (of_noise, [], False),
        (open_still, ["000000004.journal", "000000006.new", "000000006.journal-wal"], False),
        (open_still, ["000000006.journal"], True),
        (of_noise, ["000000006.journal"], True),
        (lambda _: None, [], False),
        (lambda _: None, ["000000006.journal"], True),
    ],
)
def test_a_segment_is_closed_by_its_own_mark_or_by_one_that_follows(
    tmp_path: Path, made: Callable[[Path], None], others: list[str], is_it: bool
) -> None:
    made(tmp_path / "000000005.journal")
    for other in others:
        (tmp_path / other).touch()
    assert is_closed(tmp_path / "000000005.journal") is is_it
