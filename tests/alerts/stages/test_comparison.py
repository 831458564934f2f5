"""Comparison: what there is to say that the channel does not know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.incidents import Incident
from alerts.pipeline import decide
from alerts.stage import Silence
from alerts.stages import comparison
from core.incident import Reason
from tests.alerts.messages import NOW
from tests.alerts.stages.candidates import INCIDENT, candidate, last_notified

QUIET = Silence("s1", "orders", "", "", "", NOW - timedelta(hours=1), NOW, "Ana", "maintenance")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, Reason.OPENED, id="not told yet"),
        pytest.param({"routed": False}, None, id="no route leads there any more"),
        pytest.param({"last_notified": last_notified(5)}, None, id="told, and nothing new"),
        pytest.param({"last_notified": last_notified(5, firing=False)}, Reason.OPENED, id="a resolve was told last"),
        pytest.param({"last_notified": last_notified(5, severity="warning")}, Reason.WORSENED, id="graver"),
        pytest.param({"last_notified": last_notified(5, breached=0)}, Reason.WORSENED, id="the first is late"),
        pytest.param({"last_notified": last_notified(5, members=1)}, Reason.GROWN, id="twice as many"),
        pytest.param({"last_notified": last_notified(5, members=2)}, None, id="one more of two"),
        pytest.param({"last_notified": last_notified(5, value={"EUR": 6_000.0, "USD": 50.0})}, Reason.GROWN, id="twice the money"),
        pytest.param({"last_notified": last_notified(5, value={"EUR": 12_000.0})}, Reason.GROWN, id="money of another currency"),
        pytest.param({"last_notified": last_notified(5, value={"EUR": 7_000.0, "USD": 50.0})}, None, id="less than twice the money"),
        pytest.param({"last_notified": last_notified(59), "repeat_every_seconds": 3600.0}, None, id="not repeated yet"),
        pytest.param({"last_notified": last_notified(60), "repeat_every_seconds": 3600.0}, Reason.REPEATED, id="repeated"),
        pytest.param({"last_notified": last_notified(90), "silences": (QUIET,)}, Reason.REARMED, id="a silence has ended"),
        pytest.param({"last_notified": last_notified(0), "silences": (QUIET,)}, None, id="told since the silence ended"),
        pytest.param(
            {"last_notified": last_notified(90), "silences": (Silence("s1", "shipments", "", "", "", QUIET.starts_at, NOW, "Ana", "x"),)},
            None,
            id="a silence of something else has ended",
        ),
    ],
)
def test_what_there_is_to_say(changes: dict[str, Any], reason: Reason | None):
    assert decide(candidate(**changes), NOW).reason is reason


def test_an_acknowledgement_that_ended_is_told_once():
    ended = Incident(**{**vars(INCIDENT), "acknowledged_by": "Ana", "acknowledged_until": NOW - timedelta(minutes=1)})

    assert comparison.STAGE.check(candidate(incident=ended, last_notified=last_notified(5)), NOW).reason is Reason.REARMED
    assert not comparison.STAGE.check(candidate(incident=ended, last_notified=last_notified(0.5)), NOW).passes
