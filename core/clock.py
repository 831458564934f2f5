"""The only reader of time.

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
    """What a loop may ask about time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Return real seconds that never go backwards, for intervals and back-off."""
        ...


class Machine:
    """The clocks of this machine, in seconds. Each is read once a call; a test has a machine of its own."""

    def wall(self) -> float:
        """Return the seconds since 1970 as the machine has them now: people, NTP and a hypervisor may set them."""
        return time.time()

    def boot(self) -> float:
        """Return seconds that never go backwards, those of a suspended machine included where the system counts them."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    def monotonic(self) -> float:
        """Return seconds that never go backwards, without those of a suspended machine."""
        return time.monotonic()


STEP_SECONDS = 30.0
"""A difference above it is a step: it is told, and nothing is evaluated until it has settled. One below is made up for without a jump."""
SETTLE_SECONDS = 2.0
"""How long the machine's clock must stay where it was set before it is followed."""
LONGEST_DOUBT_SECONDS = 30.0
"""A clock that does not stay where it was set is followed all the same after so long, or nothing would be evaluated any more."""
SLEW = 0.05
"""Seconds of a small difference that are made up for in a second."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the machine's clock that is followed, or a pause that is over. ``seconds``: by how much; negative: it was set back."""

    seconds: float
    suspended: bool = False


class SystemClock:
    """The machine's clock, carried forward by its boot clock, which no one can set.

    A step of the wall clock fires no deadline by itself: time goes on as before until the wall clock has stayed where it was set for two
    seconds, and is followed then. Meanwhile :attr:`settled` is false, as it is for two seconds after the machine was suspended: what was
    sent in that time has not arrived. A smaller difference is made up for bit by bit. ``speed`` and ``anchor`` make simulated time (``andon
    demo --speed``): at real moment ``anchor`` both clocks agree, afterwards this one runs ``speed`` times as fast. Any thread may call.
    """

    def __init__(self, speed: float = 1.0, anchor: datetime | None = None, machine: Machine | None = None) -> None:
        self._machine = machine or Machine()
        self._lock = threading.Lock()
        self._real, self._boot = self._machine.wall(), self._machine.boot()
        self._awake = self._boot - self._machine.monotonic()
        self._speed = speed
        self._anchor = self._real if anchor is None else anchor.timestamp()
        self._doubt: tuple[float, float, float] | None = None  # first seen, unchanged since, the difference then
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
        """Whether :meth:`now` can be relied on: the machine's clock was not set, and the machine not suspended, a moment ago."""
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
        """Return the time to go by while a step may be undone, and the machine's own once it has settled."""
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
    """A clock that stands still until it is moved; for tests and for ``andon sla test``."""

    def __init__(self, now: datetime = EPOCH) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the moment it was set to."""
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
    """Return whole milliseconds since 1970-01-01 UTC of an aware datetime, exactly."""
    return (moment - EPOCH) // _MICROSECOND // 1000


def from_milliseconds(value: int) -> datetime:
    """Return the aware UTC datetime of milliseconds since 1970-01-01 UTC."""
    return EPOCH + timedelta(milliseconds=value)
