"""Silences: what matches one stays visible and is not notified until the silence ends."""

from __future__ import annotations

from datetime import datetime

from alerts.incidents import Incident
from alerts.notice import Notice, Passage, Silence
from core.incident import Reason


class Silencing:
    """Stops everything but the resolve of what the channel was told."""

    name = "silence"

    def check(self, notice: Notice, now: datetime) -> Passage:
        """Say whether the notice goes on, and why."""
        if notice.reason is Reason.RESOLVED:
            return Passage(True, "a resolve is always told")
        for silence in notice.silences:
            if silence.starts_at <= now < silence.ends_at and _matches(silence, notice.incident):
                return Passage(False, f"silenced by {silence.created_by}: {silence.reason}", silence.ends_at)
        upcoming = [silence.starts_at for silence in notice.silences if silence.starts_at > now and _matches(silence, notice.incident)]
        return Passage(True, "not silenced", min(upcoming, default=None))


def _matches(silence: Silence, incident: Incident) -> bool:
    pairs = [
        (silence.flow, incident.flow),
        (silence.stage, incident.stage),
        (silence.cause, incident.cause),
        (silence.incident_id, incident.incident_id),
    ]
    return all(wanted in {"", found} for wanted, found in pairs)


STAGE = Silencing()
