"""Storm: how often an incident and a channel are heard of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.incidents import Incident
from alerts.stage import NotificationCandidate
from alerts.stages import storm
from core.incident import Reason
from tests.alerts.messages import NOW
from tests.alerts.stages.candidates import INCIDENT, candidate, last_notified


@pytest.mark.parametrize("reason", [Reason.OPENED, Reason.GROWN])
def test_an_incident_that_flaps_speaks_six_times_in_ten_minutes(reason: Reason):
    said = tuple(NOW - timedelta(minutes=minutes) for minutes in (9, 8, 6, 4, 2, 1))

    held = storm.STAGE.check(candidate(last_notified=last_notified(1, sequence=6, notified_at=said), reason=reason), NOW)
    assert (held.passes, held.again_at) == (False, NOW + timedelta(minutes=1))
    assert storm.STAGE.check(
        candidate(last_notified=last_notified(1, sequence=6, notified_at=said), reason=reason), NOW + timedelta(minutes=1)
    ).passes


def test_six_messages_in_a_day_are_no_flapping():
    said = tuple(NOW - timedelta(hours=hours) for hours in (20, 16, 12, 8, 4, 0))

    assert storm.STAGE.check(candidate(last_notified=last_notified(0, sequence=6, notified_at=said), reason=Reason.OPENED), NOW).passes


@pytest.mark.parametrize(
    ("severity", "reason", "held"),
    [
        ("warning", Reason.OPENED, True),
        ("warning", Reason.REPEATED, True),
        ("warning", Reason.RESOLVED, False),
        ("critical", Reason.OPENED, False),
        ("critical", Reason.GROWN, True),
        ("critical", Reason.REPEATED, False),
    ],
)
def test_a_channel_hears_thirty_messages_a_minute_and_what_is_critical(severity: str, reason: Reason, held: bool):
    recent = tuple(NOW - timedelta(seconds=59 - second) for second in range(30))
    asked = candidate(incident=Incident(**{**vars(INCIDENT), "severity": severity}), reason=reason, channel_notified_at=recent)

    result = storm.STAGE.check(asked, NOW)

    assert (result.passes, result.again_at) == ((False, NOW + timedelta(seconds=1)) if held else (True, None))
    calm = NotificationCandidate(**{**vars(asked), "channel_notified_at": recent[1:]})
    assert storm.STAGE.check(calm, NOW).passes
