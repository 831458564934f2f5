"""Compares the incident with what the channel was last told: what is there to say?"""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.incidents import Incident
from alerts.members import RANKS
from alerts.notice import Announced, Notice, Passage
from core.incident import IncidentStatus, Reason

GROWN_BY = 10
GROWN_FACTOR = 2


class Comparison:
    """Finds the reason of a message, the gravest first; stops when there is nothing new."""

    name = "comparison"

    def check(self, notice: Notice, now: datetime) -> Passage:  # noqa: PLR0911 - a ladder, the gravest reason first
        """Say whether the notice goes on, and why."""
        incident, told = notice.incident, notice.announced
        if incident.status == IncidentStatus.RESOLVED.value:
            if told.heard:
                return Passage(True, "resolved, and the channel was told of it", reason=Reason.RESOLVED)
            return Passage(False, "resolved before the channel was told of it")
        if not notice.routed:
            return Passage(False, "no route leads to this channel any more")
        if not told.heard:
            return Passage(True, "the channel does not know of it", reason=Reason.OPENED)
        if RANKS[incident.severity] > RANKS.get(told.severity, 0) or (incident.breached and not told.breached):
            return Passage(True, f"{told.severity} became {incident.severity}, {incident.breached} are late", reason=Reason.WORSENED)
        if _rearmed(incident, told, now):
            return Passage(True, "the acknowledgement has ended", reason=Reason.REARMED)
        if _speaks_again(notice, now):
            return Passage(True, "a silence has ended and it still holds", reason=Reason.REARMED)
        if _grown(incident, told):
            return Passage(True, f"{told.members} members became {incident.members}", reason=Reason.GROWN)
        return _repetition(notice, now)


def _rearmed(incident: Incident, told: Announced, now: datetime) -> bool:
    until = incident.acknowledged_until
    return incident.status == IncidentStatus.OPEN.value and until is not None and until <= now and (told.at is None or told.at < until)


def _speaks_again(notice: Notice, now: datetime) -> bool:
    """Whether a silence has ended since the channel was told: whoever asked for quiet was promised to hear of what is left."""
    told_at = notice.announced.at
    return told_at is not None and any(told_at < one.ends_at <= now and one.matches(notice.incident) for one in notice.silences)


def _grown(incident: Incident, told: Announced) -> bool:
    if incident.members >= told.members * GROWN_FACTOR or incident.members >= told.members + max(GROWN_BY, told.members // 2):
        return incident.members > told.members
    before = told.value or {}
    return any(
        amount >= GROWN_FACTOR * before.get(currency, 0.0) and amount > before.get(currency, 0.0)
        for currency, amount in incident.value.items()
    )


def _repetition(notice: Notice, now: datetime) -> Passage:
    if notice.repeat_every_seconds is None or notice.announced.at is None:
        return Passage(False, "nothing new")
    again = notice.announced.at + timedelta(seconds=notice.repeat_every_seconds)
    if now < again:
        return Passage(False, "nothing new until it is repeated", again)
    return Passage(True, "still open", reason=Reason.REPEATED)


STAGE = Comparison()
