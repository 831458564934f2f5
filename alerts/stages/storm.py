"""Storm limit: one incident notifies a few times in ten minutes, and a channel gets a limited number of messages a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.stage import NOTIFICATIONS_KEPT, NotificationCandidate, StageResult
from core.catalog.definition import Severity
from core.incident import Reason

CHANNEL_LIMIT = 30
CHANNEL_WINDOW = timedelta(minutes=1)
FLAPPING_LIMIT = NOTIFICATIONS_KEPT
FLAPPING_WINDOW = timedelta(minutes=10)


class Storm:
    """Delays, never drops: the latest state is notified as soon as the window allows. Critical messages and resolves are exempt."""

    name = "storm"

    def check(self, candidate: NotificationCandidate, now: datetime) -> StageResult:
        """Say whether the candidate passes, and why."""
        recent = [at for at in candidate.last_notified.notified_at if now - at < FLAPPING_WINDOW]
        if candidate.reason in {Reason.OPENED, Reason.GROWN} and len(recent) >= FLAPPING_LIMIT:
            return StageResult(False, f"flapping: notified {len(recent)} times in ten minutes", recent[-FLAPPING_LIMIT] + FLAPPING_WINDOW)
        if candidate.reason is Reason.RESOLVED or (
            candidate.incident.severity == Severity.CRITICAL.value and candidate.reason is not Reason.GROWN
        ):
            return StageResult(True, "never held back")
        within = [at for at in candidate.channel_notified_at if now - at < CHANNEL_WINDOW]
        if len(within) >= CHANNEL_LIMIT:
            return StageResult(
                False, f"channel '{candidate.channel}' got {len(within)} messages within a minute", min(within) + CHANNEL_WINDOW
            )
        return StageResult(True, "the channel is calm")


STAGE = Storm()
