"""Deliveries for tests of their parts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alerts.delivery.delivery import Delivery, delivery_id_of
from core.catalog.routing import Channel
from core.incident import Reason
from tests.alerts.messages import NOW, message

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def delivery(identity: str = "", incident: str = "i1", channel: str = "mail", **changes: Any) -> Delivery:
    """Return a pending, critical delivery of an opened incident, made and due at ``NOW``."""
    reason = changes.get("reason", "opened")
    identity = identity or delivery_id_of(incident, channel, reason, 1)
    said = message(delivery_id=identity, incident_id=incident, reason=Reason(reason))
    made = changes.get("created_at", NOW)
    fields: dict[str, Any] = {
        "notifier": "desk", "reason": reason, "state": "pending", "severity": "critical", "message": said.model_dump_json(), "attempts": 0,
        "next_attempt_at": made, "created_at": made,
    }  # fmt: skip
    return Delivery(identity, incident, channel, **{**fields, **changes})


def channel(name: str = "mail", **changes: Any) -> Channel:
    """Return a channel of the notifier ``desk`` that tells it its name."""
    return Channel(type="desk", settings={"channel": name}, **changes)
