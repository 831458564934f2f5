"""Write-behind: outcomes of attempts that are known but not stored yet."""

from __future__ import annotations

import logging

import pandas as pd

from alerts.ports import IncidentStore
from core.errors import Retryable

logger = logging.getLogger("andon.alerts")

WRITTEN_TOGETHER = 8
"""The size of a batch of outcomes, and so the most messages per channel that a crash sends a second time."""


class WriteBehind:
    """Outcomes on their way to ``deliveries`` and ``delivery_attempts``.

    Promises: what is added stays here until the store has accepted it, and for each delivery the last state wins. An outage of the store is
    logged once, and so is its end. Not thread-safe: the outbox holds its lock.
    """

    def __init__(self, store: IncidentStore) -> None:
        self._store = store
        self._waiting: list[dict[str, pd.DataFrame]] = []
        self._refused = False

    def __len__(self) -> int:
        """Return how many outcomes wait."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether a whole batch is waiting."""
        return len(self._waiting) >= WRITTEN_TOGETHER

    def add(self, **tables: pd.DataFrame) -> None:
        """Keep rows of ``delivery_attempts`` and ``deliveries`` to be written."""
        self._waiting.append(tables)

    def write(self) -> None:
        """Store what is waiting. Raises what the store raises; nothing is lost then."""
        if not self._waiting:
            return
        tables = {
            name: pd.concat(frames, ignore_index=True)
            for name in ("delivery_attempts", "deliveries")
            if (frames := [one[name] for one in self._waiting if name in one])
        }
        tables["deliveries"] = tables["deliveries"].drop_duplicates("delivery_id", keep="last")
        self._store.save(tables)
        self._waiting.clear()
        if self._refused:
            self._refused = False
            logger.warning("the store accepts the outcomes of deliveries again; none was lost")

    def try_write(self) -> None:
        """Store what is waiting, or keep it for a later call while the store refuses it."""
        try:
            self.write()
        except Retryable:
            if not self._refused:
                self._refused = True
                logger.exception("the store refuses the outcomes of deliveries; they are kept and tried again")
