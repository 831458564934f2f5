"""Notice: the question whether one channel should hear of one incident now; and the answer of each stage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from alerts.incidents import Incident
from core.incident import Reason

LATELY = 6
"""Of so many messages a channel's moments are remembered; a stage may ask for no more."""


@dataclass(frozen=True)
class Announced:
    """What a channel was last told of an incident.

    ``sequence`` counts its messages, ``lately`` says when the last few were made; ``heard``: a firing may have arrived unresolved.
    """

    sequence: int = 0
    reason: str = ""
    at: datetime | None = None
    severity: str = ""
    breached: int = 0
    members: int = 0
    value: dict[str, float] | None = None
    heard: bool = False
    lately: tuple[datetime, ...] = ()


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
    """When a route speaks: weekdays 0..6 (Monday first), minutes of the local day, IANA time zone. ``end <= start`` ends next day."""

    days: frozenset[int]
    start: int
    end: int
    time_zone: str


@dataclass(frozen=True)
class Notice:
    """One incident for one channel. ``reason`` is empty until the stage that compares has found one.

    ``silences`` are those in force and those that ended lately.
    """

    incident: Incident
    channel: str
    route: str
    announced: Announced
    routed: bool = True
    reason: Reason | None = None
    active: ActiveHours | None = None
    repeat_every_seconds: float | None = None
    silences: tuple[Silence, ...] = ()
    recent: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Passage:
    """A stage's answer. ``why`` is one line for people; ``again_at``: when a stopped notice is to be looked at again (None: on a change)."""

    passes: bool
    why: str
    again_at: datetime | None = None
    reason: Reason | None = None


@runtime_checkable
class NoticeStage(Protocol):
    """One file in ``stages/`` that exports ``STAGE``. Decides only; keeps nothing and does no I/O."""

    name: str

    def check(self, notice: Notice, now: datetime) -> Passage:
        """Say whether the notice goes on, and why."""
        ...
