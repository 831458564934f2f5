"""The position of a polling receiver, on disk: one synchronous transaction for every page that the journal has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from core.config import make_folder

LOCK_SECONDS = 10.0
ASKED_AT_ONCE = 500


class Cursor:
    """``newest`` is the highest rank handed over, ``reached`` the one up to which a complete pass has looked (None: not yet).

    The events of the overlap are remembered one by one.

    ``identity`` is what is read (database, table, key, change column): a different one starts from the beginning.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        make_folder(folder)
        self._path = folder / "cursor.sqlite"
        self._identity = identity
        with self._open() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS seen (event BLOB PRIMARY KEY, change_rank INTEGER NOT NULL) WITHOUT ROWID")
            connection.execute("CREATE INDEX IF NOT EXISTS seen_by_rank ON seen (change_rank)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS cursor (one INTEGER PRIMARY KEY CHECK (one = 1), identity TEXT, newest INTEGER, reached INTEGER)"
            )
            found = connection.execute("SELECT identity, newest, reached FROM cursor").fetchone()
        self.newest: int | None
        self.reached: int | None
        self.newest, self.reached = found[1:] if found and found[0] == identity else (None, None)
        if found and found[0] != identity:
            self.forget()

    def known(self, events: Sequence[bytes]) -> set[bytes]:
        """Return which of the events were already handed over."""
        found: set[bytes] = set()
        with self._open() as connection:
            for start in range(0, len(events), ASKED_AT_ONCE):
                asked = events[start : start + ASKED_AT_ONCE]
                statement = f"SELECT event FROM seen WHERE event IN ({','.join('?' * len(asked))})"
                found.update(event for (event,) in connection.execute(statement, asked))
        return found

    def save(self, seen: dict[bytes, int], newest: int | None, forget_below: int | None) -> None:
        """Add events; move the cursor forward; drop what comes before every later pass."""
        if newest is not None:
            self.newest = newest if self.newest is None else max(newest, self.newest)
        with self._open() as connection:
            connection.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", seen.items())
            connection.execute("INSERT OR REPLACE INTO cursor VALUES (1, ?, ?, ?)", (self._identity, self.newest, self.reached))
            if forget_below is not None:
                connection.execute("DELETE FROM seen WHERE change_rank < ?", (forget_below,))

    def finish(self, reached: int) -> None:
        """Record that a complete pass is done: everything up to ``reached`` that existed when it began was handed over."""
        self.reached = reached
        with self._open() as connection:
            connection.execute("UPDATE cursor SET reached = ?", (reached,))

    def forget(self) -> None:
        """Begin again."""
        self.newest = self.reached = None
        with self._open() as connection:
            connection.execute("DELETE FROM seen")
            connection.execute("DELETE FROM cursor")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=LOCK_SECONDS)) as connection, connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
