"""A damaged segment costs only the records the damage lies in, and says which."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from core.signal import Lane, Record, SignalKind
from journal.reader import is_closed, read_segment
from journal.segment import SegmentWriter, make_row


def record(number: int, size: int) -> Record:
    body = random.Random(number).randbytes(size)
    return Record(SignalKind.TRACES, "gateway", Lane.STANDARD, 1_774_000_000_000 + number, 3, body)


def sizes(number: int) -> int:
    return (40, 700, 5_000, 31_000, 33_500, 150_000)[number % 6]


def write(folder: Path, count: int, *, close: bool) -> tuple[Path, SegmentWriter]:
    folder.mkdir(parents=True, exist_ok=True)
    segment = SegmentWriter(folder / "000000001.journal")
    for first in range(1, count + 1, 5):
        segment.append([make_row(record(number, sizes(number))) for number in range(first, min(first + 5, count + 1))])
    if close:
        segment.close(1)
    return segment.path, segment


def read_all(path: Path) -> tuple[dict[int, Record], set[int]]:
    intact: dict[int, Record] = {}
    lost: set[int] = set()
    after = 0
    while True:
        stored = list(read_segment(path, Lane.STANDARD, after, 1 << 20))
        if not stored:
            return intact, lost
        assert [one.id for one in stored] == list(range(after + 1, after + 1 + len(stored)))
        for one in stored:
            if one.record is None:
                assert one.damage
                lost.add(one.id)
            else:
                intact[one.id] = one.record
        after = stored[-1].id


def test_an_intact_segment_is_read_whole_in_slices(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a" / "standard", 60, close=True)
    intact, lost = read_all(path)
    assert intact == {number: record(number, sizes(number)) for number in range(1, 61)}
    assert not lost
    assert is_closed(path)


@pytest.mark.parametrize("seed", range(25))
def test_flipped_bytes_cost_at_most_the_records_they_hit(tmp_path: Path, seed: int) -> None:
    path, _ = write(tmp_path / "standard", 60, close=True)
    generator = random.Random(seed)
    damaged = bytearray(path.read_bytes())
    flips = generator.randint(1, 5)
    for _ in range(flips):
        damaged[generator.randrange(100, len(damaged))] ^= 1 << generator.randrange(8)
    path.write_bytes(damaged)
    intact, lost = read_all(path)
    assert all(intact[number] == record(number, sizes(number)) for number in intact)
    assert len(lost) <= flips
    assert intact.keys() | lost == set(range(1, 61))


def test_a_destroyed_tree_costs_nothing_but_what_lies_in_it(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "standard", 60, close=True)
    damaged = bytearray(path.read_bytes())
    damaged[0:200] = bytes(200)  # the file's header and schema
    for page in range(32_768, len(damaged), 32_768):
        damaged[page : page + 1] = b"\xff"  # every page's type or pointer
    path.write_bytes(damaged)
    intact, lost = read_all(path)
    assert intact.keys() >= {number for number in range(1, 61) if sizes(number) < 6_000}
    assert not lost & {number for number in range(1, 61) if sizes(number) < 6_000}


@pytest.mark.parametrize("seed", range(15))
def test_what_lies_before_a_cut_is_kept_and_the_rest_is_reported(tmp_path: Path, seed: int) -> None:
    path, _ = write(tmp_path / "standard", 60, close=True)
    cut = random.Random(seed).randrange(3 * 32_768, path.stat().st_size)
    remaining = path.read_bytes()[:cut]
    path.write_bytes(remaining)
    intact, lost = read_all(path)
    assert intact.keys() | lost == set(range(1, 61))
    for number in range(1, 61):
        if sizes(number) < 6_000 and record(number, sizes(number)).body in remaining:
            assert intact[number] == record(number, sizes(number))


@pytest.mark.parametrize("seed", range(15))
def test_a_flip_in_the_wal_of_a_killed_collector_hides_nothing_behind_it(tmp_path: Path, seed: int) -> None:
    """SQLite ends its reading of a WAL at the first bad frame, without an error."""
    path, segment = write(tmp_path / "live" / "standard", 60, close=False)
    killed = tmp_path / "killed" / "standard"
    killed.mkdir(parents=True)
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), killed)
    segment.close(1)
    SegmentWriter(killed / "000000002.journal").close(1)
    wal = killed / "000000001.journal-wal"
    damaged = bytearray(wal.read_bytes())
    assert len(damaged) > 100_000
    damaged[random.Random(seed).randrange(32, len(damaged))] ^= 4
    wal.write_bytes(damaged)
    intact, lost = read_all(killed / "000000001.journal")
    assert all(intact[number] == record(number, sizes(number)) for number in intact)
    assert len(intact) >= 59
    assert intact.keys() | lost >= set(range(1, 60))


def test_a_file_of_noise_is_one_report(tmp_path: Path) -> None:
    path = tmp_path / "standard" / "000000001.journal"
    path.parent.mkdir()
    path.write_bytes(random.Random(1).randbytes(200_000))
    assert read_all(path) == ({}, {1})


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
