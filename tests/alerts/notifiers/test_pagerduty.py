"""PagerDuty: which event is sent, and what is one incident there."""

from __future__ import annotations

import pytest

from alerts.notifiers.pagerduty import NOTIFIER
from core.incident import IncidentStatus, Reason
from tests.alerts.messages import message
from tests.alerts.notifiers.conftest import Posted

SETTINGS = {"routing_key": "env:TEST_SECRET"}


@pytest.mark.parametrize(
    ("status", "reason", "action"),
    [
        (IncidentStatus.OPEN, Reason.OPENED, "trigger"),
        (IncidentStatus.ACKNOWLEDGED, Reason.GROWN, "acknowledge"),
        (IncidentStatus.ACKNOWLEDGED, Reason.WORSENED, "trigger"),
        (IncidentStatus.RESOLVED, Reason.RESOLVED, "resolve"),
    ],
)
def test_it_wakes_somebody_for_what_is_new_or_became_worse(posted: Posted, status: IncidentStatus, reason: Reason, action: str):
    NOTIFIER.deliver(message(status=status, reason=reason), SETTINGS)

    assert posted.last["event_action"] == action


def test_all_messages_of_an_incident_are_one_incident_there(posted: Posted):
    for number, incident in enumerate(("i1", "i1", "i2")):
        NOTIFIER.deliver(message(delivery_id=f"dlv_{number}", incident_id=incident), SETTINGS)
        assert (posted.last["dedup_key"], posted.last["payload"]["custom_details"]["delivery_id"]) == (incident, f"dlv_{number}")


@pytest.mark.parametrize(("severity", "sent"), [("critical", "critical"), ("warning", "warning"), ("info", "info"), ("odd", "error")])
def test_severities_are_those_that_its_api_takes(posted: Posted, severity: str, sent: str):
    NOTIFIER.deliver(message(severity=severity), SETTINGS)

    assert posted.last["payload"]["severity"] == sent


def test_what_its_api_limits_is_within_the_limit(posted: Posted):
    NOTIFIER.deliver(message(title="t" * 5000, runbook_body="r" * 50_000), SETTINGS)

    assert len(posted.last["payload"]["summary"]) == 1024
    assert len(posted.last["payload"]["custom_details"]["runbook"]) == 10_000


def test_the_key_goes_to_its_api_unless_another_address_is_set(posted: Posted):
    NOTIFIER.deliver(message(), SETTINGS)
    NOTIFIER.deliver(message(), {**SETTINGS, "url": "http://events.example/v2"})

    assert posted.addresses == ["https://events.pagerduty.com/v2/enqueue", "http://events.example/v2"]
    assert posted.last["routing_key"] == "whsec_c2VjcmV0"
