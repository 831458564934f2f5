"""Watches the file systems that Andon writes to: whether they accept writes, and how long these take.

One thread per file system writes a byte there every two seconds and waits until it is on disk; another checks them every second and reports
what is wrong. So a hanging disk is noticed while it hangs.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from andon.process import run_in_background
from core.clock import Clock
from core.condition import Condition, Conditions
from core.config import Settings
from core.disk import SLOW_SECONDS, WHAT_TO_DO, WORDS, Lack, Room, lack_of
from core.telemetry import M, Telemetry

logger = logging.getLogger("andon.disk")

LOOK_SECONDS = 1.0
WRITE_EVERY_SECONDS = 2.0
QUICK_AGAIN_SECONDS = 10.0
"""A slow disk counts as slow until no write has taken :data:`SLOW_SECONDS` for this long."""
SLOW = "disk-slow"
CONDITIONS = frozenset({*(lack.value for lack in Lack), SLOW})
FILE = "disk-watch"
"""The file that is written, in the folder being watched."""


class WriteProbe:
    """Writes a byte into a folder again and again; other threads ask how it goes."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._began: float | None = None
        self._took = 0.0
        self._slow_at: float | None = None
        self.taken: bool | None = None
        """Whether the last completed write succeeded; None: none has completed."""
        self.lack: Lack | None = None
        """What was lacking at that time."""

    def run(self, stopping: threading.Event) -> None:
        """Write until stopped; runs in a thread of its own, which hangs if the disk does."""
        self.write()
        while not stopping.wait(WRITE_EVERY_SECONDS):
            self.write()

    def write(self) -> None:
        """Write once and wait until it is on disk."""
        self._began = began = self._clock.monotonic()
        try:
            _write(self._folder / FILE)
        except FileNotFoundError:
            self.lack, self.taken = None, True  # the folder does not exist yet
        except OSError as error:
            if (lack := lack_of(error, self._folder)) is None:
                logger.exception("a disk fails", extra={"fields": {"folder": str(self._folder)}})
            self.lack, self.taken = lack, False
        else:
            self.lack, self.taken = None, True
        self._took, self._began = self._clock.monotonic() - began, None
        if self._took >= SLOW_SECONDS:
            self._slow_at = self._clock.monotonic()

    def seconds(self) -> float:
        """Return how long the last write took, or how long the current one has been running, if that is longer."""
        began = self._began
        return max(self._took, self._clock.monotonic() - began) if began is not None else self._took

    def hangs(self) -> bool:
        """Return whether a write has now been running this long."""
        began = self._began
        return began is not None and self._clock.monotonic() - began >= SLOW_SECONDS

    def is_slow(self) -> bool:
        """Return whether a write takes or took this long, now or recently."""
        if self.seconds() >= SLOW_SECONDS:
            return True
        return self._slow_at is not None and self._clock.monotonic() - self._slow_at < QUICK_AGAIN_SECONDS


def _write(path: Path) -> None:
    # opened anew each time: a file open for writing would prevent the file system from being made read-only by hand
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, b"x", 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass
class FileSystem:
    """One file system and which of our folders are on it. ``folder``: the first of these. ``parts``: journal, store, data."""

    folder: Path
    parts: dict[str, Path]
    room: Room
    probe: WriteProbe
    told: dict[str, Condition] = field(default_factory=dict)

    @property
    def loss(self) -> str:
        """What stops working while nothing can be written there."""
        if "journal" in self.parts:
            return "no signals are accepted"
        return "nothing is stored" if "store" in self.parts else "logs and positions of receivers are not written"

    def lack(self) -> Lack | None:
        """Return what is lacking, according to the file system or the last attempt to write."""
        return self.room.look() or self.probe.lack


class DiskWatch:
    """What is wrong with the disks, as conditions, metrics and sentences. Call ``start`` once; any thread may read :attr:`problems`."""

    def __init__(self, settings: Settings, clock: Clock, telemetry: Telemetry, conditions: Conditions) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._conditions = conditions
        self._file_systems = _file_systems(settings, clock)
        self.problems: list[str] = []
        """What is wrong now, in sentences."""
        self.look()

    def start(self, stopping: threading.Event) -> None:
        """Watch until stopped, in separate threads."""
        for number, each in enumerate(self._file_systems):
            run_in_background(f"disk-{number}", each.probe.run, stopping)
        run_in_background("disks", self._run, stopping)

    def hangs(self) -> bool:
        """Return whether the journal's disk or the store's hangs at this moment; asked before everything that is done there."""
        return any(each.probe.hangs() for each in self._file_systems if each.parts.keys() != {"data"})

    def takes_writes(self) -> bool | None:
        """Return whether every file system accepts writes promptly and has the necessary minimum of space; None: not known yet."""
        each = self._file_systems
        if any(one.probe.taken is False or one.probe.is_slow() or one.room.space.is_used_up for one in each):
            return False
        return None if any(one.probe.taken is None for one in each) else True

    def look(self) -> None:
        """Check every file system once, and report changes; the log comes last, because it may be on a disk that hangs."""
        now = self._clock.now()
        changes: list[tuple[int, str, str, FileSystem]] = []
        for each in self._file_systems:
            titles = _titles(each, now)
            for name in [name for name in each.told if name not in titles]:
                changes.append((logging.WARNING, "it is over", name, each))
                self._conditions.clear(name, each.told.pop(name).subject)
            for name, title in titles.items():
                if name not in each.told:
                    changes.append((logging.ERROR, title, name, each))
                    each.told[name] = Condition(name, str(each.folder), title, now)
                    self._conditions.raise_(each.told[name])
            self._measure(each)
        told = [one for each in self._file_systems for one in each.told.values()]
        self.problems = [one.title for one in told]
        for name in CONDITIONS.difference(one.name for one in told):
            self._conditions.clear(name)
        for level, said, name, each in changes:
            logger.log(level, said, extra={"fields": {"event": name, "folder": str(each.folder)}})

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.wait(LOOK_SECONDS):
            try:
                self.look()
            except OSError as error:
                logger.warning("the disks could not be checked; trying again", extra={"fields": {"error": str(error)}})

    def _measure(self, each: FileSystem) -> None:
        for part in each.parts:
            self._telemetry.set(M.DISK_FREE_BYTES, each.room.space.free_bytes, folder=part)
            self._telemetry.set(M.DISK_FREE_INODES, each.room.space.free_inodes, folder=part)
            self._telemetry.set(M.DISK_RESERVE_BYTES, each.room.reserve_bytes, folder=part)
            self._telemetry.set(M.DISK_WRITE_SECONDS, each.probe.seconds(), folder=part)


def _titles(each: FileSystem, now: datetime) -> dict[str, str]:
    """Return what is wrong with a file system by the name of its condition, in words that say since when."""
    since, found = f"{now:%Y-%m-%d %H:%M:%S} UTC", {}
    if lack := each.lack():
        found[lack.value] = f"The disk of {each.folder} {WORDS[lack]}: {each.loss} since {since}; {WHAT_TO_DO[lack]}"
    if each.probe.is_slow():
        found[SLOW] = (
            f"The disk of {each.folder} is slow: a write took more than {SLOW_SECONDS:.0f} s at {since};"
            " find out what else uses it, or look for disk errors in the kernel's log"
        )
    return found


def _file_systems(settings: Settings, clock: Clock) -> list[FileSystem]:
    """Return the file systems of the folders that Andon writes to; folders on the same one are watched together."""
    folders = {"journal": settings.journal, "store": settings.store_folder, "data": settings.data}
    if settings.store != "embedded":
        del folders["store"]
    parts: dict[int, dict[str, Path]] = {}
    for part, folder in folders.items():
        there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        parts.setdefault(there.stat().st_dev, {})[part] = folder
    found = []
    for group in parts.values():
        first = next(iter(group.values()))
        # ingest leaves the reserve of the journal's disk alone; on any other disk only the necessary minimum counts
        reserve = settings.disk_reserve_bytes if "journal" in group else 0
        found.append(FileSystem(first, group, Room(first, reserve), WriteProbe(first, clock)))
    return found
