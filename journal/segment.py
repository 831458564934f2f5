"""The journal segment that is being written: a SQLite file in WAL mode with ``synchronous=FULL``."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import apsw

from core.disk import NO_ROOM
from core.file_lock import lock
from core.folder import make_folder, sync_folder
from core.signal import Record
from journal.format import BUSY_MILLISECONDS, SCHEMA, checksum, closing_checksum
from journal.salvage import PAGE_BYTES

CHECKPOINT_PAGES = 256
ROW_OVERHEAD_BYTES = 128
STATEMENT_ROWS = 64
STATEMENT_BYTES = 2 << 20
"""SQLite keeps a copy of what one statement writes."""
LOCK_FILE = "lock"
"""In the folder of a collector, locked by its writer."""
Row = tuple[str, str, int, int, str, bytes, int]
_INSERT = "INSERT INTO records (kind, source, received_at, count, detail, body, checksum) VALUES "
_VALUES = "(?,?,?,?,?,?,?)"


class SegmentWriter:
    """Writes records to one file. ``size`` is the number of bytes in the file and its WAL, counted as they are written.

    If the disk accepts no more (:data:`core.disk.NO_ROOM`), every method raises ``OSError`` with that number. A transaction that ends this
    way has left pages in the WAL that do not count. What follows belongs in another segment, where its ids cannot coincide with those of
    such pages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _create(path)
        self._connection = apsw.Connection(str(path))
        self._connection.set_busy_timeout(BUSY_MILLISECONDS)
        with _told_as_system_errors(self._connection, path):
            self._connection.pragma("synchronous", "full")
        self._connection.wal_autocheckpoint(CHECKPOINT_PAGES)
        self.size = 0
        self.last_id = 0

    def append(self, rows: Sequence[Row]) -> int:
        """Write rows in one transaction and return the id of the first; they are on disk when this returns."""
        first = self.last_id + 1
        with _told_as_system_errors(self._connection, self.path):
            portions = _portions(rows)
            if len(portions) == 1:
                self._insert(rows)
            else:
                self._insert_many(portions)
        self.last_id += len(rows)
        self.size += sum(len(row[5]) + len(row[4]) + ROW_OVERHEAD_BYTES for row in rows)
        return first

    def _insert_many(self, portions: list[Sequence[Row]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for rows in portions:
                self._insert(rows)
            self._connection.execute("COMMIT")
        except apsw.Error:
            if self._connection.in_transaction:  # SQLite itself rolls back what did not fit
                self._connection.execute("ROLLBACK")
            raise

    def _insert(self, rows: Sequence[Row]) -> None:
        # One statement for all rows: between two statements the interpreter's lock is released, and a busy event loop keeps it.
        self._connection.execute(_INSERT + ",".join([_VALUES] * len(rows)), tuple(itertools.chain.from_iterable(rows)))

    def close(self, at: int) -> None:
        """Mark the segment as closed at ``at`` (milliseconds UTC) and release it; nothing will ever be added to it.

        If the mark cannot be written, the existence of the next segment closes it.
        """
        try:
            with _told_as_system_errors(self._connection, self.path):
                self._connection.execute("INSERT INTO closed VALUES (?, ?, ?)", (at, self.last_id, closing_checksum(at, self.last_id)))
                with contextlib.suppress(
                    apsw.BusyError
                ):  # a reader may hold the WAL; it stays beside the file, which is complete either way
                    self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            self._connection.close()


def _portions(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """Return the rows in order, grouped so that one statement may write each group."""
    portions: list[Sequence[Row]] = []
    first = size = 0
    for at, row in enumerate(rows):
        size += len(row[5])
        if at > first and (at - first == STATEMENT_ROWS or size > STATEMENT_BYTES):
            portions.append(rows[first:at])
            first, size = at, len(row[5])
    return [*portions, rows[first:]]


@contextlib.contextmanager
def _told_as_system_errors(connection: apsw.Connection, path: Path) -> Iterator[None]:
    """Raise errors that mean the disk accepts no more as ``OSError``, and all others as they are."""
    try:
        yield
    except (apsw.FullError, apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError) as error:
        number = errno.ENOSPC if isinstance(error, apsw.FullError) else connection.system_errno
        if number not in NO_ROOM:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def _create(path: Path) -> None:
    """Create an empty segment, named only once it is complete: turning on WAL needs exclusive access, and a reader may be quick."""
    unfinished = path.with_suffix(".new")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch()  # the system says why a file cannot be created; SQLite says only that it cannot
        connection = apsw.Connection(str(unfinished))
        try:
            with _told_as_system_errors(connection, unfinished):
                connection.pragma("page_size", PAGE_BYTES)
                connection.pragma("journal_mode", "wal")
                connection.pragma("synchronous", "full")
                connection.execute(SCHEMA)
        finally:
            connection.close()
        unfinished.replace(path)
        sync_folder(path.parent)
    except OSError:
        for name in (unfinished, unfinished.with_name(unfinished.name + "-wal"), unfinished.with_name(unfinished.name + "-shm")):
            with contextlib.suppress(OSError):
                name.unlink(missing_ok=True)
        raise


def make_row(record: Record) -> Row:
    """Return the columns of a record, including its checksum."""
    r = record
    kind = r.kind.value
    return kind, r.source, r.received_at, r.count, r.detail, r.body, checksum(kind, r.source, r.received_at, r.count, r.detail, r.body)


def segment_bytes(path: Path) -> int:
    """Return the bytes that a segment and its WAL take on disk; 0 if it has just been deleted."""
    total = 0
    for name in (path, path.with_name(path.name + "-wal")):
        with contextlib.suppress(FileNotFoundError):
            total += name.stat().st_size
    return total


def lock_folder(folder: Path) -> BinaryIO | None:
    """Return the open file whose lock makes this the folder's only writer until it is closed or the process ends; None: another has it.

    A second writer's segments would close those of the first: what the first acknowledged after that would never be read.
    """
    make_folder(folder)
    # opened for reading, which a read-only disk allows
    file: BinaryIO = os.fdopen(os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CREAT, 0o600), "rb")
    if lock(file):
        return file
    file.close()
    return None
