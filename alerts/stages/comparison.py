"""Compares the incident with what the channel was last notified of: is there anything to say?"""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.incidents import Incident
from alerts.members import RANKS
from alerts.stage import LastNotified, NotificationCandidate, StageResult
from core.incident import IncidentStatus, Reason

GROWN_BY = 10
GROWN_FACTOR = 2


class Comparison:
    """Finds the first reason for a message, from the most to the least urgent; stops the candidate if there is nothing new."""

    name = "comparison"

    def check(self, candidate: NotificationCandidate, now: datetime) -> StageResult:  # noqa: PLR0911 - a ladder, the most urgent reason first
        """Say whether the candidate passes, and why."""
        incident, last = candidate.incident, candidate.last_notified
        if incident.status == IncidentStatus.RESOLVED.value:
            if last.firing:
                return StageResult(True, "resolved, and the channel was notified of it", reason=Reason.RESOLVED)
            return StageResult(False, "resolved before the channel was notified of it")
        if not candidate.routed:
            return StageResult(False, "no route leads to this channel any more")
        if not last.firing:
            return StageResult(True, "the channel does not know of it", reason=Reason.OPENED)
        if RANKS[incident.severity] > RANKS.get(last.severity, 0) or (incident.breached and not last.breached):
            return StageResult(True, f"{last.severity} became {incident.severity}, {incident.breached} are late", reason=Reason.WORSENED)
        if _rearmed(incident, last, now):
            return StageResult(True, "the acknowledgement has ended", reason=Reason.REARMED)
        if _silence_ended(candidate, now):
            return StageResult(True, "a silence has ended and the incident is still open", reason=Reason.REARMED)
        if _grown(incident, last):
            return StageResult(True, f"{last.members} members became {incident.members}", reason=Reason.GROWN)
        return _repetition(candidate, now)


def _rearmed(incident: Incident, last: LastNotified, now: datetime) -> bool:
    until = incident.acknowledged_until
    return incident.status == IncidentStatus.OPEN.value and until is not None and until <= now and (last.at is None or last.at < until)


def _silence_ended(candidate: NotificationCandidate, now: datetime) -> bool:
    """Whether a silence has ended since the channel was last notified: whoever silenced it is told what is left."""
    last_at = candidate.last_notified.at
    return last_at is not None and any(last_at < one.ends_at <= now and one.matches(candidate.incident) for one in candidate.silences)


def _grown(incident: Incident, last: LastNotified) -> bool:
    """Whether members or value have grown so much that the channel should know.

    Members: by ten or half as many again (whichever is more), or to the double. Value: to the double in any currency; a new one counts.
    """
    more = incident.members - last.members
    if more > 0 and (incident.members >= last.members * GROWN_FACTOR or more >= max(GROWN_BY, last.members // 2)):
        return True
    before = last.value or {}
    return any(
        amount >= GROWN_FACTOR * before.get(currency, 0.0) and amount > before.get(currency, 0.0)
        for currency, amount in incident.value.items()
    )


def _repetition(candidate: NotificationCandidate, now: datetime) -> StageResult:
    ends = [one.ends_at for one in candidate.silences if now < one.ends_at and one.matches(candidate.incident)]
    if candidate.repeat_every_seconds is None or candidate.last_notified.at is None:
        return StageResult(False, "nothing new", min(ends, default=None))
    again = candidate.last_notified.at + timedelta(seconds=candidate.repeat_every_seconds)
    if now < again:
        return StageResult(False, "nothing new until the next repeat", min([again, *ends]))
    return StageResult(True, "still open", reason=Reason.REPEATED)


STAGE = Comparison()
