"""Prometheus Alertmanager: alerts to POST /api/v2/alerts, where its own routes, silences and receivers apply.

Settings: ``url`` (its address, without the path); ``keep_minutes`` (how long an alert lives there without being repeated, by default one
day: give the route a shorter ``repeat_every``); ``allow_link_local``.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from alerts import egress
from alerts.notifier import Attempt
from core.errors import WrongSetting
from core.incident import Message

_KEEP_MINUTES = 24 * 60
_LONGEST_MINUTES = 365 * 24 * 60


class Alertmanager:
    """One alert per incident: the labels that identify it never change; the annotations describe its current state."""

    name = "alertmanager"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the address."""
        egress.only(settings, "url", "keep_minutes", "allow_link_local")
        egress.check_url(settings)
        _keep(settings)

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        """Deliver."""
        ends_at = message.resolved_at or message.updated_at + _keep(settings)
        alert = {
            "labels": {
                "alertname": "AndonIncident",
                "incident_id": message.incident_id,
                "flow": message.flow,
                "stage": message.stage or "none",
                "cause": message.cause or "none",
                "owner": message.owner or "none",
            },
            "annotations": {
                "summary": f"{message.title}: {message.summary}",
                "severity": message.severity,
                "delivery_id": message.delivery_id,
                "runbook": message.runbook_body[:10_000],
                "runbook_url": message.runbook_url,
                "customers": ", ".join(message.customers[:20]),
                "contact": str(message.contact),
                "assignee": message.assignee,
            },
            "startsAt": message.opened_at.isoformat(),
            "endsAt": ends_at.isoformat(),
            "generatorURL": message.incident_url,
        }
        address = egress.url(settings).rstrip("/") + "/api/v2/alerts"
        status, _ = egress.post(address, json.dumps([alert]).encode(), {"content-type": "application/json"}, settings)
        return Attempt(f"HTTP {status}")


def _keep(settings: dict[str, Any]) -> timedelta:
    value = settings.get("keep_minutes", _KEEP_MINUTES)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST_MINUTES:
        raise WrongSetting("keep_minutes", "is not a number of minutes up to one year")
    return timedelta(minutes=value)


NOTIFIER = Alertmanager()
