"""The file systems below Andon's folders: what is free, what is kept in reserve, and which errors say that nothing more can be written.

The reserve is for the store and the alerts: ingest stops before it is touched, so that what was acknowledged is still evaluated and told.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors after which a file is as it was before, and which pass: no space, no quota, read-only."""
RESERVE_BYTES = 512 << 20
RESERVE_SHARE = 0.02
RESERVE_LEAST_BYTES = 8 << 20
"""Whatever the setting says: what the journal itself needs to end a segment and begin another."""
RESERVE_INODES = 1_000
RESERVE_LEAST_INODES = 64
"""What a store needs to open and to write a few tables."""
RESERVE_SHARE_MAX = 0.25
"""Of a small file system the reserve is at most this part."""
SLOW_SECONDS = 5.0
"""A disk that takes longer for what is to be on it is slow."""
AGAIN_SHARE = 0.05
"""A disk that was full has room again when so much more than the reserve is free: at the edge of it nothing flaps."""


class Lack(StrEnum):
    """Why nothing more may be written; the values are the names of Andon's own conditions."""

    BYTES = "disk-full"
    INODES = "disk-out-of-inodes"
    WRITING = "disk-read-only"


WORDS = {Lack.BYTES: "is full", Lack.INODES: "has no inodes left", Lack.WRITING: "is read-only"}
WHAT_TO_DO = {
    Lack.BYTES: "free some space there",
    Lack.INODES: "delete files there that are not needed",
    Lack.WRITING: "look in the kernel's log for its reason, repair the file system and mount it for writing",
}


@dataclass(frozen=True, slots=True)
class Space:
    """What a file system has for users who are not root. ``total_inodes`` is 0 where it counts none."""

    free_bytes: int
    total_bytes: int
    free_inodes: int
    total_inodes: int
    read_only: bool

    @property
    def is_used_up(self) -> bool:
        """Whether not even what is needed to go on would fit."""
        return self.free_bytes < RESERVE_LEAST_BYTES or bool(self.total_inodes and self.free_inodes < RESERVE_LEAST_INODES)


def space_of(folder: Path) -> Space:
    """Return what the file system of a folder has, or of the one it will be made in. Raises ``OSError``."""
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
    """Return what an error of writing into a folder says is lacking; None for any other fault."""
    if error.errno not in NO_ROOM:
        return None
    if error.errno == errno.EROFS:
        return Lack.WRITING
    space = space_of(folder)
    return Lack.INODES if error.errno == errno.ENOSPC and space.total_inodes and not space.free_inodes else Lack.BYTES


def sentence(lack: Lack, folder: Path) -> str:
    """Return what is wrong with the disk of a folder, and what to do."""
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
        """Ask the file system anew and return what is lacking, now also in :attr:`lack`. Raises ``OSError``."""
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
        """Return whether so many bytes leave the reserve as it is, by the last look."""
        return self.lack is None and self.space.free_bytes - more_bytes >= self.reserve_bytes
