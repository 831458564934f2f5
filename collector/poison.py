"""Notices that a source sends too much that cannot be used: it is then paused before more of it is taken from its broker.

A window is five minutes. Its share counts only from 100 records on, so that the first bad message of a quiet source stops nothing; what
comes so rarely is stopped by the number in a row. A record is a message, or one document of a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from core.clock import Clock
from core.signal import Record, SignalKind

WINDOW_SECONDS = 300.0
WINDOW_MIN = 100
SHARE = 0.2
IN_A_ROW = 1_000


class Poison:
    """Counts what a source has handed over. ``pause`` is called once, with the reason; nothing more is to be taken then."""

    def __init__(self, clock: Clock, pause: Callable[[str], None]) -> None:
        self._clock = clock
        self._pause = pause
        self._began = clock.monotonic()
        self._total = self._bad = self._in_a_row = 0
        self._paused = False

    async def admit(self) -> None:
        """Return at once, or never once there was too much: whoever waits here holds what its broker then keeps."""
        if self._paused:
            await asyncio.Event().wait()

    def count(self, records: Sequence[Record]) -> None:
        """Count records that are on disk."""
        now = self._clock.monotonic()
        if now - self._began >= WINDOW_SECONDS:
            self._began, self._total, self._bad = now, 0, 0
        bad = sum(record.kind is SignalKind.QUARANTINE for record in records)
        self._total += len(records)
        self._bad += bad
        if bad == len(records):
            self._in_a_row += bad
        else:
            self._in_a_row = next(number for number, record in enumerate(reversed(records)) if record.kind is not SignalKind.QUARANTINE)
        if self._in_a_row >= IN_A_ROW:
            self._stop(f"the last {self._in_a_row:,} records cannot be used")
        elif self._total >= WINDOW_MIN and self._bad > SHARE * self._total:
            self._stop(f"{self._bad:,} of its last {self._total:,} records cannot be used")

    def _stop(self, why: str) -> None:
        if not self._paused:
            self._paused = True
            self._pause(why)
