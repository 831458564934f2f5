"""Rows that the store's disk did not take: they wait in memory, in the order they came, until it does, and are read from here meanwhile.

So verdicts and incidents are decided and told while a disk is full. A file beside the store has them too, for an engine that ends meanwhile; where
that cannot be written either, what was decided follows from the journal and is decided again. They have a bound: once so many wait, no more
clocks are evaluated until there is room.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from core.errors import NoRoom
from store.held_file import HeldFile

log = logging.getLogger("store.held")

Columns = Mapping[str, Sequence[Any]]
CLOCK_KEY = ["flow", "sla", "transaction_id"]
ROWS_MAX = 100_000
"""How many rows may wait before no more clocks are evaluated; a late order makes three, of 400 to 600 bytes each: some 60 MiB in all."""
CLOCK_TIMES = ("started_at", "warn_at", "due_at", "stopped_at", "next_at", "verdict_at")


@dataclass(slots=True)
class Batch:
    """Tables to insert, and ``kept``: those that are to be kept in the journal afterwards. What is inserted is taken out."""

    tables: dict[str, Columns]
    kept: Mapping[str, Columns]
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        self.rows = sum(len(next(iter(columns.values()), ())) for columns in self.tables.values())


class Held:
    """The batches that wait. Any thread may call."""

    def __init__(self, write: Callable[[Batch], None], flush: Callable[[], None]) -> None:
        """``write`` inserts a batch as far as the disk takes it, and raises :class:`core.errors.NoRoom`; ``flush`` ends what is written behind."""
        self._write = write
        self._flush = flush
        self._lock = threading.Lock()
        self._batches: list[Batch] = []
        self._rows = 0
        self._full = False
        self._file: HeldFile | None = None

    def keep_in(self, file: HeldFile, batches: list[Batch]) -> None:
        """Have in ``file`` from now on what waits; ``batches`` are those that it had, and wait first."""
        with self._lock:
            self._file = file
            self._batches[:0] = batches
            self._rows += sum(batch.rows for batch in batches)
        write_where_there_is_room(self)

    def __len__(self) -> int:
        return len(self._batches)

    def require_room(self) -> None:
        """Raise :class:`core.errors.NoRoom` while as many rows wait as may."""
        full, before = self._rows >= ROWS_MAX, self._full
        self._full = full
        if full and not before:
            log.error(
                "as much waits in memory for the disk as may; no clock is evaluated until there is room",
                extra={"fields": {"rows": self._rows}},
            )
        if full:
            raise NoRoom(f"{self._rows:,} rows wait in memory for the disk of the store")

    def add(self, batch: Batch) -> None:
        """Let a batch wait behind those that wait already."""
        with self._lock:
            if not self._batches:
                log.error("the disk of the store takes nothing; what is decided waits in memory until it does")
            self._batches.append(batch)
            self._rows += batch.rows
            self._note()

    def write(self) -> None:
        """Write what waits. Raises :class:`core.errors.NoRoom` while the disk does not take it; nothing is forgotten then."""
        self._flush()  # before the lock is taken: what this thread writes behind may come to wait here, too
        with self._lock:
            written = 0
            try:
                while self._batches:
                    self._write(self._batches[0])
                    self._rows -= self._batches.pop(0).rows
                    written += 1
            finally:
                if written:
                    self._note()
                if written and not self._batches:
                    log.warning(
                        "the disk of the store takes rows again; all that waited is written", extra={"fields": {"batches": written}}
                    )

    def _note(self) -> None:
        if self._file is not None:
            self._file.write([{"tables": batch.tables, "kept": batch.kept} for batch in self._batches])

    def columns(self, table: str) -> list[Columns]:
        """Return what waits for a table, in the order it came."""
        with self._lock:
            return [batch.tables[table] for batch in self._batches if table in batch.tables]

    def clocks(self) -> pd.DataFrame:
        """Return the latest row of each clock that waits, as they are read from the store: without ``paused``, times naive UTC.

        Ask before the store is asked: what is written in between is then in both.
        """
        frames = [_frame(columns) for columns in self.columns("clocks")]
        if not frames:
            return pd.DataFrame()
        latest: pd.DataFrame = pd.concat(frames, ignore_index=True).drop_duplicates(CLOCK_KEY, keep="last", ignore_index=True)
        return latest


def over(stored: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return clocks as they were read from the store, with the held ones in place of those that they follow."""
    if not len(held):
        return stored
    if not len(stored):
        return held
    before = stored.merge(held[CLOCK_KEY], on=CLOCK_KEY, how="left", indicator=True)["_merge"].to_numpy() == "left_only"
    both: pd.DataFrame = pd.concat([stored[before], held[stored.columns]], ignore_index=True)
    return both


def _frame(columns: Columns) -> pd.DataFrame:
    nothing = np.iinfo(np.int64).min  # what numpy reads as "not a time"
    found: dict[str, Any] = {}
    for name, values in columns.items():
        if name in CLOCK_TIMES:
            found[name] = np.array([nothing if at is None else at for at in values], np.int64).view("datetime64[ms]")
        elif name != "paused":
            found[name] = list(values)
    return pd.DataFrame(found)


def write_where_there_is_room(held: Held) -> None:
    """Write what waits as far as the disk takes it."""
    try:
        held.write()
    except NoRoom:
        return
