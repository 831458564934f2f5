"""Candidates for tests of the stages: one critical incident of three orders, for the channel ``desk``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alerts.incidents import Incident
from alerts.stage import LastNotified, NotificationCandidate
from tests.alerts.messages import NOW

INCIDENT = Incident(
    "i1", "orders", "booked", "overdue", NOW, NOW, severity="critical", owner="order-desk", runbook="book", members=3, breached=2,
    value={"EUR": 12_000.0, "USD": 50.0}, customers=["ACME", "Globex"], plants=["DE07"],
)  # fmt: skip


def candidate(**changes: Any) -> NotificationCandidate:
    return NotificationCandidate(**{"incident": INCIDENT, "channel": "desk", "route": "r1", "last_notified": LastNotified(), **changes})


def last_notified(minutes_ago: float, **changes: Any) -> LastNotified:
    said = {"sequence": 1, "reason": "opened", "severity": "critical", "breached": 2, "members": 3, "value": dict(INCIDENT.value)}
    return LastNotified(**{**said, "at": NOW - timedelta(minutes=minutes_ago), "firing": True, **changes})
