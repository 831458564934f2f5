"""Messages for tests of notifiers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.incident import Contact, IncidentStatus, MemberLine, Message, Reason

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def message(**changes: Any) -> Message:
    line = MemberLine(
        reference="4711", transaction_id="ab" * 16,
        sla="book-in-time", sla_title="Order booked in time", verdict="breached", due_at=NOW, due="2026-03-02 11:00 Berlin", value=1200.0, currency="EUR",
        customer="ACME", url="http://127.0.0.1:8501/transactions?id=1", penalty=0.0,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "delivery_id": "dlv_1", "incident_id": "0" * 32, "reason": Reason.OPENED, "status": IncidentStatus.OPEN, "severity": "critical",
        "title": "Orders: booked is overdue", "summary": "1 transaction, 1,200 EUR at risk", "flow": "orders", "stage": "booked", "cause": "overdue",
        "owner": "order-desk", "owner_title": "Order desk", "runbook": "order-not-booked", "runbook_title": "Order not booked",
        "runbook_url": "http://127.0.0.1:8501/incidents?id=0#runbook", "runbook_body": "1. Look at the inbound queue.",
        "incident_url": "http://127.0.0.1:8501/incidents?id=0", "opened_at": NOW, "updated_at": NOW, "resolved_at": None, "reopened_at": None, "next_due_at": None,
        "members": 1, "members_total": 1, "breached": 1, "value": {"EUR": 1200.0}, "customers": ["ACME"], "plants": ["DE07"], "top": [line],
        "penalty": {}, "contact": Contact(), "assignee": "", "acknowledged_by": "",
    }  # fmt: skip
    return Message(**{**fields, **changes})
