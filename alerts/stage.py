"""The contract of a notification stage: whether to notify one channel of one incident now, and each stage's answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from alerts.incidents import Incident
from core.incident import Reason

NOTIFICATIONS_KEPT = 6
"""How many of the latest notifications about an incident keep their times; a stage cannot use more."""


@dataclass(frozen=True)
class LastNotified:
    """What a channel was last notified of about an incident.

    ``sequence`` counts its messages; ``notified_at``: when the last few were made, oldest first; ``firing``: a message that says it is
    firing may have arrived, and no resolve has been sent since.
    """

    sequence: int = 0
    reason: str = ""
    at: datetime | None = None
    severity: str = ""
    breached: int = 0
    members: int = 0
    value: dict[str, float] | None = None
    firing: bool = False
    notified_at: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Silence:
    """One row of ``silences``: empty fields match all. Times are aware UTC."""

    silence_id: str
    flow: str
    stage: str
    cause: str
    incident_id: str
    starts_at: datetime
    ends_at: datetime
    created_by: str
    reason: str
    removed: int = 0

    def matches(self, incident: Incident) -> bool:
        """Whether it is about this incident."""
        pairs = [
            (self.flow, incident.flow),
            (self.stage, incident.stage),
            (self.cause, incident.cause),
            (self.incident_id, incident.incident_id),
        ]
        return all(wanted in {"", found} for wanted, found in pairs)


@dataclass(frozen=True)
class ActiveHours:
    """When a route is active: weekdays 0..6 (Monday first), minutes of the local day, IANA time zone.

    ``end <= start`` ends the next day.
    """

    days: frozenset[int]
    start: int
    end: int
    time_zone: str


@dataclass(frozen=True)
class NotificationCandidate:
    """One incident for one channel. ``reason`` is empty until the comparison stage has found one.

    ``silences`` are those in force and those that ended in the last days. ``channel_notified_at``: when the last messages to the channel
    were made, about any incident, oldest first.
    """

    incident: Incident
    channel: str
    route: str
    last_notified: LastNotified
    routed: bool = True
    reason: Reason | None = None
    active: ActiveHours | None = None
    repeat_every_seconds: float | None = None
    silences: tuple[Silence, ...] = ()
    channel_notified_at: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class StageResult:
    """A stage's answer. ``why`` is one line for people; ``again_at``: when to look again at a stopped candidate (None: on a change)."""

    passes: bool
    why: str
    again_at: datetime | None = None
    reason: Reason | None = None


@runtime_checkable
class NotificationStage(Protocol):
    """One file in ``stages/`` that exports ``STAGE``. Decides only; keeps nothing and does no I/O."""

    name: str

    def check(self, candidate: NotificationCandidate, now: datetime) -> StageResult:
        """Say whether the candidate passes, and why."""
        ...
