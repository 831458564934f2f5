"""What was read of which file, on disk, so that a restart neither loses nor repeats anything that anybody sees."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from collector.files.place import Found
from core.config import make_folder

LOCK_SECONDS = 10.0


class KnownFiles:
    """The files that were read, and the batches that were handed over of each: one synchronous transaction for every step.

    ``place`` is what is read: another one starts from the beginning. Raises ``sqlite3.Error``.
    """

    def __init__(self, folder: Path, place: str) -> None:
        make_folder(folder)
        self._path = folder / "files.sqlite"
        with self._open() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS place (name TEXT)")
            connection.execute("CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, written INTEGER) WITHOUT ROWID")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS batches (path TEXT, number INTEGER, digest BLOB, PRIMARY KEY (path, number)) WITHOUT ROWID"
            )
            found = connection.execute("SELECT name FROM place").fetchone()
            if found != (place,):
                for table in ("place", "files", "batches"):
                    connection.execute(f"DELETE FROM {table}")
                connection.execute("INSERT INTO place VALUES (?)", (place,))

    def new(self, files: Sequence[Found]) -> list[Found]:
        """Return those that were not read whole as they are now."""
        with self._open() as connection:
            return [
                file
                for file in files
                if connection.execute("SELECT size, written FROM files WHERE path = ?", (file.shown,)).fetchone()
                != (file.size, file.written)
            ]

    def batches(self, file: Found) -> list[bytes]:
        """Return the digests of the batches of a file that were handed over, of this or an earlier version of it, in order."""
        with self._open() as connection:
            found = connection.execute("SELECT digest FROM batches WHERE path = ? ORDER BY number", (file.shown,))
            return [digest for (digest,) in found]

    def add(self, file: Found, number: int, digest: bytes) -> None:
        """Record a batch that the journal has; those behind it belong to an earlier version of the file."""
        with self._open() as connection:
            connection.execute("DELETE FROM batches WHERE path = ? AND number >= ?", (file.shown, number))
            connection.execute("INSERT INTO batches VALUES (?, ?, ?)", (file.shown, number, digest))

    def finish(self, file: Found) -> None:
        """Record that the journal has all of a file."""
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (file.shown, file.size, file.written))

    def forget(self, file: Found) -> None:
        """Forget a file that was taken away."""
        with self._open() as connection:
            connection.execute("DELETE FROM files WHERE path = ?", (file.shown,))
            connection.execute("DELETE FROM batches WHERE path = ?", (file.shown,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=LOCK_SECONDS)) as connection, connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
