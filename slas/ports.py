"""What evaluation needs from the store. Frames carry times as datetime64 in UTC without a zone; column names are those of the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import pandas as pd


class ClockStore(Protocol):
    """Transactions in, clocks and verdicts out."""

    def changed_transactions(self, after: int, limit: int) -> pd.DataFrame:
        """Return current rows of ``transactions`` with ``revision > after``, in rising order of revision, at most about ``limit`` rows
        but never part of a revision."""
        ...

    def clocks_of(self, transactions: pd.DataFrame) -> pd.DataFrame:
        """Return the current rows of ``clocks`` for the pairs in columns ``flow``, ``transaction_id`` (removed ones included)."""
        ...

    def due_clocks(self, now: datetime) -> pd.DataFrame:
        """Return current rows of ``clocks`` with ``next_at <= now`` that are not removed."""
        ...

    def next_deadline(self) -> datetime | None:
        """Return the earliest ``next_at`` of all clocks, or None."""
        ...

    def save(self, clocks: pd.DataFrame, verdicts: pd.DataFrame, cursor: int | None) -> int:
        """Write verdicts, then clocks, then the cursor of stage ``evaluate``; fill in ``revision`` and return it."""
        ...
