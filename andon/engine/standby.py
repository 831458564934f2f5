"""Reports what is wrong with the disks when the engine's loop cannot, because it waits for what not even can be read.

The loop leaves writes behind that hang (``patience.py``), but what it must read to decide has to come from a disk or from memory. It
decides as the loop would, without the store. So the loop gives the same message the same ``delivery_id`` when it gets to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from alerts.engine import AlertEngine
from andon.health.disk_watch import LOOK_SECONDS, DiskWatch
from core.clock import Clock
from core.disk import SLOW_SECONDS

SILENT_SECONDS = 2 * SLOW_SECONDS
"""How long the loop has made no step when this stands in for it: it leaves a write behind after some seven seconds."""


class StandbyAlerting:
    """Runs in a thread of its own."""

    def __init__(self, make: Callable[[], AlertEngine], disks: DiskWatch, clock: Clock, last_step: Callable[[], float]) -> None:
        """``make``: alerting that needs no store.

        ``last_step`` returns when the loop last made a step, in monotonic seconds; 0: none yet.
        """
        self._make = make
        self._disks = disks
        self._clock = clock
        self._last_step = last_step
        self._alerting: AlertEngine | None = None

    def run(self, stopping: threading.Event) -> None:
        """Watch until stopped."""
        while not stopping.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Report what is wrong if the loop does not; once it does again, the rest is up to the loop."""
        step, now = self._last_step(), self._clock.now()
        if not self._disks.problems or not step or self._clock.monotonic() - step < SILENT_SECONDS:
            self._alerting = None
            return
        self._alerting = self._alerting or self._make()
        self._alerting.run(now)
        self._alerting.deliver(now)
