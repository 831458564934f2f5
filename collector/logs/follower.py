"""Follows the log files of a folder: which are new, renamed, copied or begun again, and what was written since.

Synchronous: threads do it, one after the other. A file is known by device, inode and what it holds just before the place up to which it was
read, so that a renamed one goes on, a truncated one begins again, and the copy that was made before it was truncated is read to its end.
"""

from __future__ import annotations

import codecs
import hashlib
import logging
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from collector.logs.cutting import Cut, Cutter
from collector.logs.positions import Followed, Positions
from core.pattern import Pattern

READ_BYTES = 1 << 20
QUIET_SECONDS = 2.0
"""After this long without a byte more, lines that might go on are a record, and so is the last line of a rotated file."""
FILES_MAX = 1_000
COPY_SECONDS = 30.0
"""How long a file that begins as another one may be its copy, which is not read a second time."""
_MARK_BYTES = 1_024
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".Z", ".7z")
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LOG = logging.getLogger("andon.collector.log_file")


@dataclass(frozen=True, slots=True)
class Piece:
    """What was read of a file: ``records``, which begin at ``file.position``, and the file as it is once the journal has them."""

    file: Followed
    records: list[Cut]
    after: Followed


@dataclass(slots=True)
class _Open:
    """An open file. ``size``: at the last look; ``last_size``: before it changed to that, at ``since`` in monotonic seconds.

    ``gone``: from its folder.
    """

    descriptor: int
    size: int
    last_size: int
    since: float
    gone: bool = False


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file in the folder. ``changed``: when its name or what it holds last changed, in nanoseconds as the system counts them."""

    name: str
    size: int
    changed: int

    @property
    def is_compressed(self) -> bool:
        return self.name.endswith(_COMPRESSED)


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file that begins as ``original`` does, first seen at ``since``: perhaps the copy that is made before a file is truncated."""

    original: tuple[int, int]
    since: float


class Follower:
    """Follows the files of ``path`` whose names fit ``glob``.

    ``from_end``: what is in the files that are there at the very first look is left out. ``tell_gap`` is told where lines are lost.
    """

    def __init__(
        self,
        path: str,
        glob: str,
        positions: Positions,
        encoding: str | None,
        first_line: Pattern | None,
        tell_gap: Callable[..., Any],
        *,
        from_end: bool,
    ) -> None:
        self._path = path
        self._glob = glob
        self._positions = positions
        self._encoding = encoding
        self._first_line = first_line
        self._tell_gap = tell_gap
        self._from_end = from_end and positions.is_new
        self._known = {file.key: file for file in positions.files()}
        self._open: dict[tuple[int, int], _Open] = {}
        self._copies: dict[tuple[int, int], _Copy] = {}
        self._read_whole: dict[tuple[int, int], int] = {}
        self._missing: set[tuple[int, int]] = set()
        self._told: set[str] = set()
        self._lock = Lock()
        self._closed = False

    def look(self, now: float) -> list[Followed]:
        """Return the files that are followed, as they are at ``now`` (monotonic seconds).

        Raises ``OSError`` if the folder cannot be read.
        """
        with self._lock:
            return self._look(now)

    def _look(self, now: float) -> list[Followed]:
        if self._closed:
            return []
        there = self._listed()
        begun_again = [old for file in list(self._known.values()) if (old := self._looked_at(file, there.get(file.key), now)) is not None]
        for key, listed in there.items():
            wanted = fnmatchcase(listed.name, self._glob) and not listed.name.startswith(".") and not listed.is_compressed
            if wanted and listed.size and key not in self._known:
                self._meet(key, listed.name, now, begun_again)
        for old in begun_again:
            self._told_again(old)
        self._copies = {key: copy for key, copy in self._copies.items() if key in there}
        self._read_whole = {key: changed for key, changed in self._read_whole.items() if key in there}
        self._missing = {key for key in self._known if key not in there}
        self._from_end = False
        return list(self._known.values())

    def piece(self, file: Followed, now: float, observed: int) -> Piece | None:
        """Return what is new in a file, at most ``READ_BYTES`` of it. ``observed``: now, in nanoseconds since 1970 UTC.

        When it was first read is kept before this returns, so that after a crash a line without a time has the same once more.
        """
        with self._lock:
            return self._piece(file, now, observed)

    def _piece(self, file: Followed, now: float, observed: int) -> Piece | None:
        seen = self._open.get(file.key)
        if seen is None:
            return None
        chunk = os.pread(seen.descriptor, READ_BYTES, file.position)
        at_end = len(chunk) < READ_BYTES
        encoding = self._encoding if self._encoding not in {None, "utf-16"} else _encoding(seen.descriptor) or self._encoding
        cutter = Cutter(encoding, self._first_line)
        if file.skipping:
            size, ends = cutter.skipped(chunk)
            return Piece(file, [], self._after(file, seen, size, skipping=not ends)) if size else None
        quiet = at_end and now - seen.since >= QUIET_SECONDS
        final = quiet and (file.rotated or seen.gone)
        cuts = cutter.cut(chunk, quiet=quiet, final=final)
        if not cuts.size:
            if final:
                self._finish(file, gone=seen.gone)
            return None
        if file.observed_until <= file.position:
            file = replace(file, observed=observed, observed_until=file.position + cuts.size)
            self._keep(file)
        return Piece(file, cuts.records, self._after(file, seen, cuts.size, skipping=cuts.unfinished and not final))

    def done(self, piece: Piece) -> None:
        """Keep that the journal has a piece."""
        with self._lock:
            self._keep(piece.after)

    def close(self) -> None:
        """Close all files, once nobody reads in them any more; nothing is opened again."""
        with self._lock:
            self._closed = True
            for seen in self._open.values():
                os.close(seen.descriptor)
            self._open.clear()

    def _listed(self) -> dict[tuple[int, int], _Listed]:
        """Return every regular file in the folder, hidden and compressed ones included, by device and inode."""
        found = {}
        with os.scandir(self._path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        found[status.st_dev, status.st_ino] = _Listed(entry.name, status.st_size, status.st_ctime_ns)
        return found

    def _looked_at(self, file: Followed, there: _Listed | None, now: float) -> Followed | None:
        """Look at a known file; return it as it was if it begins again."""
        seen = self._open.get(file.key) or self._opened_again(file, there, now)
        if seen is None:
            return None
        size = os.fstat(seen.descriptor).st_size
        seen.gone = there is None
        if size != seen.size:
            seen.last_size, seen.size, seen.since = seen.size, size, now
        if there is not None and _shown(there.name) != file.name and not file.rotated:
            file = self._keep(replace(file, rotated=True))
        if _goes_on(seen, file):
            return None
        self._keep(Followed(*file.key, file.name, self._positions.next_turn(file.name), rotated=file.rotated))
        return file

    def _opened_again(self, file: Followed, there: _Listed | None, now: float) -> _Open | None:
        """Open a known file that nobody held open; None if there is nothing to read in it.

        While nobody held it, it may have been deleted, and its inode given to another file, such as the one it was compressed to.
        """
        if there is None:
            if file.key in self._missing:  # twice: a folder that is listed while a file in it is renamed may show it under neither name
                self._forget(file)
            return None
        if self._read_whole.get(file.key) == there.changed:
            return None
        seen = self._open_file(file.key, there.name, now)
        if seen is None:
            return None
        goes_on = _goes_on(seen, file)
        if there.is_compressed or (not goes_on and (file.rotated or _shown(there.name) != file.name)):
            self._forget(file)
            return None
        if goes_on and file.rotated and seen.size == file.position:
            self._finish(file, gone=False)
            self._read_whole[file.key] = there.changed
            return None
        return seen

    def _forget(self, file: Followed) -> None:
        if not file.rotated:
            self._tell_gap("a log file is gone, and nobody read its last lines", file=file.name)
        self._finish(file, gone=True)

    def _meet(self, key: tuple[int, int], name: str, now: float, begun_again: list[Followed]) -> None:
        """Follow a file that is new here; go on where its original was if it is a copy, which is known for certain a little later."""
        if len(self._known) >= FILES_MAX:
            self._tell_once(f"only {FILES_MAX} log files are followed; narrow 'glob'", name)
            return
        seen = self._open_file(key, name, now)
        if seen is None:
            return
        copy = self._copies.get(key)
        for old in begun_again:
            if (copy is not None and copy.original == old.key) or _holds(seen, old):
                begun_again.remove(old)
                self._copies.pop(key, None)
                position = min(old.position, seen.size)
                self._keep(
                    replace(old, device=key[0], inode=key[1], position=position, mark=_mark(seen.descriptor, position), rotated=True)
                )
                return
        if copy is None and not self._from_end:
            written = (other.key for other in self._known.values() if other.key in self._open and not other.rotated)
            alike = (other for other in written if _are_alike(self._open[other], seen))
            original = next(alike, None)
            copy = None if original is None else self._copies.setdefault(key, _Copy(original, now))
        if copy is not None and now - copy.since < COPY_SECONDS:
            os.close(self._open.pop(key).descriptor)
            return
        is_copy = copy is not None and self._is_copy(copy.original, seen)
        position = seen.size if is_copy or self._from_end else 0
        self._copies.pop(key, None)
        mark, shown = _mark(seen.descriptor, position), _shown(name)
        self._keep(Followed(*key, shown, self._positions.next_turn(shown), position, mark, rotated=is_copy))

    def _is_copy(self, key: tuple[int, int], copy: _Open) -> bool:
        """Return whether all of an open file was read in another one."""
        original = self._open.get(key)
        is_read = original is not None and self._known[key].position >= copy.size
        return original is not None and is_read and _mark(original.descriptor, copy.size) == _mark(copy.descriptor, copy.size)

    def _told_again(self, old: Followed) -> None:
        """Say that a file begins again; what was in it and not read is lost."""
        _LOG.info("a log file begins again", extra={"fields": {"file": old.name, "read_bytes": old.position}})
        seen = self._open.get(old.key)
        if seen is not None and seen.last_size > old.position:
            self._tell_gap("a log file was truncated before its last lines were read", file=old.name)

    def _open_file(self, key: tuple[int, int], name: str, now: float) -> _Open | None:
        """Open a file that was found; None if it cannot be, or is another one by now."""
        try:
            descriptor = os.open(f"{self._path}/{name}", _FILE)
        except OSError as error:
            self._tell_once(str(error), name)
            return None
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != key:
            os.close(descriptor)
            return None
        self._open[key] = seen = _Open(descriptor, status.st_size, status.st_size, now)
        return seen

    def _after(self, file: Followed, seen: _Open, size: int, *, skipping: bool) -> Followed:
        position = file.position + size
        return replace(file, position=position, mark=_mark(seen.descriptor, position), skipping=skipping)

    def _keep(self, file: Followed) -> Followed:
        self._positions.keep(file)
        self._known[file.key] = file
        return file

    def _finish(self, file: Followed, *, gone: bool) -> None:
        """Close a file to which nobody writes any more; forget it if it is gone."""
        seen = self._open.pop(file.key, None)
        if seen is not None:
            os.close(seen.descriptor)
        if gone:
            self._positions.forget(file)
            del self._known[file.key]

    def _tell_once(self, why: str, name: str) -> None:
        if name not in self._told and len(self._told) < FILES_MAX:
            self._told.add(name)
            _LOG.error("a log file cannot be read; the others are", extra={"fields": {"file": f"{self._path}/{_shown(name)}", "why": why}})


def _shown(name: str) -> str:
    """Return a file's name as text: it may have bytes that are none."""
    return os.fsencode(name).decode("utf-8", "replace")


def _mark(descriptor: int, position: int) -> bytes:
    """Return a digest of what is just before a position; empty if it is the beginning."""
    begin = max(0, position - _MARK_BYTES)
    return hashlib.blake2b(os.pread(descriptor, position - begin, begin), digest_size=16).digest() if position else b""


def _goes_on(seen: _Open, file: Followed) -> bool:
    """Return whether an open file still holds what was read of it."""
    return seen.size >= file.position and _mark(seen.descriptor, file.position) == file.mark


def _holds(seen: _Open, file: Followed) -> bool:
    """Return whether an open file holds what another one held just before the place up to which that was read."""
    return 0 < file.position <= seen.size and _mark(seen.descriptor, file.position) == file.mark


def _are_alike(one: _Open, other: _Open) -> bool:
    size = min(other.size, _MARK_BYTES)
    return os.pread(one.descriptor, size, 0) == os.pread(other.descriptor, size, 0)


def _encoding(descriptor: int) -> str | None:
    """Return the encoding that the byte order mark of a file says; None for UTF-8, and if there is none."""
    beginning = os.pread(descriptor, 2, 0)
    return {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(beginning)
