"""Moments as sentences tell them: in the zone of a calendar, by the name of its city."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=20_000)
def local(moment: int, zone: ZoneInfo) -> str:
    """Return ``2026-03-27 16:05 Berlin`` for UTC milliseconds; seconds only where there are any."""
    when = datetime.fromtimestamp(moment / 1000, zone)
    place = str(zone).rpartition("/")[2].replace("_", " ")
    return f"{when.isoformat(' ', 'seconds' if when.second else 'minutes')[: 19 if when.second else 16]} {place}"
