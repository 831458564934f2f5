"""Durations as people write them: ``15 minutes``, ``16 working hours``, ``60%``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from core.errors import UsageError

DURATION_PATTERN = r"^\s*(\d{1,4}(\.\d{1,6})?\s*days?|\d{1,6}(\.\d{1,6})?\s*(working\s+)?(second|minute|hour)s?)\s*$"
DurationText = Annotated[str, Field(pattern=DURATION_PATTERN)]
"""``15 minutes``, ``16 working hours``, ``2 days``. ``working`` counts only time inside a calendar. There are no working days, because a
working day has no fixed length."""

PERCENTAGE_PATTERN = r"^\s*\d+(\.\d+)?\s*%\s*$"
Percentage = Annotated[str, Field(pattern=PERCENTAGE_PATTERN)]

_MILLISECONDS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(working\s+)?(second|minute|hour|day)s?")


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of time; ``working`` counts only time inside a calendar."""

    milliseconds: int
    working: bool


@lru_cache(maxsize=1_000)
def parse_duration(text: str) -> Duration:
    """Return the duration. Raises :class:`UsageError` that says what to write instead."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        instead = (
            "write 'working' instead of 'business'" if "business" in text else "write, for example, '15 minutes' or '16 working hours'"
        )
        raise UsageError(f"'{text}' is not a duration; {instead}")
    number, working, unit = found.groups()
    if working and unit == "day":
        raise UsageError(f"'{text}': a working day has no fixed length; use working hours")
    return Duration(round(float(number) * _MILLISECONDS[unit]), bool(working))


def parse_share(text: str) -> float | None:
    """Return ``0.6`` for ``60%``, or None if the text is not a percentage."""
    return float(text.strip().removesuffix("%")) / 100 if re.fullmatch(PERCENTAGE_PATTERN, text) else None


@lru_cache(maxsize=20_000)
def format_duration(milliseconds: int) -> str:
    """Return ``2 hours 5 minutes``: the two largest units, never empty."""
    left = abs(milliseconds)
    parts = []
    for unit, size in reversed(_MILLISECONDS.items()):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count != 1 else ''}")
    return ("-" if milliseconds < 0 else "") + (" ".join(parts[:2]) or f"{left} milliseconds")


def working_hours(milliseconds: int) -> str:
    """Return ``48 hours``, never days: in working time a day has no fixed length."""
    hours, rest = divmod(milliseconds, 3_600_000)
    parts = [f"{hours} hour{'s' if hours != 1 else ''}"] if hours else []
    return " ".join([*parts, format_duration(rest)] if rest or not parts else parts)
