"""Prometheus Alertmanager: alerts to POST /api/v2/alerts, where its own routes, silences and receivers apply.

Alertmanager notifies a receiver of a new alert, not of a changed one. So what is worth a message is a new alert there (label ``update``),
and the one before it ends; what has only changed is the same alert with other annotations. Which alerts an incident has there, Alertmanager
knows.

Settings: ``url`` (its address, without the path); ``keep_minutes`` (how long an alert lives there without being repeated, by default one
day: give the route a shorter ``repeat_every``).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from alerts import egress
from alerts.notifier import Attempt
from core.clock import SystemClock
from core.errors import Retryable, WrongSetting
from core.incident import IncidentStatus, Message, Reason

_KEEP_MINUTES = 24 * 60
_LONGEST_MINUTES = 365 * 24 * 60
_PLANTS_MAX = 10
_HEADERS = {"content-type": "application/json"}


class Alertmanager:
    """One alert for each time an incident is worth a message; all but the latest have ended."""

    name = "alertmanager"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the address."""
        egress.only(settings, "url", "keep_minutes", *egress.SETTINGS)
        egress.check_url(settings)
        _keep(settings)

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        """Deliver."""
        address = egress.url(settings).rstrip("/") + "/api/v2/alerts"
        # Alertmanager goes by its own clock, which is real time also where Andon's is simulated.
        now = SystemClock().now()
        before = _before(address, message, settings)
        labels = _labels(message, _update(message, before))
        over = message.status is IncidentStatus.RESOLVED
        ended = [alert for alert in before if over or alert["labels"] != labels]
        alerts = [{**alert, "endsAt": now.isoformat()} for alert in ended]
        if not (over and before):
            alerts.append(_alert(message, labels, now, _keep(settings)))
        status, _ = egress.post(address, json.dumps(alerts).encode(), _HEADERS, settings)
        return Attempt(f"HTTP {status}")


def _before(address: str, message: Message, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alerts that the incident has there now."""
    query = urlencode({"filter": f'incident_id="{message.incident_id}"'})
    _, reply = egress.get(f"{address}?{query}", settings)
    try:
        alerts = json.loads(reply)
        return [{"labels": dict(one["labels"]), "startsAt": str(one["startsAt"]), "annotations": one["annotations"]} for one in alerts]
    except (ValueError, TypeError, LookupError) as error:
        raise Retryable("Alertmanager's reply is not a list of alerts") from error


def _update(message: Message, before: list[dict[str, Any]]) -> int:
    """Return the number of the alert: the latest one's where nothing new is said, or where this very message arrived already."""
    numbers = {int(one["labels"]["update"]): one for one in before if one["labels"].get("update", "").isdecimal()}
    latest = max(numbers, default=0)
    said = latest and numbers[latest]["annotations"].get("delivery_id") == message.delivery_id
    same = message.reason in {Reason.REPEATED, Reason.RESOLVED} or said
    return latest if latest and same else latest + 1


def _labels(message: Message, update: int) -> dict[str, str]:
    labels = {
        "alertname": "AndonIncident",
        "incident_id": message.incident_id,
        "update": str(update),
        "severity": message.severity,
        "flow": message.flow,
        "stage": message.stage,
        "cause": message.cause,
        "owner": message.owner,
        "plant": ", ".join(sorted(message.plants)[:_PLANTS_MAX]),
    }
    return {name: value or "none" for name, value in labels.items()}


def _alert(message: Message, labels: dict[str, str], now: datetime, keep: timedelta) -> dict[str, Any]:
    return {
        "labels": labels,
        "annotations": {
            "summary": f"{message.title}: {message.summary}",
            "reason": message.reason.value,
            "delivery_id": message.delivery_id,
            "runbook": message.runbook_body[:10_000],
            "runbook_url": message.runbook_url,
            "customers": ", ".join(message.customers[:20]),
            "contact": str(message.contact),
            "assignee": message.assignee,
        },
        "startsAt": min(message.opened_at, now).isoformat(),
        "endsAt": (min(message.resolved_at, now) if message.resolved_at else now + keep).isoformat(),
        "generatorURL": message.incident_url,
    }


def _keep(settings: dict[str, Any]) -> timedelta:
    value = settings.get("keep_minutes", _KEEP_MINUTES)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST_MINUTES:
        raise WrongSetting("keep_minutes", "is not a number of minutes up to one year")
    return timedelta(minutes=value)


NOTIFIER = Alertmanager()
