"""What evaluation needs from the store. Frames carry times as datetime64 in UTC without a zone; column names are those of the tables.

Inside the map columns of ``transactions`` (``first_at``, ``last_at``, ``reached``) times are int milliseconds since 1970-01-01 UTC, and the
pairs in ``paused`` of ``clocks`` are too (None: not over): there are many of them, and evaluation reckons in milliseconds.
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

    Whatever returns transactions raises :class:`core.errors.NoRoom` while as many rows wait for the store's disk as may.
    """

    def changed_transactions(self, limit: int) -> tuple[pd.DataFrame, pd.DataFrame, int, bool]:
        """Return current rows of the ``transactions`` that changed above the cursor of stage ``evaluate``, and their clocks.

        Then the revision up to which these are all (the new cursor; 0: nothing changed), and whether there may be more. At most about
        ``limit`` changes, but never part of a revision. The clocks are those of :meth:`clocks_of`.
        """
        ...

    def due_transactions(self, now: datetime, limit: int) -> pd.DataFrame:
        """Return current rows of the transactions that have a clock with ``next_at <= now``, the earliest first."""
        ...

    def clocks_of(self, transactions: pd.DataFrame) -> pd.DataFrame:
        """Return the current rows of ``clocks`` for the pairs in columns ``flow``, ``transaction_id`` (removed ones included)."""
        ...

    def next_deadline(self) -> datetime | None:
        """Return the earliest ``next_at`` of all clocks, or None."""
        ...

    def save(self, clocks: pd.DataFrame, verdicts: pd.DataFrame, cursor: int | None) -> None:
        """Write verdicts, then clocks, then the cursor of stage ``evaluate``; fill in ``revision``."""
        ...


class SourceActivity(Protocol):
    """What else may change a verdict: sources that fall silent."""

    def last_seen(self) -> pd.DataFrame:
        """Return ``source`` and ``last_seen`` (the latest arrival of any signal) of every source heard so far."""
        ...

    def expected_since(self, sources: Collection[str], now: datetime) -> dict[str, datetime]:
        """Return since when each of these sources is expected to be heard, and remember it for good.

        That is ``now`` for one that was not expected before. One that is left out is forgotten: named again, it is expected anew.
        """
        ...

    def note_silences(self, since: Mapping[str, datetime], silent: Mapping[str, datetime]) -> None:
        """Write for each source expected ``since`` then from when on it is ``silent``; one that is not in there is heard."""
        ...

    def unknown_transactions(self) -> pd.DataFrame:
        """Return current rows of the transactions that have a clock whose verdict is unknown."""
        ...


class Unseen(Protocol):
    """What was received and could not be stored: it may be what a deadline waits for."""

    def names(self, transactions: pd.DataFrame) -> NDArray[np.bool_]:
        """Return of each of these transactions whether something of it may be about that transaction."""
        ...


class PromiseHistory(Protocol):
    """By which promises of the catalog transactions were evaluated, and whom a changed one concerns."""

    def open_transactions(self, flows: list[str], after: str, limit: int) -> pd.DataFrame:
        """Return current rows of transactions of these flows with ``transaction_id > after``, in that order.

        Those that are open, and those that have ended with a clock that has not.
        """
        ...

    def evaluated_by(self) -> dict[str, int]:
        """Return by flow the hash of the promises that its transactions were last evaluated by."""
        ...

    def note_evaluated_by(self, promises: Mapping[str, int]) -> None:
        """Remember by flow the hash of the promises that all its transactions are evaluated by; 0: the flow has none any more."""
        ...
