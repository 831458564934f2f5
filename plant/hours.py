"""When the simulated people work. This decides what the plant does; what Andon makes of it is up to the catalog's calendars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Site:
    """A place with working hours on weekdays, in local time; ``trucks`` are the hours at which goods leave."""

    name: str
    zone: str
    country: str
    subdivision: str
    opens: int
    closes: int
    trucks: tuple[int, ...] = (11, 15)


REGENSBURG = Site("DE07", "Europe/Berlin", "DE", "BY", 6, 22)
ROCKFORD = Site("US02", "America/Chicago", "US", "IL", 6, 18)
OFFICE = Site("office", "Europe/Berlin", "DE", "BY", 7, 22)


def at_hour(site: Site, day: date, hour: float) -> datetime:
    """Return ``hour`` o'clock, local time, of ``day`` as UTC."""
    return datetime.combine(day, time(), ZoneInfo(site.zone)).replace(hour=int(hour), minute=int(hour % 1 * 60)).astimezone(UTC)


def local_day(site: Site, at: datetime) -> date:
    """Return the local date at ``at``."""
    return at.astimezone(ZoneInfo(site.zone)).date()


@cache
def works(site: Site, day: date) -> bool:
    """Return whether the site works on ``day``."""
    return day.weekday() < 5 and day not in holidays.country_holidays(site.country, subdiv=site.subdivision, years=day.year)


def next_working_day(site: Site, day: date) -> date:
    """Return the first working day after ``day``."""
    day += _DAY
    while not works(site, day):
        day += _DAY
    return day


def add_working(site: Site, at: datetime, minutes: float) -> datetime:
    """Return when ``minutes`` of work that could begin at ``at`` are done."""
    left = timedelta(minutes=minutes)
    day = local_day(site, at)
    while True:
        if works(site, day):
            opens, closes = at_hour(site, day, site.opens), at_hour(site, day, site.closes)
            begin = max(at, opens)
            if begin < closes and left <= closes - begin:
                return begin + left
            if begin < closes:
                left -= closes - begin
        day += _DAY


def next_truck(site: Site, at: datetime) -> datetime:
    """Return the next departure at or after ``at``."""
    day = local_day(site, at)
    while True:
        if works(site, day):
            for hour in site.trucks:
                if (leaves := at_hour(site, day, hour)) >= at:
                    return leaves
        day += _DAY
