"""Acknowledgement: an acknowledged incident is quiet until it gets worse, its acknowledgement ends or it is resolved."""

from __future__ import annotations

from datetime import datetime

from alerts.stage import NotificationCandidate, StageResult
from core.incident import IncidentStatus, Reason


class Acknowledgement:
    """Stops notifications about growth and repeats of an acknowledged incident."""

    name = "acknowledgement"

    def check(self, candidate: NotificationCandidate, now: datetime) -> StageResult:  # noqa: ARG002 - the contract gives the time to every stage
        """Say whether the candidate passes, and why."""
        incident = candidate.incident
        if incident.status != IncidentStatus.ACKNOWLEDGED.value:
            return StageResult(True, "not acknowledged")
        if candidate.reason is Reason.WORSENED:
            return StageResult(True, f"acknowledged by {incident.acknowledged_by}, but it got worse")
        return StageResult(False, f"acknowledged by {incident.acknowledged_by}", incident.acknowledged_until)


STAGE = Acknowledgement()
