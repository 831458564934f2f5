"""The backlog: how far an engine is behind with what was received, and how fast it catches up, for people who wait for it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from core.clock import Clock
from core.signal import Lane
from store.loading.loader import Loader

BEHIND_SECONDS = 60.0
"""In real seconds since the oldest waiting signal was received; anything younger is normal."""
LOOK_SECONDS = 2.0
RATE_SECONDS = 60.0
_LANES = (Lane.CRITICAL, Lane.STANDARD)
"""Nobody waits for the bulk lane."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is waiting in the journal's critical and standard lanes, also in slices of maximum size.

    ``per_second``: signals loaded recently.
    """

    slices: int
    signals: int
    per_second: float

    @property
    def seconds_left(self) -> float | None:
        """How long that takes if nothing is added; None: nothing was loaded recently."""
        return self.signals / self.per_second if self.per_second else None

    def __str__(self) -> str:
        left = self.seconds_left
        how_long = "" if left is None else f", {self.per_second:,.0f} a second, about {_duration(left)}"
        return f"catching up: {self.slices:,} slices left with {self.signals:,} signals{how_long}"


class BacklogWatch:
    """Watches the journal in a thread of its own, so that it also reports in the middle of a long stage."""

    def __init__(self, loader: Loader, clock: Clock, clock_speed: float) -> None:
        self._loader = loader
        self._clock = clock
        self._speed = clock_speed
        self._loaded: deque[tuple[float, int]] = deque()
        self._looked_behind = False
        self.backlog: Backlog | None = None
        """None: not behind, or seen behind only once: after the clock was set, everything waiting looks old for a moment."""
        self.look()

    def run(self, stopping: threading.Event) -> None:
        """Look every two seconds."""
        while not stopping.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Bring :attr:`backlog` and the lanes' metrics up to date."""
        lags = self._loader.lag()
        now = self._clock.monotonic()
        self._loaded.append((now, sum(self._loader.loaded[lane] for lane in _LANES)))
        while now - self._loaded[0][0] > RATE_SECONDS:
            self._loaded.popleft()
        waiting = [lags[lane] for lane in _LANES]
        behind = max(lag.seconds for lag in waiting) > BEHIND_SECONDS * self._speed
        found = Backlog(sum(lag.slices for lag in waiting), sum(lag.signals for lag in waiting), self._rate())
        self.backlog = found if behind and self._looked_behind else None
        self._looked_behind = behind

    def _rate(self) -> float:
        (began, before), (ended, after) = self._loaded[0], self._loaded[-1]
        return (after - before) / (ended - began) if ended > began else 0.0


def _duration(seconds: float) -> str:
    """Return a waiting time in words: ``40 seconds``, ``12 minutes``, ``3.5 hours``."""
    if seconds < 100:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"
