"""The notifier against a real Alertmanager."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.notifiers.alertmanager import NOTIFIER
from core.clock import SystemClock
from core.incident import IncidentStatus, Reason
from tests import plain_http
from tests.alerts.messages import message
from tests.e2e.sinks import http_sink
from tests.servers.alertmanager import alertmanager
from tests.waiting import wait_until


@pytest.mark.server
def test_an_incident_is_visible_there_and_goes_when_it_is_resolved(tmp_path: Path):
    now: datetime = SystemClock().now().astimezone(UTC)
    with alertmanager(tmp_path) as url:
        NOTIFIER.deliver(message(opened_at=now - timedelta(minutes=1), updated_at=now), {"url": url})
        shown = plain_http.get(f"{url}/api/v2/alerts").json()
        gone = message(opened_at=now - timedelta(minutes=1), updated_at=now, status=IncidentStatus.RESOLVED, resolved_at=now)
        NOTIFIER.deliver(gone, {"url": url})
        left = plain_http.get(f"{url}/api/v2/alerts").json()

    assert [alert["labels"]["incident_id"] for alert in shown] == ["0" * 32]
    assert shown[0]["annotations"]["delivery_id"] == "dlv_1"
    assert left == []


@pytest.mark.server
def test_an_escalation_and_a_growth_reach_its_receiver_and_so_does_the_end(tmp_path: Path):
    now = SystemClock().now().astimezone(UTC)
    with http_sink() as sink, alertmanager(tmp_path, sink.url) as url:

        def told(wanted: list[tuple[str, str]], **changes: Any) -> None:
            NOTIFIER.deliver(message(opened_at=now - timedelta(minutes=1), updated_at=now, **changes), {"url": url})

            def said() -> bool:
                alerts = [alert for posted in sink.messages for alert in posted["alerts"]]
                latest = {alert["labels"]["update"]: (alert["labels"]["severity"], alert["status"]) for alert in alerts}
                return [latest[number] for number in sorted(latest)] == wanted

            wait_until(said, 30, f"its receiver hears {wanted}")

        told([("warning", "firing")], severity="warning", delivery_id="dlv_1")
        told([("warning", "resolved"), ("critical", "firing")], reason=Reason.WORSENED, delivery_id="dlv_2")
        told([("warning", "resolved"), ("critical", "resolved"), ("critical", "firing")], reason=Reason.GROWN, delivery_id="dlv_3")
        over = {"status": IncidentStatus.RESOLVED, "reason": Reason.RESOLVED, "resolved_at": now, "delivery_id": "dlv_4"}
        told([("warning", "resolved"), ("critical", "resolved"), ("critical", "resolved")], **over)
