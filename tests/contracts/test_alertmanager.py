"""The notifier against a real Alertmanager."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from alerts.notifiers.alertmanager import NOTIFIER
from core.clock import SystemClock
from core.incident import IncidentStatus
from tests.alerts.messages import message
from tests.servers.alertmanager import alertmanager


@pytest.mark.server
def test_an_incident_is_visible_there_and_goes_when_it_is_resolved(tmp_path: Path):
    now: datetime = SystemClock().now().astimezone(UTC)
    with alertmanager(tmp_path) as url:
        NOTIFIER.deliver(message(opened_at=now - timedelta(minutes=1), updated_at=now), {"url": url})
        shown = httpx.get(f"{url}/api/v2/alerts").json()
        gone = message(opened_at=now - timedelta(minutes=1), updated_at=now, status=IncidentStatus.RESOLVED, resolved_at=now)
        NOTIFIER.deliver(gone, {"url": url})
        left = httpx.get(f"{url}/api/v2/alerts").json()

    assert [alert["labels"]["incident_id"] for alert in shown] == ["0" * 32]
    assert shown[0]["annotations"]["delivery_id"] == "dlv_1"
    assert left == []
