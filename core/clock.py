"""The only reader of time.

Decisions take ``now`` as an argument; loops ask a :class:`Clock`. All datetimes are aware and in UTC.
"""

from __future__ import annotations

import time
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


def _seconds_since_boot() -> float:
    """Return seconds that never go backwards, those of a suspended machine included where the system counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SystemClock:
    """The machine's clock, carried forward by its monotonic one.

    A step of the wall clock while the process runs neither fires nor delays a deadline: the wall time is read once and a clock that only
    goes forward is added to it, one that goes on while the machine is suspended. ``speed`` and ``anchor`` make simulated
    time (``andon demo --speed``): at real moment ``anchor`` both clocks agree, afterwards this one runs ``speed`` times as fast.
    """

    def __init__(self, speed: float = 1.0, anchor: datetime | None = None) -> None:
        real_now = datetime.now(UTC)
        self._speed = speed
        self._wall = real_now if anchor is None else anchor + (real_now - anchor) * speed
        self._started = _seconds_since_boot()

    def now(self) -> datetime:
        """Return the wall-clock time, aware, UTC."""
        return self._wall + timedelta(seconds=(_seconds_since_boot() - self._started) * self._speed)

    def monotonic(self) -> float:
        """Return real seconds that never go backwards."""
        return time.monotonic()


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
