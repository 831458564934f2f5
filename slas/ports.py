"""What evaluation needs from the store. Frames carry times as datetime64 in UTC without a zone; column names are those of the tables.

Times inside the map columns of ``transactions`` (``first_at``, ``last_at``, ``reached``, ``moments``) are int milliseconds since 1970-01-01
UTC, as are the times in ``paused`` of ``clocks`` (None: not over): there are many of them, and evaluation calculates in milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class ClockStore(Protocol):
    """Transactions in, clocks and verdicts out.

    Every method that returns transactions raises :class:`core.errors.NoRoom` while the maximum number of rows is waiting for the store's
    disk.
    """

    def changed_transactions(self, limit: int) -> tuple[pd.DataFrame, pd.DataFrame, int, bool]:
        """Return current rows of the ``transactions`` that changed above the cursor of stage ``evaluate``, and their clocks.

        Also the revision up to which these are complete (the new cursor; 0: nothing changed), and whether there may be more. At most about
        ``limit`` changes, but always whole revisions. The clocks are those of :meth:`clocks_of`.
        """
        ...

    def due_transactions(self, now: datetime, limit: int) -> pd.DataFrame:
        """Return current rows of the transactions that have a clock with ``next_at <= now``, the earliest first."""
        ...

    def clocks_of(self, transactions: pd.DataFrame) -> pd.DataFrame:
        """Return the current rows of ``clocks`` for the pairs in columns ``flow``, ``transaction_id`` (including removed ones).

        In place of ``paused`` they have ``pauses``, a text (:func:`core.verdict.pauses_as_text`).
        """
        ...

    def next_deadline(self) -> datetime | None:
        """Return the earliest ``next_at`` of all clocks, or None."""
        ...

    def save(self, clocks: pd.DataFrame, verdicts: pd.DataFrame, cursor: int | None) -> None:
        """Write verdicts, then clocks, then the cursor of stage ``evaluate``; fill in ``revision``."""
        ...


class SourceActivity(Protocol):
    """What else can change a verdict: sources that become silent."""

    def last_seen(self) -> pd.DataFrame:
        """Return ``source`` and ``last_seen`` (the latest arrival of any signal) of every source seen so far."""
        ...

    def expected_since(self, sources: Collection[str], now: datetime) -> dict[str, datetime]:
        """Return since when each of these sources has been expected, and store it.

        For a source that was not expected before, that is ``now``. A source that is left out is forgotten: if it is named again, it is
        expected anew.
        """
        ...

    def note_silences(self, since: Mapping[str, datetime], silent: Mapping[str, datetime]) -> None:
        """Write for each source in ``since`` when it became or becomes ``silent``; a source that is not in ``silent`` is not silent."""
        ...

    def unknown_transactions(self) -> pd.DataFrame:
        """Return current rows of the transactions that have a clock whose verdict is unknown."""
        ...


class QueueActivity(Protocol):
    """How queues move, as somebody tells."""

    def last_slices(self, sources: Collection[str]) -> Mapping[str, int]:
        """Return by source a number that rises whenever a signal of it is loaded; a source without one since the start is left out."""
        ...

    def queue_movement(self, since: datetime, limit: int) -> pd.DataFrame:
        """Return how each queue moved that was told of since then; ``limit`` in milliseconds, as are all times (0: not since then).

        Columns: source, queue, reader, ``at`` and ``first_at`` (when it was told of last and first), ``inside`` (messages that waited or
        were unacknowledged then), dead_letters, ``moved_at`` (something left it, or nothing was in it), ``dead_at`` (it got dead letters),
        ``least`` (inside, over the last limit before ``at``) and ``most_before`` (over the one before; missing: nothing was told then).
        """
        ...


class Unseen(Protocol):
    """What was received but could not be stored: it may be what a deadline is waiting for."""

    def names(self, transactions: pd.DataFrame) -> NDArray[np.bool_]:
        """Return for each of these transactions whether any of that may belong to it."""
        ...


class PromiseHistory(Protocol):
    """By which promises of the catalog transactions were evaluated, and which ones a change affects."""

    def open_transactions(self, flows: list[str], after: str, limit: int) -> pd.DataFrame:
        """Return current rows of transactions of these flows with ``transaction_id > after``, in that order.

        Only those that are open, and those that have ended but still have a clock that has not.
        """
        ...

    def evaluated_by(self) -> dict[str, int]:
        """Return by flow the hash of the promises by which its transactions were last evaluated."""
        ...

    def note_evaluated_by(self, promises: Mapping[str, int]) -> None:
        """Store by flow the hash of the promises by which all its transactions are evaluated; 0: the flow no longer has any."""
        ...
