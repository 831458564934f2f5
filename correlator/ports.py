"""What correlation needs from the store. Frames have the columns named here, in any order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import pandas as pd

from correlator.fold import Fold


class CorrelationStore(Protocol):
    """Milestone events in, transactions out."""

    def install(
        self,
        selects: Mapping[str, str],
        sifted: Mapping[str, tuple[str, str]],
        rules: Mapping[str, list[Any]],
        definitions: Mapping[str, int],
    ) -> list[str]:
        """Make the views of each signal kind read ``selects``, which join ``rules`` (the columns of ``milestone_rules``).

        Kinds that are ``sifted`` are read by two views, as :class:`correlator.compile.Compiled` says.

        Return the flows whose definition is not the one in force. Their stored signals are read again, and the next runs rebuild their
        transactions.
        """
        ...

    def fresh(self, limit: int) -> tuple[pd.DataFrame, int, bool]:
        """Return the keys of milestone events above the cursor, the slice they reach to, and whether there may be more.

        The keys are as ``link.link`` takes them.

        Whole slices, of about ``limit`` events; slice 0: nothing is above the cursor.
        """
        ...

    def keys_of(self, merges: pd.DataFrame) -> pd.DataFrame:
        """Return flow, key_type, key_value, transaction_id of all keys of the transactions in columns ``flow``, ``from_id``."""
        ...

    def save(self, frames: Mapping[str, pd.DataFrame], position: int, fold: Fold, now: datetime) -> None:
        """Write merges, keys, assigned events and copies (frames by those names), fold, then move the cursors to ``position``.

        Repeatable at any point.
        """
        ...

    def orphans(self) -> int:
        """Return how many milestone events wait for a transaction."""
        ...
