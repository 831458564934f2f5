"""Grouping: a first message waits a moment for members that arrive together; growth is notified at most once a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.stage import NotificationCandidate, StageResult
from core.catalog.definition import Severity
from core.incident import Reason

GROUP_WAIT = timedelta(seconds=2)
GROWN_EVERY = timedelta(minutes=1)


class Grouping:
    """Holds candidates back; they are compared again later, so nothing is lost by waiting."""

    name = "grouping"

    def check(self, candidate: NotificationCandidate, now: datetime) -> StageResult:
        """Say whether the candidate passes, and why."""
        incident, last = candidate.incident, candidate.last_notified
        if candidate.reason is Reason.OPENED and incident.severity != Severity.CRITICAL.value and now < incident.opened_at + GROUP_WAIT:
            return StageResult(False, "waiting for members that arrive together", incident.opened_at + GROUP_WAIT)
        if candidate.reason is Reason.GROWN and last.at is not None and now < last.at + GROWN_EVERY:
            return StageResult(False, "growth was notified less than a minute ago", last.at + GROWN_EVERY)
        return StageResult(True, "nothing to wait for")


STAGE = Grouping()
