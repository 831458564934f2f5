"""PagerDuty: triggers, acknowledges and resolves through the Events API v2; ``dedup_key`` is the incident.

An incident that got worse triggers again even if it is acknowledged: somebody has to look at it again.

Settings: ``routing_key`` (``env:NAME``); ``url`` (another address of the API).
"""

from __future__ import annotations

import json
from typing import Any

from alerts import egress
from alerts.notifier import Attempt
from core.incident import IncidentStatus, MemberLine, Message, Reason

_API = "https://events.pagerduty.com/v2/enqueue"
_SEVERITIES = {"critical": "critical", "warning": "warning", "info": "info"}
_ACTIONS = {IncidentStatus.OPEN: "trigger", IncidentStatus.ACKNOWLEDGED: "acknowledge", IncidentStatus.RESOLVED: "resolve"}


class PagerDuty:
    """Sends one event; repeats with the same ``dedup_key`` are one incident there."""

    name = "pagerduty"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check key and address."""
        egress.only(settings, "routing_key", "url", *egress.SETTINGS)
        egress.check_secret(settings, "routing_key")
        if "url" in settings:
            egress.check_url(settings)

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        """Deliver."""
        event = {
            "routing_key": egress.secret(settings, "routing_key"),
            "event_action": "trigger" if message.reason is Reason.WORSENED else _ACTIONS[message.status],
            "dedup_key": message.incident_id,
            "client": "Andon",
            "client_url": message.incident_url,
            "links": [{"href": message.incident_url, "text": "Incident"}],
            "payload": {
                "summary": f"{message.title}: {message.summary}"[:1024],
                "source": f"andon/{message.flow}",
                "severity": _SEVERITIES.get(message.severity, "error"),
                "timestamp": message.updated_at.isoformat(),
                "component": message.stage,
                "group": message.flow,
                "class": message.cause,
                "custom_details": {
                    "delivery_id": message.delivery_id,
                    "owner": message.owner_title,
                    "contact": message.contact.model_dump(),
                    "assignee": message.assignee,
                    "handled_by": message.handled_by,
                    "customers": message.customers[:20],
                    "plants": message.plants[:20],
                    "value": message.value,
                    "penalty": message.penalty,
                    "runbook": message.runbook_body[:10_000],
                    "affected": [_line(line) for line in message.top],
                },
            },
        }
        status, _ = egress.post(
            egress.url(settings, "url", _API), json.dumps(event).encode(), {"content-type": "application/json"}, settings
        )
        return Attempt(f"HTTP {status}")


def _line(line: MemberLine) -> str:
    promise = f" ({line.sla_title})" if line.sla_title else ""
    return f"{line.reference} {line.verdict.replace('_', ' ')}{promise}{f', due {line.due}' if line.due else ''} {line.url}"


NOTIFIER = PagerDuty()
