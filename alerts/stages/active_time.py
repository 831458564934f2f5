"""Active time: a route notifies during its hours; anything that happens outside them is notified when they begin, if it still holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.stage import ActiveHours, NotificationCandidate, StageResult
from core.clock import EPOCH
from core.incident import Reason

_DAY_MINUTES = 24 * 60


class ActiveTime:
    """Stops a candidate outside the route's hours, in local time, including daylight saving."""

    name = "active time"

    def check(self, candidate: NotificationCandidate, now: datetime) -> StageResult:
        """Say whether the candidate passes, and why."""
        hours = candidate.active
        if hours is None:
            return StageResult(True, "the route is always active")
        if candidate.reason is Reason.RESOLVED:
            return StageResult(True, "a resolve is always sent")
        if _is_active(hours, now):
            return StageResult(True, "within the route's hours")
        return StageResult(False, f"outside the hours of route '{candidate.route}'", _next_start(hours, now))


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
        # On a day when the clock changes, the start may occur twice or not at all; the hours then begin between its two readings.
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
