"""What a disk lacks, by what its file system says: the reserve is kept, and at its edge nothing flaps."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.disk import (
    AGAIN_SHARE,
    NO_ROOM,
    RESERVE_INODES,
    RESERVE_LEAST_BYTES,
    RESERVE_LEAST_INODES,
    Lack,
    Room,
    Space,
    lack_of,
    reserve_of,
    sentence,
    space_of,
)

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40


def space(free_bytes: int = 100 * GIB, total_bytes: int = TIB, free_inodes: int = 10_000, *, read_only: bool = False) -> Space:
    return Space(free_bytes, total_bytes, free_inodes, 100_000, read_only)


class Disk:
    """The file system below every folder, as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.space = space()
        monkeypatch.setattr("core.disk.space_of", lambda _: self.space)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize(
    ("total_bytes", "setting", "reserve"),
    [
        (10 * TIB, None, 10 * TIB // 50),
        (10 * GIB, None, 512 * MIB),
        (GIB, None, GIB // 4),
        (16 * MIB, None, RESERVE_LEAST_BYTES),
        (10 * GIB, 0, RESERVE_LEAST_BYTES),
        (10 * GIB, 3 * GIB, 3 * GIB),
    ],
)
def test_the_reserve_is_two_percent_at_least_half_a_gibibyte_and_at_most_a_quarter(
    total_bytes: int, setting: int | None, reserve: int
) -> None:
    assert reserve_of(space(total_bytes=total_bytes), setting)[0] == reserve


@pytest.mark.parametrize(("total_inodes", "reserve"), [(1_000_000, RESERVE_INODES), (400, 100), (0, 0)])
def test_a_few_inodes_are_kept_where_the_file_system_counts_them(total_inodes: int, reserve: int) -> None:
    assert reserve_of(Space(GIB, GIB, total_inodes, total_inodes, read_only=False), None)[1] == reserve


@given(st.integers(0, 1 << 60), st.none() | st.integers(0, 1 << 60))
def test_whatever_is_set_the_journal_can_end_a_segment(total_bytes: int, setting: int | None) -> None:
    kept, inodes = reserve_of(space(total_bytes=total_bytes), setting)
    assert kept >= RESERVE_LEAST_BYTES
    assert kept <= max(RESERVE_LEAST_BYTES, total_bytes // 4, setting or 0)
    assert 0 <= inodes <= RESERVE_INODES


def test_nothing_is_left_when_even_going_on_would_not_fit() -> None:
    assert not space(RESERVE_LEAST_BYTES).is_used_up
    assert space(RESERVE_LEAST_BYTES - 1).is_used_up
    assert space(free_inodes=RESERVE_LEAST_INODES - 1).is_used_up
    assert not Space(GIB, GIB, 0, 0, read_only=False).is_used_up, "a file system that counts no inodes has none too few"


def test_a_disk_lacks_the_first_thing_that_keeps_ingest_from_writing(disk: Disk, tmp_path: Path) -> None:
    room = Room(tmp_path, GIB)
    looks = [
        (space(), None),
        (space(GIB - 1), Lack.BYTES),
        (space(free_inodes=RESERVE_INODES - 1), Lack.INODES),
        (space(0, read_only=True), Lack.WRITING),
        (space(0, free_inodes=0), Lack.BYTES),
        (space(), None),
    ]
    for disk.space, lack in looks:
        assert room.look() is lack
        assert room.lack is lack
        assert room.space == disk.space


@pytest.mark.parametrize(("lack", "edge"), [(Lack.BYTES, GIB), (Lack.INODES, RESERVE_INODES)])
def test_a_full_disk_has_room_again_only_beyond_the_edge(disk: Disk, tmp_path: Path, lack: Lack, edge: int) -> None:
    def with_free(amount: int) -> Space:
        return space(amount) if lack is Lack.BYTES else space(free_inodes=amount)

    disk.space = with_free(edge)
    room = Room(tmp_path, GIB)
    assert room.lack is None
    disk.space = with_free(edge - 1)
    assert room.look() is lack
    for amount in (edge, edge + 1, round(edge * (1 + AGAIN_SHARE)) - 1):
        disk.space = with_free(amount)
        assert room.look() is lack
    disk.space = with_free(round(edge * (1 + AGAIN_SHARE)) + 1)
    assert room.look() is None


def test_what_fits_leaves_the_reserve_whole(disk: Disk, tmp_path: Path) -> None:
    disk.space = space(GIB + 100)
    room = Room(tmp_path, GIB)
    assert (room.holds(100), room.holds(101)) == (True, False)
    disk.space = space(read_only=True)
    room.look()
    assert not room.holds(0)


@pytest.mark.parametrize(
    ("number", "there", "lack"),
    [
        (errno.ENOSPC, space(0), Lack.BYTES),
        (errno.ENOSPC, space(free_inodes=0), Lack.INODES),
        (errno.ENOSPC, Space(0, GIB, 0, 0, read_only=False), Lack.BYTES),
        (errno.EDQUOT, space(free_inodes=0), Lack.BYTES),
        (errno.EROFS, space(), Lack.WRITING),
        (errno.EIO, space(0), None),
        (errno.EACCES, space(0), None),
        (None, space(0), None),
    ],
)
def test_an_error_of_writing_says_what_is_lacking(disk: Disk, tmp_path: Path, number: int | None, there: Space, lack: Lack | None) -> None:
    disk.space = there
    error = OSError("no reason") if number is None else OSError(number, os.strerror(number))
    assert lack_of(error, tmp_path) is lack
    assert (number in NO_ROOM) is (lack is not None)


def test_a_folder_that_is_not_there_yet_has_the_space_of_where_it_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [space_of(folder) for folder in (tmp_path / "a" / "b", Path("a"), Path())]
    assert {each.total_bytes for each in found} == {os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize}
    assert all(0 < each.free_bytes <= each.total_bytes for each in found)


@pytest.mark.parametrize("lack", Lack)
def test_every_lack_is_told_with_the_folder_and_what_to_do(lack: Lack) -> None:
    told = sentence(lack, Path("/srv/andon"))
    assert told.startswith("the disk of /srv/andon ")
    what, _, remedy = told.partition("; ")
    assert what
    assert remedy
    assert "\n" not in told
