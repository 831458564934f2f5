"""Rows that the store's disk did not accept: they wait in memory, in order, until it does, and are read from here in the meantime.

So verdicts and incidents are decided and notified even while a disk is full. A file beside the store also has the rows, in case the engine
ends in the meantime; if that cannot be written either, the decisions follow from the journal and are made again. The number of rows is
limited: once it is reached, no more clocks are evaluated until there is room.
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
from core.verdict import pauses_as_text
from store.disk.held_file import HeldFile

log = logging.getLogger("store.disk.held")

Columns = Mapping[str, Sequence[Any]]
CLOCK_KEY = ["flow", "sla", "transaction_id"]
ROWS_MAX = 100_000
"""How many rows may wait before no more clocks are evaluated; a late order makes three, of 400 to 600 bytes each: some 60 MiB in all."""
CLOCK_TIMES = ("started_at", "warn_at", "due_at", "stopped_at", "next_at", "verdict_at")


@dataclass(slots=True)
class Batch:
    """Tables to insert, and ``kept``: those to be kept in the journal afterwards.

    What has been done is removed, by the thread that does it.
    """

    tables: dict[str, Columns]
    kept: Mapping[str, Columns]
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        self.rows = sum(len(next(iter(columns.values()), ())) for columns in self.tables.values())


class Held:
    """The waiting batches. Any thread may call."""

    def __init__(self, write: Callable[[Batch], None], flush: Callable[[], None]) -> None:
        """``write`` inserts what the disk accepts of a batch, and raises :class:`core.errors.NoRoom`.

        ``flush`` ends the pending write-behind.
        """
        self._write = write
        self._flush = flush
        self._lock = threading.Lock()
        self._batches: list[Batch] = []
        self._rows = 0
        self._full = False
        self._file: HeldFile | None = None

    def keep_in(self, file: HeldFile, batches: list[Batch]) -> None:
        """From now on also keep what waits in ``file``; ``batches`` are those that it had, and they come first."""
        with self._lock:
            self._file = file
            self._batches[:0] = batches
            self._rows += sum(batch.rows for batch in batches)
        write_where_there_is_room(self)

    def __len__(self) -> int:
        return len(self._batches)

    def require_room(self) -> None:
        """Raise :class:`core.errors.NoRoom` while the maximum number of rows is waiting."""
        full, before = self._rows >= ROWS_MAX, self._full
        self._full = full
        if full and not before:
            log.error(
                "the maximum number of rows waits in memory for the disk; no clock is evaluated until there is room",
                extra={"fields": {"rows": self._rows}},
            )
        if full:
            raise NoRoom(f"{self._rows:,} rows wait in memory for the disk of the store")

    def add(self, batch: Batch) -> None:
        """Let a batch wait behind those that are already waiting."""
        with self._lock:
            if not self._batches:
                log.error("the disk of the store accepts nothing; decisions wait in memory until it does")
            self._batches.append(batch)
            self._rows += batch.rows
            self._note()

    def write(self) -> None:
        """Write what is waiting. Raises :class:`core.errors.NoRoom` while the disk does not accept it; nothing is lost then."""
        self._flush()  # before the lock is taken: this thread's write-behind may come to wait here, too
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
                        "the disk of the store accepts rows again; everything that was waiting is written",
                        extra={"fields": {"batches": written}},
                    )

    def _note(self) -> None:
        if self._file is not None:
            self._file.write([{"tables": dict(batch.tables), "kept": batch.kept} for batch in self._batches])

    def columns(self, table: str) -> list[Columns]:
        """Return what is waiting for a table, in order of arrival."""
        with self._lock:
            return [columns for batch in self._batches if (columns := batch.tables.get(table)) is not None]

    def clocks(self) -> pd.DataFrame:
        """Return the latest row of each waiting clock, as read from the store: ``pauses`` in place of ``paused``, times naive UTC.

        Call this before asking the store: anything written in between is then in both answers.
        """
        frames = [_frame(columns) for columns in self.columns("clocks")]
        if not frames:
            return pd.DataFrame()
        latest: pd.DataFrame = pd.concat(frames, ignore_index=True).drop_duplicates(CLOCK_KEY, keep="last", ignore_index=True)
        return latest


def over(stored: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return clocks as read from the store, with the waiting ones in place of those they replace."""
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
        elif name == "paused":
            found["pauses"] = [pauses_as_text(pauses) for pauses in values]
        else:
            found[name] = list(values)
    return pd.DataFrame(found)


def write_where_there_is_room(held: Held) -> None:
    """Write what is waiting, as far as the disk accepts it."""
    try:
        held.write()
    except NoRoom:
        return
