"""Grouping: a first message waits a moment for the members that come together; growth is told at most once a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.notice import Notice, Passage
from core.catalog.definition import Severity
from core.incident import Reason

GROUP_WAIT = timedelta(seconds=2)
GROWN_EVERY = timedelta(minutes=1)


class Grouping:
    """Holds back; what it holds is compared again later, so nothing is lost by waiting."""

    name = "grouping"

    def check(self, notice: Notice, now: datetime) -> Passage:
        """Say whether the notice goes on, and why."""
        incident, told = notice.incident, notice.announced
        if notice.reason is Reason.OPENED and incident.severity != Severity.CRITICAL.value and now < incident.opened_at + GROUP_WAIT:
            return Passage(False, "waiting for members that come together", incident.opened_at + GROUP_WAIT)
        if notice.reason is Reason.GROWN and told.at is not None and now < told.at + GROWN_EVERY:
            return Passage(False, "growth was told less than a minute ago", told.at + GROWN_EVERY)
        return Passage(True, "nothing to wait for")


STAGE = Grouping()
