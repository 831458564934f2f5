"""A damaged segment costs only the records the damage lies in, and says which."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.signal import Lane, Record, SignalKind
from journal.format import closing_checksum, parse_row
from journal.salvage import frames_of_last_run, salvage, salvage_closing
from journal.segment import SegmentWriter, make_row
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


@pytest.mark.parametrize("kind", SignalKind)
def test_every_kind_of_record_is_found_among_raw_pages(tmp_path: Path, kind: SignalKind) -> None:
    sent = [Record(kind, "Grüße", Lane.STANDARD, 1, count, bytes(size), "{}" * count) for count, size in ((0, 0), (1, 10), (300, 40_000))]
    segment = SegmentWriter(tmp_path / "000000001.journal")
    segment.append([make_row(each) for each in sent])
    segment.close(1)
    found = {stored.id: stored.record for row in salvage(segment.path) for stored in [parse_row(Lane.STANDARD, row)] if stored.record}
    assert [found[number] for number in (1, 2, 3)] == sent


@pytest.mark.parametrize(("at", "last_id"), [(0, 0), (1, 1), (1_774_000_000_123, 70_000), ((1 << 62), 5)])
def test_where_a_segment_ends_is_found_in_its_file_and_in_its_wal(tmp_path: Path, at: int, last_id: int) -> None:
    segment = SegmentWriter(tmp_path / "000000001.journal")
    segment.last_id = last_id
    segment._connection.execute("INSERT INTO closed VALUES (?, ?, ?)", (at, last_id, closing_checksum(at, last_id)))
    assert (at, last_id, closing_checksum(at, last_id)) in set(salvage_closing(segment.path)), "in its WAL"
    segment._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert (at, last_id, closing_checksum(at, last_id)) in set(salvage_closing(segment.path))
    segment._connection.close()


def test_frames_are_those_since_the_wal_was_begun_anew(tmp_path: Path) -> None:
    segment = SegmentWriter(tmp_path / "000000001.journal")
    assert frames_of_last_run(segment.path) == 0
    for number in range(1, 4):
        segment.append([make_row(record(number, 10))])
    before = frames_of_last_run(segment.path)
    assert before >= 3
    segment._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    segment.append([make_row(record(4, 10))])
    assert 1 <= frames_of_last_run(segment.path) < before
    segment.close(1)
    assert frames_of_last_run(segment.path) == 0
    assert frames_of_last_run(tmp_path / "none") == 0


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=70_000), st.binary(max_size=40_000))
def test_noise_is_never_an_error(file: bytes, wal: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "000000001.journal"
        path.write_bytes(file)
        path.with_name(path.name + "-wal").write_bytes(wal)
        assert all(parse_row(Lane.STANDARD, row).record is None for row in salvage(path))
        assert [each for each in salvage_closing(path) if closing_checksum(each[0], each[1]) == each[2]] == []
        assert frames_of_last_run(path) >= 0
