"""Somebody has it: an acknowledged incident is quiet until it worsens, its acknowledgement ends or it is resolved."""

from __future__ import annotations

from datetime import datetime

from alerts.notice import Notice, Passage
from core.incident import IncidentStatus, Reason


class Acknowledgement:
    """Stops growth and repetition of an acknowledged incident."""

    name = "acknowledgement"

    def check(self, notice: Notice, now: datetime) -> Passage:  # noqa: ARG002 - the contract gives the time to every stage
        """Say whether the notice goes on, and why."""
        incident = notice.incident
        if incident.status != IncidentStatus.ACKNOWLEDGED.value:
            return Passage(True, "not acknowledged")
        if notice.reason is Reason.WORSENED:
            return Passage(True, f"acknowledged by {incident.acknowledged_by}, but it became worse")
        return Passage(False, f"acknowledged by {incident.acknowledged_by}", incident.acknowledged_until)


STAGE = Acknowledgement()
