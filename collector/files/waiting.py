"""Which files wait to be read, on disk: a folder may hold any number of them, and none may hide those behind it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from collector.files.place import Found
from core.config import make_folder

AGAIN_SECONDS = 600.0
"""The longest time after which a file that could not be read is tried again."""
_SCHEMA = """
    CREATE TABLE waiting (
        path BLOB PRIMARY KEY, size INTEGER, written INTEGER, since REAL, look INTEGER, wait REAL DEFAULT 0, again REAL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE markers (path BLOB PRIMARY KEY) WITHOUT ROWID;
"""
_ADD = """
    INSERT INTO waiting (path, size, written, since, look) VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET
        since = iif((size, written) = (excluded.size, excluded.written), since, excluded.since),
        again = iif((size, written) = (excluded.size, excluded.written), again, 0),
        size = excluded.size, written = excluded.written, look = excluded.look
"""
_READY = """
    SELECT path, size, written FROM waiting
    WHERE look = :look AND again <= :now AND iif(:marked, path IN (SELECT path FROM markers), since <= :now - :still)
    ORDER BY wait, written, path LIMIT :at_most
"""


class WaitingFiles:
    """The new files of a folder: since when each is as it is, which have their marker, and which could not be read.

    All times are monotonic seconds, so that nothing is kept over a start. Raises ``sqlite3.Error``.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._path = folder / "waiting.sqlite"
        self._path.unlink(missing_ok=True)
        self._look = 0
        with self._open() as connection:
            connection.executescript(_SCHEMA)

    def begin(self) -> None:
        """Begin another look at the folder."""
        self._look += 1
        with self._open() as connection:
            connection.execute("DELETE FROM markers")

    def add(self, files: Sequence[Found], markers: Sequence[str], now: float) -> None:
        """Add files, and paths of files whose marker is there."""
        with self._open() as connection:
            connection.executemany(_ADD, [(_key(file.path), file.size, file.written, now, self._look) for file in files])
            connection.executemany("INSERT OR IGNORE INTO markers VALUES (?)", [(_key(path),) for path in markers])

    def end(self) -> None:
        """Forget the files that this look has not seen."""
        with self._open() as connection:
            connection.execute("DELETE FROM waiting WHERE look != ?", (self._look,))

    def ready(self, now: float, still_seconds: float, at_most: int, *, marked: bool) -> list[Found]:
        """Return the files that are whole: those with a marker if ``marked``, else those that are still.

        The oldest first, and those that could not be read behind the others, once it is their time again.
        """
        wanted = {"look": self._look, "now": now, "still": still_seconds, "at_most": at_most, "marked": marked}
        with self._open() as connection:
            found = connection.execute(_READY, wanted).fetchall()
        return [Found(path.decode("utf-8", "surrogateescape"), size, written) for path, size, written in found]

    def refuse(self, file: Found, now: float, first_seconds: float) -> bool:
        """Let a file that could not be read wait, twice as long each time; return whether it is the first time."""
        with self._open() as connection:
            (wait,) = connection.execute("SELECT wait FROM waiting WHERE path = ?", (_key(file.path),)).fetchone()
            longer = min(2 * wait, AGAIN_SECONDS) if wait else first_seconds
            connection.execute("UPDATE waiting SET wait = ?, again = ? WHERE path = ?", (longer, now + longer, _key(file.path)))
        return not wait

    def remove(self, file: Found) -> None:
        """Remove a file that was read, or is not as it was seen any more."""
        with self._open() as connection:
            connection.execute("DELETE FROM waiting WHERE path = ?", (_key(file.path),))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = MEMORY")
            yield connection


def _key(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
