"""The notification pipeline: the stages in order. Each stage that a candidate reaches leaves a line that explains the outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.stage import NotificationCandidate, NotificationStage
from alerts.stages import acknowledgement, active_time, comparison, grouping, silence, storm
from core.incident import Reason

STAGES: tuple[NotificationStage, ...] = (
    comparison.STAGE,
    acknowledgement.STAGE,
    silence.STAGE,
    active_time.STAGE,
    grouping.STAGE,
    storm.STAGE,
)


@dataclass(frozen=True)
class Decision:
    """``reason`` is None if nothing is said now. ``trail`` holds ``stage: why`` for every stage reached."""

    reason: Reason | None
    again_at: datetime | None
    trail: tuple[str, ...]


def decide(candidate: NotificationCandidate, now: datetime) -> Decision:
    """Pass a candidate through the stages until one stops it."""
    trail: list[str] = []
    for stage in STAGES:
        result = stage.check(candidate, now)
        trail.append(f"{stage.name}: {result.why}")
        if not result.passes:
            return Decision(None, result.again_at, tuple(trail))
        if result.reason is not None:
            candidate = replace(candidate, reason=result.reason)
    return Decision(candidate.reason, _repeated_at(candidate, now), tuple(trail))


def _repeated_at(candidate: NotificationCandidate, now: datetime) -> datetime | None:
    """A message that is sent sets the time of its own repetition; the last one does not."""
    over = candidate.reason is Reason.RESOLVED
    return None if over or candidate.repeat_every_seconds is None else now + timedelta(seconds=candidate.repeat_every_seconds)
