"""Alertmanager: a new alert for what is worth a message, the same one for what has only changed, and the end of all the others."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.notifiers.alertmanager import NOTIFIER
from core.clock import SystemClock
from core.errors import Retryable, WrongSetting
from core.incident import IncidentStatus, Reason
from tests.alerts.messages import NOW, message
from tests.alerts.notifiers.conftest import Posted

SETTINGS = {"url": "http://alertmanager.example:9093/"}


def sent(posted: Posted, settings: dict[str, Any] = SETTINGS, **changes: Any) -> list[dict[str, Any]]:
    """Deliver and return what was posted; what has not ended is what is there when the next message asks."""
    NOTIFIER.deliver(message(**changes), settings)
    now = SystemClock().now()
    posted.found = json.dumps([alert for alert in posted.last if datetime.fromisoformat(alert["endsAt"]) > now])
    return list(posted.last)


def test_the_labels_are_what_its_routes_ask_for(posted: Posted):
    (alert,) = sent(posted, plants=["US02", "DE07"])

    assert alert["labels"] == {
        "alertname": "AndonIncident", "incident_id": "0" * 32, "update": "1", "severity": "critical", "flow": "orders", "stage": "booked",
        "cause": "overdue", "owner": "order-desk", "plant": "DE07, US02",
    }  # fmt: skip
    assert posted.addresses == ["http://alertmanager.example:9093/api/v2/alerts"]
    assert parse_qs(urlsplit(posted.asked[0]).query) == {"filter": [f'incident_id="{"0" * 32}"']}


def test_a_label_is_never_empty(posted: Posted):
    (alert,) = sent(posted, stage="", cause="", owner="", plants=[])

    assert [alert["labels"][name] for name in ("stage", "cause", "owner", "plant")] == ["none"] * 4


def test_what_has_got_worse_is_a_new_alert_and_the_one_before_ends(posted: Posted):
    (first,) = sent(posted, severity="warning", delivery_id="dlv_1")
    for number, reason in enumerate((Reason.WORSENED, Reason.GROWN, Reason.REARMED), 2):
        ended, alert = sent(posted, reason=reason, delivery_id=f"dlv_{number}")
        assert (ended["labels"], alert["labels"]["update"], alert["labels"]["severity"]) == (first["labels"], str(number), "critical")
        assert alert["annotations"]["reason"] == reason.value
        first = alert


def test_what_is_repeated_or_sent_again_is_the_same_alert(posted: Posted):
    (first,) = sent(posted)
    (again,) = sent(posted)
    (repeated,) = sent(posted, reason=Reason.REPEATED, delivery_id="dlv_2", title="Other")

    assert first["labels"] == again["labels"] == repeated["labels"]
    assert first["annotations"] != repeated["annotations"]


def test_all_its_alerts_end_with_the_incident(posted: Posted):
    (first,) = sent(posted, severity="warning")
    other = {**first, "labels": {**first["labels"], "update": "2"}}
    posted.found = json.dumps([first, other])
    over = sent(posted, status=IncidentStatus.RESOLVED, reason=Reason.RESOLVED, resolved_at=NOW, severity="critical")

    assert [alert["labels"] for alert in over] == [first["labels"], other["labels"]]
    assert posted.found == "[]"
    (unknown,) = sent(posted, status=IncidentStatus.RESOLVED, reason=Reason.RESOLVED, resolved_at=NOW)
    assert unknown["endsAt"] == NOW.isoformat()


def test_an_alert_lives_a_day_or_as_long_as_said_by_real_time_whatever_the_clock_of_a_simulation_says(posted: Posted):
    for settings, keep in ((SETTINGS, timedelta(days=1)), ({**SETTINGS, "keep_minutes": 90}, timedelta(minutes=90))):
        before = SystemClock().now()
        (alert,) = sent(posted, settings, opened_at=NOW + timedelta(days=40_000))
        assert before + keep <= datetime.fromisoformat(alert["endsAt"]) <= SystemClock().now() + keep
        assert datetime.fromisoformat(alert["startsAt"]) <= SystemClock().now()


@pytest.mark.parametrize("reply", ["", "{", '{"a": 1}', "[1]", '[{"labels": {}}]'])
def test_a_reply_that_is_no_list_of_alerts_may_be_put_right(posted: Posted, reply: str):
    posted.found = reply
    with pytest.raises(Retryable, match="not a list of alerts"):
        NOTIFIER.deliver(message(), SETTINGS)


@pytest.mark.parametrize("minutes", [0, -1, True, "60", None, 366 * 24 * 60, float("nan")])
def test_how_long_it_is_kept_is_checked(minutes: Any):
    with pytest.raises(WrongSetting, match="'keep_minutes' is not a number of minutes"):
        NOTIFIER.validate({**SETTINGS, "keep_minutes": minutes})
