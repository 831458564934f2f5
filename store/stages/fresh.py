"""Rows that one stage has just written, for the stage that reads them next: in an ordinary tick it need not ask the store.

The store stays the truth: whatever is not here for certain (after a start, after a failed write, after more rows than are worth keeping) is
read from there. All of it is told in revisions, which rise with every write.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pandas as pd

ROWS_MAX = 20_000
"""More rows than this are read from the store, in batches."""


class FreshRows:
    """The latest rows of one table, in order of revision. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batches: list[tuple[int, pd.DataFrame]] = []
        self._rows = 0
        self._since: int | None = None
        """All rows with a larger revision are here; None: nothing is known yet."""
        self._written = 0

    @property
    def written(self) -> int:
        """Up to which revision rows may have been written."""
        return self._written

    def expect(self, upto: int) -> None:
        """Note that rows are about to be written up to this revision, which :meth:`add` has yet to bring."""
        with self._lock:
            self._written = max(self._written, upto)

    def add(self, frame: pd.DataFrame, upto: int, after: int | None = None) -> None:
        """Add all rows with revisions above ``after`` (None: those of one write) up to ``upto``, with their column ``revision``."""
        with self._lock:
            if self._since is None:
                self._since = upto - 1 if after is None else after
            if after is not None and after > self._reached():
                self._forget(after)
            self._batches.append((upto, frame))
            self._rows += len(frame)
            self._written = max(self._written, upto)
            if self._rows > ROWS_MAX:
                self._forget(upto)

    @contextmanager
    def lost_unless_written(self, revision: int) -> Iterator[None]:
        """Know nothing of rows up to this revision if their write fails: they may be in the store all the same."""
        with ExitStack() as failed:
            failed.callback(self.lose, revision)
            yield
            failed.pop_all()

    def lose(self, upto: int) -> None:
        """Know nothing of rows up to this revision: they were written, or may have been, and are not brought here."""
        with self._lock:
            self._forget(upto)

    def above(self, after: int) -> tuple[pd.DataFrame, int] | None:
        """Return all rows above a revision and the revision they reach to (0: there are none); None: the store must be asked.

        What is not above it is forgotten.
        """
        with self._lock:
            if self._since is None or after < self._since or self._reached() < self._written:
                return None
            self._batches = [(upto, frame) for upto, frame in self._batches if upto > after]
            self._rows = sum(len(frame) for _, frame in self._batches)
            self._since = after
            frames = [frame for _, frame in self._batches if len(frame)]
            if not frames:
                return pd.DataFrame(), self._reached() if self._batches else 0
            return (pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]), self._batches[-1][0]

    def _reached(self) -> int:
        return self._batches[-1][0] if self._batches else self._since or 0

    def _forget(self, upto: int) -> None:
        self._batches, self._rows = [], 0
        self._since = max(upto, self._since or 0)
        self._written = max(upto, self._written)
