"""Silences: what matches one stays visible and is not notified until the silence ends."""

from __future__ import annotations

from datetime import datetime

from alerts.notice import Notice, Passage
from core.incident import Reason


class Silencing:
    """Stops everything but the resolve of what the channel was told."""

    name = "silence"

    def check(self, notice: Notice, now: datetime) -> Passage:
        """Say whether the notice goes on, and why."""
        if notice.reason is Reason.RESOLVED:
            return Passage(True, "a resolve is always told")
        for silence in notice.silences:
            if silence.starts_at <= now < silence.ends_at and silence.matches(notice.incident):
                return Passage(False, f"silenced by {silence.created_by}: {silence.reason}", silence.ends_at)
        upcoming = [silence.starts_at for silence in notice.silences if silence.starts_at > now and silence.matches(notice.incident)]
        return Passage(True, "not silenced", min(upcoming, default=None))


STAGE = Silencing()
