"""How far a stage has read: in memory, and now and then in the store.

A cursor only saves work: a stage that reads rows again writes the same rows again. So after a crash it repeats what came since its cursor
was last written, which is at most :data:`MOVES` steps, and an ordinary tick is spared a statement and a part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.clock import EPOCH
from store.client import Store
from store.statement import statement

MOVES = 10
"""A cursor is written once it has been moved this often."""


class Cursors:
    """The positions of some stages. One thread only."""

    def __init__(self, store: Store, stages: Sequence[str]) -> None:
        self._store = store
        self._stages = stages
        self._positions: dict[str, int] | None = None
        self._moves = 0
        self._revision = 0
        self._now = EPOCH

    def of(self, stage: str) -> int:
        """Return how far a stage has read; 0: it has not begun."""
        if self._positions is None:
            self._store.flush()
            rows = self._store.rows(statement("cursors"), {"stages": list(self._stages)})
            self._positions = {str(row["stage"]): int(row["position"]) for row in rows}
        return self._positions.get(stage, 0)

    def move(self, positions: Mapping[str, int], revision: int, now: datetime = EPOCH) -> None:
        """Move stages on, in memory at once. Whatever follows from what they read must have been written.

        ``now``: when it was written, for whoever shows how far the stages are.
        """
        self._positions = {**(self._positions or {}), **positions}
        self._revision, self._now = revision, now
        self._moves += 1
        if self._moves >= MOVES:
            self.write()

    def write(self) -> None:
        """Begin to write the positions, if any has moved since they were last written."""
        if not self._moves:
            return
        self._moves = 0
        known = self._positions or {}
        rows: dict[str, list[Any]] = {"stage": list(known), "position": list(known.values())}
        rows |= {"revision": [self._revision] * len(known), "updated_at": [self._now] * len(known)}
        self._store.write_behind(lambda: self._store.insert_or_hold({"cursors": rows}))

    def forget(self) -> None:
        """Read the positions from the store before they are used again."""
        self._positions = None
