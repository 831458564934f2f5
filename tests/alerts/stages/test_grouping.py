"""Grouping: a first message waits for those that come together, and growth is notified once a minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.stages import grouping
from core.incident import Reason
from tests.alerts.messages import NOW
from tests.alerts.stages.candidates import INCIDENT, candidate, last_notified

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("severity", "age", "again_at"),
    [
        ("critical", 0, None),
        ("warning", 0, NOW + 2 * SECOND),
        ("warning", 1.9, NOW + 2 * SECOND),
        ("warning", 2, None),
        ("info", 0, NOW + 2 * SECOND),
    ],
)
def test_a_first_message_that_is_not_critical_waits_two_seconds(severity: str, age: float, again_at: Any):
    opened = replace(INCIDENT, severity=severity, opened_at=NOW)
    result = grouping.STAGE.check(candidate(incident=opened, reason=Reason.OPENED), NOW + age * SECOND)

    assert (result.passes, result.again_at) == (again_at is None, again_at)


def test_growth_is_notified_a_minute_after_the_last_message_and_not_before():
    last = last_notified(0)
    early = grouping.STAGE.check(candidate(last_notified=last, reason=Reason.GROWN), NOW + 59 * SECOND)

    assert (early.passes, early.again_at) == (False, NOW + 60 * SECOND)
    assert grouping.STAGE.check(candidate(last_notified=last, reason=Reason.GROWN), NOW + 60 * SECOND).passes


@pytest.mark.parametrize("reason", [Reason.WORSENED, Reason.REARMED, Reason.REPEATED, Reason.RESOLVED])
def test_nothing_else_waits(reason: Reason):
    assert grouping.STAGE.check(candidate(last_notified=last_notified(0), reason=reason), NOW).passes
