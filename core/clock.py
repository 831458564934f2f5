"""The only place that reads the time.

Decisions take ``now`` as an argument; loops ask a :class:`Clock`. All datetimes are aware and in UTC.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """What a loop may ask about the time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Return real seconds that never go backwards, for intervals and back-off."""
        ...


class Machine:
    """The clocks of this machine, in seconds. Each call reads one of them once; a test has a machine of its own."""

    def wall(self) -> float:
        """Return the seconds since 1970 according to the machine; people, NTP and a hypervisor may change this clock."""
        return time.time()

    def boot(self) -> float:
        """Return seconds that never go backwards, including time spent suspended if the system counts it."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    def monotonic(self) -> float:
        """Return seconds that never go backwards, not counting time spent suspended."""
        return time.monotonic()


STEP_SECONDS = 30.0
"""A larger difference is a step: it is reported, and nothing is evaluated until the clock has settled. A smaller one is made up for
gradually."""
SETTLE_SECONDS = 2.0
"""How long the machine's clock must stay where it was set before the new time is followed."""
LONGEST_DOUBT_SECONDS = 30.0
"""A clock that keeps changing is followed anyway after this long; otherwise nothing would be evaluated any more."""
SLEW = 0.05
"""Seconds of a small difference that are made up for in each second."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the machine's clock that was followed, or a suspension that has ended. ``seconds``: by how much; negative: set back."""

    seconds: float
    suspended: bool = False


class SystemClock:
    """The machine's clock, carried forward by its boot clock, which nobody can set.

    A step of the wall clock fires no deadline by itself: time goes on as before until the wall clock has stayed where it was set for two
    seconds, and only then follows it. Meanwhile :attr:`settled` is false; so it is for two seconds after the machine was suspended, because
    what was sent during the suspension has not arrived yet. A smaller difference is made up for gradually. ``speed`` and ``anchor`` make
    simulated time (``andon demo --speed``): at the real moment ``anchor`` both clocks agree; from then on this one runs ``speed`` times as
    fast. Any thread may call.
    """

    def __init__(self, speed: float = 1.0, anchor: datetime | None = None, machine: Machine | None = None) -> None:
        self._machine = machine or Machine()
        self._lock = threading.Lock()
        self._real, self._boot = self._machine.wall(), self._machine.boot()
        self._awake = self._boot - self._machine.monotonic()
        self._speed = speed
        self._anchor = self._real if anchor is None else anchor.timestamp()
        self._doubt: tuple[float, float, float] | None = None  # when first seen, unchanged since when, the difference then
        self.steps: list[Step] = []
        """All steps that were followed, in order."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, UTC."""
        with self._lock:
            real = self._carry()
        return EPOCH + timedelta(seconds=self._anchor + (real - self._anchor) * self._speed)

    def monotonic(self) -> float:
        """Return real seconds that never go backwards."""
        return self._machine.monotonic()

    @property
    def settled(self) -> bool:
        """Whether :meth:`now` can be relied on: the machine was neither set to another time nor suspended a moment ago."""
        with self._lock:
            self._carry()
            return self._doubt is None

    def _carry(self) -> float:
        """Return the real time carried forward, compared with the wall clock. Called under the lock."""
        boot, wall = self._machine.boot(), self._machine.wall()
        elapsed = boot - self._boot
        carried = self._real + elapsed
        difference = wall - carried
        suspended = boot - self._machine.monotonic() - self._awake
        if abs(difference) > STEP_SECONDS or suspended > STEP_SECONDS:
            return self._doubted(boot, carried, difference, suspended)
        self._doubt = None
        self._real, self._boot = carried + max(-SLEW * elapsed, min(SLEW * elapsed, difference)), boot
        return self._real

    def _doubted(self, boot: float, carried: float, difference: float, suspended: float) -> float:
        """Return the time to use while a step may still be undone, and the machine's own time once it has settled."""
        first, since, before = self._doubt or (boot, boot, difference)
        if abs(difference - before) > 1.0:
            since, before = boot, difference
        self._doubt = (first, since, before)
        if boot - since < SETTLE_SECONDS and boot - first < LONGEST_DOUBT_SECONDS:
            return carried
        if suspended > STEP_SECONDS:
            self.steps.append(Step(suspended, suspended=True))
        if abs(difference) > STEP_SECONDS:
            self.steps.append(Step(difference))
        self._awake += suspended
        self._real, self._boot, self._doubt = carried + difference, boot, None
        return self._real


class FakeClock:
    """A clock that stands still until it is moved, for tests and for ``andon sla test``."""

    def __init__(self, now: datetime = EPOCH) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the moment to which it was set."""
        return self._now

    def monotonic(self) -> float:
        """Return the same moment in seconds."""
        return self._now.timestamp()

    def set(self, now: datetime) -> None:
        """Move to ``now``, aware."""
        self._now = now.astimezone(UTC)

    def advance(self, delta: timedelta) -> None:
        """Move forward by ``delta``."""
        self._now += delta


def to_milliseconds(moment: datetime) -> int:
    """Return an aware datetime as whole milliseconds since 1970-01-01 UTC, exactly."""
    return (moment - EPOCH) // _MICROSECOND // 1000


def from_milliseconds(value: int) -> datetime:
    """Return the aware UTC datetime of milliseconds since 1970-01-01 UTC."""
    return EPOCH + timedelta(milliseconds=value)
