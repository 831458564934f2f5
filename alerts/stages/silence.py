"""Silences: what matches one stays visible and is not notified until the silence ends."""

from __future__ import annotations

from datetime import datetime

from alerts.stage import NotificationCandidate, StageResult
from core.incident import Reason


class Silencing:
    """Stops everything except the resolve of something the channel was notified of."""

    name = "silence"

    def check(self, candidate: NotificationCandidate, now: datetime) -> StageResult:
        """Say whether the candidate passes, and why."""
        if candidate.reason is Reason.RESOLVED:
            return StageResult(True, "a resolve is always sent")
        for silence in candidate.silences:
            if silence.starts_at <= now < silence.ends_at and silence.matches(candidate.incident):
                return StageResult(False, f"silenced by {silence.created_by}: {silence.reason}", silence.ends_at)
        return StageResult(True, "not silenced")


STAGE = Silencing()
