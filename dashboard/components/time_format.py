"""Times as people read them: in the viewer's zone, with UTC on hover."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from core.verdict import Verdict

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_DECIDED_SECONDS = 10
"""Within so many real seconds a deadline has been decided and a page shows it, unless the engine is behind."""
UNDECIDED = (Verdict.RUNNING.value, Verdict.AT_RISK.value)
"""The verdicts that a deadline ends: a clock that still has one after its deadline has yet to be evaluated."""
_WRITTEN = r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?)"


def aware(moment: object) -> datetime | None:
    """Return ``moment`` as an aware UTC datetime; None if it is missing. A datetime without a zone is UTC."""
    if moment is None or pd.isna(moment):  # type: ignore[call-overload]
        return None
    stamp = pd.Timestamp(moment)  # type: ignore[arg-type]
    stamp = stamp.tz_localize(UTC) if stamp.tzinfo is None else stamp.tz_convert(UTC)
    return stamp.to_pydatetime(warn=False)


@dataclass(frozen=True)
class Zone:
    """The viewer's time zone by IANA name; an unknown name means UTC."""

    name: str = "UTC"

    def __post_init__(self) -> None:
        """Take UTC's name in place of an unknown one: pages show it, and the store is asked by it."""
        try:
            ZoneInfo(self.name)
        except (ZoneInfoNotFoundError, ValueError):
            object.__setattr__(self, "name", "UTC")

    @property
    def info(self) -> ZoneInfo:
        """The zone's rules."""
        return ZoneInfo(self.name)

    def show(self, moment: object, seconds: bool = False) -> str:
        """Return ``24 Nov 13:05`` in this zone, or a dash if the time is missing."""
        at = aware(moment)
        return "–" if at is None else at.astimezone(self.info).strftime("%d %b %H:%M:%S" if seconds else "%d %b %H:%M")

    def retell(self, text: str, cities: Mapping[str, str]) -> str:
        """Return a stored sentence with its times in this zone.

        It finds ``2026-03-27 16:05 Berlin``, by ``cities`` (``Berlin``: its zone), and ISO times with an offset.

        The time of an unknown city is left as it is.
        """

        def here(found: re.Match[str]) -> str:
            written, offset, city = found[1], found[2], found[3]
            if not offset and city not in cities:
                return found[0]
            moment = datetime.fromisoformat(written + (offset or ""))
            at = moment if offset else moment.replace(tzinfo=Zone(cities[city]).info)
            return self.show(at, seconds=bool(at.second))

        names = "|".join(map(re.escape, cities)) or "(?!)"
        return re.sub(rf"{_WRITTEN}(?:([+-]\d\d:\d\d)| ({names})\b)", here, text)

    def clock(self, moment: object) -> str:
        """Return ``13:05:09`` in this zone."""
        at = aware(moment)
        return "–" if at is None else at.astimezone(self.info).strftime("%H:%M:%S")

    def local(self, column: pd.Series) -> pd.Series:
        """Return a column of UTC times as this zone's wall-clock time, labelled UTC.

        A browser shifts unlabelled times into its own zone, which may not be the chosen one; charts draw these on a UTC scale.
        """
        stamps = pd.to_datetime(column, utc=True)
        return stamps.dt.tz_convert(self.info).dt.tz_localize(None).dt.tz_localize(UTC)


def utc(moment: object) -> str:
    """Return the moment in UTC to the second, as the hover text."""
    at = aware(moment)
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float | None) -> str:
    """Return ``45 s``, ``12 min``, ``3 h 20 min`` or ``2 d 4 h``; a dash if it is missing."""
    if seconds is None or pd.isna(seconds):
        return "–"
    total = abs(int(seconds))
    if total < _MINUTE:
        return f"{total} s"
    if total < _HOUR:
        return f"{total // _MINUTE} min"
    if total < _DAY:
        hours, minutes = divmod(total // _MINUTE, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(total // _HOUR, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def unbroken(words: str) -> str:
    """Return words in which no line ends inside a duration: a narrow column holds ``overdue`` above ``2 d 17 h``."""
    return re.sub(r"(?<=\d) (?=(?:d|h|min|s)\b)|(?<=\b[dh]) (?=\d)", "\N{NO-BREAK SPACE}", words)


def until(moment: object, now: datetime) -> str:
    """Return ``in 12 min`` for a moment that is ahead; a dash if it is missing."""
    at = aware(moment)
    return "–" if at is None else f"in {duration(max(0.0, (at - now).total_seconds()))}"


def due(moment: object, now: datetime, verdict: str, speed: float) -> str:
    """Return when a clock with this verdict is due: ``in 12 min``, ``overdue 26 min``, or that the engine has yet to decide it.

    ``speed``: seconds of ``now`` per real one; the engine has a few real ones before anybody is told that it is behind.
    """
    at = aware(moment)
    if at is None or at >= now:
        return until(moment, now)
    seconds = (now - at).total_seconds()
    if verdict not in UNDECIDED:
        return f"overdue {duration(seconds)}"
    return "just passed" if seconds < _DECIDED_SECONDS * speed else f"overdue, engine {duration(seconds)} behind"


def overdue(since: object, now: datetime) -> str:
    """Return ``overdue 26 min`` for a deadline that has passed; empty for one that is ahead or missing."""
    at = aware(since)
    return "" if at is None or at > now else f"overdue {duration((now - at).total_seconds())}"
