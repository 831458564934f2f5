"""The file systems under Andon's folders: what is free, what is kept in reserve, and which errors mean that nothing more can be written.

The reserve is for the store and the alerts: ingest stops before it is touched, so that what was acknowledged is still evaluated and
notified.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors that leave a file as it was, and that pass: no space, no quota, read-only."""
RESERVE_BYTES = 512 << 20
RESERVE_SHARE = 0.02
RESERVE_LEAST_BYTES = 8 << 20
"""What the journal needs to end a segment and begin another, whatever the setting says."""
RESERVE_INODES = 1_000
RESERVE_LEAST_INODES = 64
"""What a store needs to open and to write a few tables."""
RESERVE_SHARE_MAX = 0.25
"""On a small file system the reserve is at most this share of it."""
SLOW_SECONDS = 5.0
"""A disk is slow if a write takes longer than this."""
AGAIN_SHARE = 0.05
"""A disk that was full has room again once this much more than the reserve is free, so that nothing flaps at the limit."""


class Lack(StrEnum):
    """Why nothing more can be written; the values are the names of Andon's own conditions."""

    BYTES = "disk-full"
    INODES = "disk-out-of-inodes"
    WRITING = "disk-read-only"


WORDS = {Lack.BYTES: "is full", Lack.INODES: "has no inodes left", Lack.WRITING: "is read-only"}
WHAT_TO_DO = {
    Lack.BYTES: "free some space there",
    Lack.INODES: "delete files there that are not needed",
    Lack.WRITING: "look for the reason in the kernel's log, repair the file system and mount it for writing",
}


@dataclass(frozen=True, slots=True)
class Space:
    """What a file system has for users other than root. ``total_inodes`` is 0 if it does not count them."""

    free_bytes: int
    total_bytes: int
    free_inodes: int
    total_inodes: int
    read_only: bool

    @property
    def is_used_up(self) -> bool:
        """Whether there is not even room for what is needed to go on."""
        return self.free_bytes < RESERVE_LEAST_BYTES or bool(self.total_inodes and self.free_inodes < RESERVE_LEAST_INODES)


def space_of(folder: Path) -> Space:
    """Return what is free on the file system of a folder, or of the one in which it will be created. Raises ``OSError``."""
    there = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    found = os.statvfs(there)
    return Space(
        found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, found.f_favail, found.f_files, bool(found.f_flag & os.ST_RDONLY)
    )


def reserve_of(space: Space, setting: int | None) -> tuple[int, int]:
    """Return the bytes and inodes that ingest leaves free. ``setting``: ``disk_reserve_bytes``."""
    usual = min(max(RESERVE_BYTES, space.total_bytes * RESERVE_SHARE), space.total_bytes * RESERVE_SHARE_MAX)
    return max(RESERVE_LEAST_BYTES, int(usual) if setting is None else setting), int(
        min(RESERVE_INODES, space.total_inodes * RESERVE_SHARE_MAX)
    )


def lack_of(error: OSError, folder: Path) -> Lack | None:
    """Return what is lacking according to an error of writing into a folder; None for any other fault."""
    if error.errno not in NO_ROOM:
        return None
    if error.errno == errno.EROFS:
        return Lack.WRITING
    space = space_of(folder)
    return Lack.INODES if error.errno == errno.ENOSPC and space.total_inodes and not space.free_inodes else Lack.BYTES


def sentence(lack: Lack, folder: Path) -> str:
    """Return what is wrong with the disk of a folder, and what to do about it."""
    return f"the disk of {folder} {WORDS[lack]}; {WHAT_TO_DO[lack]}"


class Room:
    """Whether ingest may write below a folder. One thread only."""

    def __init__(self, folder: Path, reserve_bytes: int | None) -> None:
        self.folder = folder
        self._setting = reserve_bytes
        self.lack: Lack | None = None
        self.space = space_of(folder)
        self.reserve_bytes = 0
        self.look()

    def look(self) -> Lack | None:
        """Ask the file system again and return what is lacking, which is then also in :attr:`lack`. Raises ``OSError``."""
        self.space = space_of(self.folder)
        self.reserve_bytes, inodes = reserve_of(self.space, self._setting)
        again = 1 + AGAIN_SHARE
        if self.space.read_only:
            self.lack = Lack.WRITING
        elif self.space.free_bytes < self.reserve_bytes * (again if self.lack is Lack.BYTES else 1):
            self.lack = Lack.BYTES
        elif self.space.free_inodes < inodes * (again if self.lack is Lack.INODES else 1):
            self.lack = Lack.INODES
        else:
            self.lack = None
        return self.lack

    def holds(self, more_bytes: int) -> bool:
        """Return whether this many bytes leave the reserve untouched, according to the last check."""
        return self.lack is None and self.space.free_bytes - more_bytes >= self.reserve_bytes
