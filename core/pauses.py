"""Which sources are paused: lines of a file in the data folder, which the engine appends for people and the collector for itself.

Both read it, because a pause must hold whichever of them runs, and must survive their restarts. Nothing in it is ever changed, so it also
says who paused what, when and why.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from core.folder import make_folder, sync_folder

_FILE = "pauses.jsonl"
ITSELF = "andon"
"""Who paused a source if no person did."""


class Change(msgspec.Struct, frozen=True):
    """A source was paused or resumed. ``at``: aware, UTC."""

    source: str
    action: Literal["pause", "resume"]
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused a source, why, since when and until when (None: it is paused)."""

    by: str
    reason: str
    since: datetime
    until: datetime | None = None

    @property
    def by_itself(self) -> bool:
        """Whether no person did it: the collector pauses a source that sends too much that cannot be used."""
        return self.by == ITSELF


class Pauses:
    """The file; safe to use from several processes. Every method raises OSError if the disk does not let it."""

    def __init__(self, data: Path) -> None:
        self._path = data / _FILE
        self._read: tuple[tuple[int, int], list[Change]] = ((0, 0), [])

    def pause(self, source: str, by: str, reason: str, now: datetime) -> bool:
        """Pause a source for good, until it is resumed; return False if it was paused already, which changes nothing."""
        return self._append(Change(source, "pause", by, reason, now))

    def resume(self, source: str, by: str, reason: str, now: datetime) -> bool:
        """Let a source go on; return False if it was not paused, which changes nothing."""
        return self._append(Change(source, "resume", by, reason, now))

    def changes(self) -> list[Change]:
        """Return every change, oldest first. The file is read only if it has changed."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return []
        if (seen := (status.st_ino, status.st_size)) != self._read[0]:
            self._read = (seen, list(_parsed(self._path.read_bytes())))
        return self._read[1]

    def latest(self) -> dict[str, Pause]:
        """Return the last pause of each source that was ever paused."""
        found: dict[str, Pause] = {}
        for change in self.changes():
            if change.action == "pause":
                found[change.source] = Pause(change.by, change.reason, change.at)
            elif change.source in found:
                found[change.source] = replace(found[change.source], until=change.at)
        return found

    def paused(self) -> dict[str, Pause]:
        """Return the pause of each source that is paused now."""
        return {name: pause for name, pause in self.latest().items() if pause.until is None}

    def _append(self, change: Change) -> bool:
        with self._locked() as file:
            if (change.source in self.paused()) == (change.action == "pause"):
                return False
            size = os.fstat(file).st_size
            torn = size and os.pread(file, 1, size - 1) != b"\n"  # by a crash: what it was about had not happened
            os.write(file, (b"\n" if torn else b"") + msgspec.json.encode(change) + b"\n")
            os.fsync(file)
        return True

    @contextmanager
    def _locked(self) -> Iterator[int]:
        make_folder(self._path.parent)
        is_new = not self._path.exists()
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if is_new:
                sync_folder(self._path.parent)
            yield file
        finally:
            os.close(file)


def _parsed(content: bytes) -> Iterator[Change]:
    for line in content.split(b"\n")[:-1]:
        try:
            yield msgspec.json.decode(line, type=Change)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # half a line, which a crash left
            continue
