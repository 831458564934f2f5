"""What is wrong with a disk is a condition, a sentence and a metric; one that hangs is seen while it hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from andon.health.disk_watch import FILE, QUICK_AGAIN_SECONDS, DiskWatch, WriteProbe
from core.clock import FakeClock
from core.condition import Conditions
from core.config import Settings
from core.disk import SLOW_SECONDS
from core.telemetry import M, Telemetry
from tests.faults.file_systems import FileSystem, file_system
from tests.waiting import wait_until

NOW = datetime(2026, 3, 27, 10, 0, tzinfo=UTC)
MIB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FileSystem]:
    with file_system(tmp_path, mebibytes=64) as found:
        yield found


class Watched:
    """A data folder on a disk of its own, looked at by hand."""

    def __init__(self, data: Path, **settings: int) -> None:
        self.settings = Settings(data=data, **settings)  # type: ignore[arg-type]  # each setting has a type of its own
        self.settings.journal.mkdir(parents=True)
        self.settings.store_folder.mkdir()
        self.clock, self.telemetry, self.conditions = FakeClock(NOW), Telemetry(), Conditions()
        self.watch = DiskWatch(self.settings, self.clock, self.telemetry, self.conditions)

    def look(self) -> list[tuple[str, str]]:
        for each in self.watch._file_systems:
            each.probe.write()
        self.watch.look()
        return [(one.name, one.subject) for one in self.conditions.current()]


@pytest.mark.parametrize("fault", ["disk-full", "disk-out-of-inodes"])
def test_a_disk_that_takes_no_more_is_told_until_it_does(disk: FileSystem, fault: str) -> None:
    watched = Watched(disk.root / "data")
    assert watched.look() == []
    if fault == "disk-full":
        disk.fill()
    else:
        disk.take_inodes()
    folder = str(watched.settings.journal)
    assert watched.look() == [(fault, folder)]
    (problem,) = watched.watch.problems
    what = "is full" if fault == "disk-full" else "has no inodes left"
    assert problem.startswith(f"The disk of {folder} {what}: no signals are accepted since 2026-03-27 10:00:00 UTC; ")
    disk.make_room()
    assert watched.look() == []
    assert watched.watch.problems == []
    assert watched.conditions.is_over(fault, folder)


def test_a_file_system_that_the_kernel_stops_is_told_as_read_only(disk: FileSystem) -> None:
    watched = Watched(disk.root / "data")
    disk.stop_writes()
    assert watched.look() == [("disk-read-only", str(watched.settings.journal))]
    assert "is read-only: no signals are accepted since" in watched.watch.problems[0]


def test_the_reserve_that_ingest_leaves_alone_is_where_it_stops(disk: FileSystem) -> None:
    watched = Watched(disk.root / "data", disk_reserve_bytes=30 * MIB)
    disk.fill(leave_bytes=29 * MIB)
    assert watched.look() == [("disk-full", str(watched.settings.journal))]


def test_a_disk_that_hangs_is_told_while_it_hangs_and_for_a_while_after(disk: FileSystem) -> None:
    watched = Watched(disk.root / "data")
    folder = str(watched.settings.journal)
    (each,) = watched.watch._file_systems
    disk.freeze()
    hanging = threading.Thread(target=each.probe.write, daemon=True)
    try:
        hanging.start()
        wait_until(lambda: each.probe._began is not None, 10, "the write is under way")
        assert not watched.watch.hangs()
        watched.clock.advance(timedelta(seconds=SLOW_SECONDS + 1))
        watched.watch.look()
        assert hanging.is_alive()
        assert watched.watch.hangs()
        assert [one.name for one in watched.conditions.current()] == ["disk-slow"]
        assert watched.telemetry.value(M.DISK_WRITE_SECONDS, folder="journal") == SLOW_SECONDS + 1
    finally:
        disk.thaw()
    hanging.join()
    assert not watched.watch.hangs(), "it goes on, although it counts as slow for a while"
    assert watched.look() == [("disk-slow", folder)]
    watched.clock.advance(timedelta(seconds=QUICK_AGAIN_SECONDS))
    assert watched.look() == []


def test_folders_on_disks_of_their_own_are_watched_each_and_every_one_is_measured(disk: FileSystem, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "store").symlink_to(disk.root)
    settings = Settings(data=data, disk_reserve_bytes=0)
    settings.journal.mkdir()
    telemetry, conditions = Telemetry(), Conditions()
    watch = DiskWatch(settings, FakeClock(NOW), telemetry, conditions)
    disk.fill()
    watch.look()
    assert [(one.name, one.subject) for one in conditions.current()] == [("disk-full", str(disk.root))]
    assert "is full: nothing is stored since" in watch.problems[0]
    assert telemetry.value(M.DISK_FREE_BYTES, folder="store") == 0
    for part in ("journal", "data"):
        assert telemetry.value(M.DISK_FREE_BYTES, folder=part) > MIB
    for part in ("journal", "store", "data"):
        assert telemetry.value(M.DISK_FREE_INODES, folder=part) > 0
        assert telemetry.value(M.DISK_RESERVE_BYTES, folder=part) > 0


def test_a_folder_that_is_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    probe = WriteProbe(tmp_path / "journal", FakeClock(NOW))
    probe.write()
    assert (probe.lack, probe.taken) == (None, True)
    (tmp_path / "journal").mkdir()
    probe.write()
    assert (tmp_path / "journal" / FILE).read_bytes() == b"x"
