"""How far each log file was read, on disk, so that a restart neither loses a line nor reads one twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

from core.config import make_folder

LOCK_SECONDS = 10.0


@dataclass(slots=True)
class Followed:
    """A log file, known by device and inode, and how far it was read.

    ``name``: when it was first seen, without its folder; it stays when the file is renamed. ``turn``: how many files had the name before,
    or how often this one began again. ``position``: in bytes, behind all that the journal has; ``mark``: a digest of what is before it.
    ``observed``: when what lies between ``position`` and ``observed_until`` was first read, in nanoseconds since 1970 UTC. ``skipping``:
    in a line that is too long. ``rotated``: it has another name now, and nobody is expected to write to it.
    """

    device: int
    inode: int
    name: str
    turn: int = 0
    position: int = 0
    mark: bytes = b""
    observed: int = 0
    observed_until: int = 0
    skipping: bool = False
    rotated: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """What the system knows it by."""
        return self.device, self.inode


class Positions:
    """The files of one folder: one synchronous transaction for every step. Another folder starts anew. Raises ``sqlite3.Error``."""

    def __init__(self, folder: Path, place: str) -> None:
        make_folder(folder)
        self._path = folder / "log_files.sqlite"
        with self._open() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS place (name TEXT)")
            connection.execute("CREATE TABLE IF NOT EXISTS turns (name TEXT PRIMARY KEY, turn INTEGER) WITHOUT ROWID")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS files (device INTEGER, inode INTEGER, name TEXT, turn INTEGER, position INTEGER, mark BLOB,"
                " observed INTEGER, observed_until INTEGER, skipping INTEGER, rotated INTEGER, PRIMARY KEY (device, inode)) WITHOUT ROWID"
            )
            self.is_new = connection.execute("SELECT name FROM place").fetchone() != (place,)
            if self.is_new:
                for table in ("place", "turns", "files"):
                    connection.execute(f"DELETE FROM {table}")
                connection.execute("INSERT INTO place VALUES (?)", (place,))

    def files(self) -> list[Followed]:
        """Return all files that are known."""
        with self._open() as connection:
            return [Followed(*row[:8], *map(bool, row[8:])) for row in connection.execute("SELECT * FROM files")]

    def next_turn(self, name: str) -> int:
        """Return a number that no file of this name had before, from 0."""
        with self._open() as connection:
            (turn,) = connection.execute(
                "INSERT INTO turns VALUES (?, 0) ON CONFLICT (name) DO UPDATE SET turn = turn + 1 RETURNING turn", (name,)
            ).fetchone()
        return int(turn)

    def keep(self, file: Followed) -> None:
        """Keep what is known of a file."""
        with self._open() as connection:
            connection.execute(f"INSERT OR REPLACE INTO files VALUES ({', '.join('?' * 10)})", astuple(file))

    def forget(self, file: Followed) -> None:
        """Forget a file that is gone."""
        with self._open() as connection:
            connection.execute("DELETE FROM files WHERE device = ? AND inode = ?", file.key)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=LOCK_SECONDS)) as connection, connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
