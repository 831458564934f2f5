"""Keeps the demo's simulated time running across restarts, never backwards.

A simulated clock agrees with real time at its anchor and then runs ``speed`` times as fast. The last simulated moment is kept in the data
folder; after a restart the anchor is chosen so that time continues from there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from core.clock import SystemClock

_FILE = "simulated_time"


def anchor_for(data: Path, speed: float) -> float:
    """Return the anchor (Unix seconds) for a start now."""
    real_now = SystemClock().now().timestamp()
    try:
        last = float((data / _FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return real_now
    if speed <= 1 or last <= real_now:
        return real_now
    return (last - real_now * speed) / (1 - speed)


def save(data: Path, clock: SystemClock) -> None:
    """Save the current simulated moment."""
    temporary = data / f"{_FILE}.new"
    temporary.write_text(repr(clock.now().timestamp()), encoding="ascii")
    temporary.replace(data / _FILE)


def clock_of(speed: float, anchor: float) -> SystemClock:
    """Return the clock for the settings ``clock_speed`` and ``clock_anchor``."""
    return SystemClock(speed, datetime.fromtimestamp(anchor, UTC) if anchor else None)
