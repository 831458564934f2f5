"""Keeps counting what became of every acknowledged signal, and raises the alarm when the count does not add up.

The identity: acknowledged = stored + duplicates + quarantined + lost + in journal. Duplicates are whatever is left over, so they could hide
a loss. Therefore three things are watched that can only be faults: a negative number of duplicates (signals that nobody acknowledged),
signals received today that were in the store and no longer are, and losses found by the watch over the parts (``losses.py``), which
survive a restart.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from core.clock import Clock
from core.config import Settings
from core.telemetry import M, Telemetry
from store.client import STORE_ERRORS, Store
from store.reads.accounting import account, lost_since, stored_since
from store.reads.connection import Reader
from store.recovery.losses import TOLD_FOR

EVERY_SECONDS = 60.0
SHARE = 20
"""Counting may take this fraction of the time: a large store is counted less often."""
PARTS = ("acknowledged", "in_journal", "stored", "duplicates", "quarantined", "lost")
log = logging.getLogger("store.accountant")


class Accountant:
    """One thread's work; reads only."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, telemetry: Telemetry) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._telemetry = telemetry
        self._today: datetime | None = None
        self._most_today = 0
        self._vanished = 0
        self._vanished_before = 0

    def run(self, stopping: threading.Event) -> None:
        """Count until stopped; runs in a thread of its own."""
        while not stopping.is_set():
            began = self._clock.monotonic()
            try:
                self.count()
            except STORE_ERRORS:
                log.exception("the accounts could not be counted; trying again")
            stopping.wait(max(EVERY_SECONDS, SHARE * (self._clock.monotonic() - began)))

    def count(self) -> dict[str, int]:
        """Count, set the metrics and return the parts. Counts taken while signals are waiting or being loaded are not evaluated."""
        with self._store.own_client() as client:
            found = account(client, self._settings.journal)
            self._look_for_vanished(client)
            lost = lost_since(client, self._clock.now() - TOLD_FOR)
            balanced = not found["in_journal"] and account(client, self._settings.journal) == found
        for part in PARTS:
            self._telemetry.set(M.ACCOUNTED, found[part], part=part)
        invented = max(0, -found["duplicates"]) if balanced else 0
        gone = max(lost, self._vanished + self._vanished_before)
        if balanced or gone:
            self._telemetry.set(M.ACCOUNTING_DIFFERENCE, invented + gone)
        if invented or gone:
            fields = {**found, "not_acknowledged": invented, "vanished": gone}
            log.error(
                "the accounts do not balance: signals are in the store that nobody acknowledged, or vanished", extra={"fields": fields}
            )
        return found

    def _look_for_vanished(self, client: Reader) -> None:
        """Compare today's signals with the highest count so far; the difference stays until they are back, or until a restart."""
        today = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        stored = stored_since(client, today)
        if today != self._today:
            self._today, self._most_today = today, 0
            self._vanished_before += self._vanished
        self._most_today = max(self._most_today, stored)
        self._vanished = self._most_today - stored
