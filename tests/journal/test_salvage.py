"""A damaged segment costs only the records the damage lies in, and says which."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from journal.segment import SegmentWriter
from tests.journal.segment_files import leave_as_killed, read_all, record, size_of, write


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
    assert all(intact[number] == record(number, size_of(number)) for number in intact)
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
    assert intact.keys() >= {number for number in range(1, 61) if size_of(number) < 6_000}
    assert not lost & {number for number in range(1, 61) if size_of(number) < 6_000}


@pytest.mark.parametrize("seed", range(15))
def test_what_lies_before_a_cut_is_kept_and_the_rest_is_reported(tmp_path: Path, seed: int) -> None:
    path, _ = write(tmp_path / "standard", 60, close=True)
    cut = random.Random(seed).randrange(3 * 32_768, path.stat().st_size)
    remaining = path.read_bytes()[:cut]
    path.write_bytes(remaining)
    intact, lost = read_all(path)
    assert intact.keys() | lost == set(range(1, 61))
    for number in range(1, 61):
        if size_of(number) < 6_000 and record(number, size_of(number)).body in remaining:
            assert intact[number] == record(number, size_of(number))


@pytest.mark.parametrize("seed", range(15))
def test_a_flip_in_the_wal_of_a_killed_collector_hides_nothing_behind_it(tmp_path: Path, seed: int) -> None:
    """SQLite ends its reading of a WAL at the first bad frame, without an error."""
    path, segment = write(tmp_path / "live" / "standard", 60, close=False)
    killed = leave_as_killed(path, segment, tmp_path / "killed" / "standard")
    SegmentWriter(killed.with_name("000000002.journal")).close(1)
    wal = killed.with_name("000000001.journal-wal")
    damaged = bytearray(wal.read_bytes())
    assert len(damaged) > 100_000
    damaged[random.Random(seed).randrange(32, len(damaged))] ^= 4
    wal.write_bytes(damaged)
    intact, lost = read_all(killed)
    assert all(intact[number] == record(number, size_of(number)) for number in intact)
    assert len(intact) >= 59
    assert intact.keys() | lost >= set(range(1, 60))


def test_a_file_of_noise_is_one_report(tmp_path: Path) -> None:
    path = tmp_path / "standard" / "000000001.journal"
    path.parent.mkdir()
    path.write_bytes(random.Random(1).randbytes(200_000))
    assert read_all(path) == ({}, {1})
