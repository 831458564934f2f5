"""The road of a notice: the stages in order. Each one that it meets leaves a line, so that a silence can be explained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.notice import Notice, NoticeStage
from alerts.stages import acknowledgement, active_time, comparison, grouping, silence, storm
from core.incident import Reason

STAGES: tuple[NoticeStage, ...] = (
    comparison.STAGE,
    acknowledgement.STAGE,
    silence.STAGE,
    active_time.STAGE,
    grouping.STAGE,
    storm.STAGE,
)


@dataclass(frozen=True)
class Decision:
    """``reason`` is None when nothing is said now. ``trail`` holds ``stage: why`` of every stage met."""

    reason: Reason | None
    again_at: datetime | None
    trail: tuple[str, ...]


def decide(notice: Notice, now: datetime) -> Decision:
    """Let a notice walk through the stages until one stops it."""
    trail: list[str] = []
    for stage in STAGES:
        passage = stage.check(notice, now)
        trail.append(f"{stage.name}: {passage.why}")
        if not passage.passes:
            return Decision(None, passage.again_at, tuple(trail))
        if passage.reason is not None:
            notice = replace(notice, reason=passage.reason)
    return Decision(notice.reason, _repeated_at(notice, now), tuple(trail))


def _repeated_at(notice: Notice, now: datetime) -> datetime | None:
    """A message that goes out arms its own repetition; the last one does not."""
    over = notice.reason is Reason.RESOLVED
    return None if over or notice.repeat_every_seconds is None else now + timedelta(seconds=notice.repeat_every_seconds)
