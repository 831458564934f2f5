"""Alertmanager: one alert for an incident, for as long as it is open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.notifiers.alertmanager import NOTIFIER
from core.errors import WrongSetting
from core.incident import IncidentStatus
from tests.alerts.messages import NOW, message
from tests.alerts.notifiers.conftest import Posted

SETTINGS = {"url": "http://alertmanager.example:9093/"}


def sent(posted: Posted, settings: dict[str, Any] = SETTINGS, **changes: Any) -> dict[str, Any]:
    NOTIFIER.deliver(message(**changes), settings)
    (alert,) = posted.last
    return dict(alert)


def test_the_labels_never_change_so_that_it_stays_one_alert_there(posted: Posted):
    first = sent(posted)
    later = sent(posted, severity="warning", title="Other", members=9, status=IncidentStatus.ACKNOWLEDGED, delivery_id="dlv_2")

    assert first["labels"] == later["labels"]
    assert first["annotations"] != later["annotations"]
    assert posted.addresses == ["http://alertmanager.example:9093/api/v2/alerts"] * 2


def test_a_label_is_never_empty(posted: Posted):
    labels = sent(posted, stage="", cause="", owner="")["labels"]

    assert (labels["stage"], labels["cause"], labels["owner"]) == ("none", "none", "none")


@pytest.mark.parametrize(
    ("settings", "changes", "ends_at"),
    [
        ({}, {}, NOW + timedelta(days=1)),
        ({"keep_minutes": 90}, {}, NOW + timedelta(minutes=90)),
        ({}, {"status": IncidentStatus.RESOLVED, "resolved_at": NOW - timedelta(minutes=1)}, NOW - timedelta(minutes=1)),
    ],
)
def test_an_alert_ends_when_its_incident_does_or_when_it_is_not_repeated(
    posted: Posted, settings: dict[str, Any], changes: dict[str, Any], ends_at: Any
):
    alert = sent(posted, {**SETTINGS, **settings}, **changes)

    assert (alert["startsAt"], alert["endsAt"]) == (NOW.isoformat(), ends_at.isoformat())


@pytest.mark.parametrize("minutes", [0, -1, True, "60", None, 366 * 24 * 60, float("nan")])
def test_how_long_it_is_kept_is_checked(minutes: Any):
    with pytest.raises(WrongSetting, match="'keep_minutes' is not a number of minutes"):
        NOTIFIER.validate({**SETTINGS, "keep_minutes": minutes})
