"""Active time: a route speaks in its hours; what happens outside them is told when they begin, if it still holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.notice import ActiveHours, Notice, Passage
from core.clock import EPOCH
from core.incident import Reason

_DAY_MINUTES = 24 * 60


class ActiveTime:
    """Stops a notice outside the route's hours, local time, daylight saving included."""

    name = "active time"

    def check(self, notice: Notice, now: datetime) -> Passage:
        """Say whether the notice goes on, and why."""
        hours = notice.active
        if hours is None:
            return Passage(True, "the route is always active")
        if notice.reason is Reason.RESOLVED:
            return Passage(True, "a resolve is always told")
        if _is_active(hours, now):
            return Passage(True, "within the route's hours")
        return Passage(False, f"outside the hours of route '{notice.route}'", _next_start(hours, now))


def _is_active(hours: ActiveHours, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(hours.time_zone))
    minute, today = local.hour * 60 + local.minute, local.weekday()
    if hours.start < hours.end:
        return today in hours.days and hours.start <= minute < hours.end
    # Past midnight the shift still belongs to the day on which it began.
    return (today in hours.days and minute >= hours.start) or ((today - 1) % 7 in hours.days and minute < hours.end)


def _next_start(hours: ActiveHours, now: datetime) -> datetime | None:
    zone = ZoneInfo(hours.time_zone)
    local = now.astimezone(zone)
    start = hours.start % _DAY_MINUTES
    for ahead in range(9):
        day = local.date() + timedelta(days=ahead)
        # On a day whose clock is changed the start may come twice or be left out; then the hours begin between its two readings.
        readings = [
            datetime(day.year, day.month, day.day, start // 60, start % 60, tzinfo=zone, fold=fold).astimezone(EPOCH.tzinfo)
            for fold in (0, 1)
        ]
        first, last = min(readings), max(readings)
        for minute in range(int((last - first).total_seconds()) // 60 + 1):
            begins = first + timedelta(minutes=minute)
            if begins > now and _is_active(hours, begins):
                return begins
    return None


STAGE = ActiveTime()
