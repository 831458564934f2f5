"""Watches the times that sources send, and tells of one that seems to label local time as UTC. Nothing is ever shifted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pandas as pd

from core.clock_skew import labelled_wrongly, told
from store.client import STORE_ERRORS

logger = logging.getLogger("andon.sources")

EVERY_SECONDS = 300.0


class SourceClocks:
    """One thread's work; reads only."""

    def __init__(self, skews: Callable[[], pd.DataFrame]) -> None:
        """``skews`` returns what :func:`store.reads.origins.clock_skew` does."""
        self._skews = skews
        self._told: dict[str, float] = {}

    def run(self, stopping: threading.Event) -> None:
        """Look until stopped; runs in a thread of its own."""
        while not stopping.wait(EVERY_SECONDS):
            try:
                self.look()
            except STORE_ERRORS:  # it is asked again in five minutes
                logger.warning("the times that sources send could not be looked at; trying again", exc_info=True)

    def look(self) -> None:
        """Log each source whose times have become wrong, or wrong by another amount, since the last look."""
        rows = self._skews().to_dict("records")
        found = {str(row["source"]): labelled_wrongly(row["skew_seconds"], row["spread_seconds"], row["signals"]) for row in rows}
        for source, hours in found.items():
            if hours and hours != self._told.get(source):
                fields = {"source": source, "hours": hours}
                logger.warning("%s; correct the sender, or say time_zone where its times are read", told(hours), extra={"fields": fields})
        self._told = {**self._told, **found}
