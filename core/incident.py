"""Incident: the verdicts and failures of one cause; and the message people get about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

ACKNOWLEDGED_FOR = timedelta(hours=4)
"""How long an acknowledgement lasts where no deadline lies ahead to end it."""


class IncidentStatus(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why a message goes out."""

    OPENED = "opened"
    GROWN = "grown"
    WORSENED = "worsened"
    REARMED = "rearmed"
    REPEATED = "repeated"
    RESOLVED = "resolved"


class Contact(BaseModel):
    """How to reach the owner; empty where the catalog does not say."""

    model_config = ConfigDict(frozen=True)

    email: str = ""
    phone: str = ""
    chat: str = ""
    members: list[str] = []

    def __str__(self) -> str:
        """Return ``desk@example.com, +49 89 1234, #orders (Ana, Ben)``, or nothing."""
        ways = ", ".join(filter(None, [self.email, self.phone, self.chat]))
        people = f"({', '.join(self.members)})" if self.members else ""
        return f"{ways} {people}".strip()


class MemberLine(BaseModel):
    """One affected transaction in a message. ``penalty``: what its lateness costs so far, in ``currency``."""

    model_config = ConfigDict(frozen=True)

    reference: str
    transaction_id: str
    sla: str
    verdict: str
    due_at: datetime | None
    value: float
    currency: str
    customer: str
    url: str
    penalty: float


class Message(BaseModel):
    """What a notifier gets: everything a person needs to act. Times are UTC. ``delivery_id`` is the same in every attempt.

    ``value`` is at risk and ``penalty`` owed so far by those in it now, by currency.
    """

    model_config = ConfigDict(frozen=True)

    delivery_id: str
    incident_id: str
    reason: Reason
    status: IncidentStatus
    severity: str
    title: str
    summary: str
    flow: str
    stage: str
    cause: str
    owner: str
    owner_title: str
    runbook: str
    runbook_title: str
    runbook_url: str
    runbook_body: str
    incident_url: str
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    next_due_at: datetime | None
    members: int
    members_total: int
    breached: int
    value: dict[str, float]
    customers: list[str]
    plants: list[str]
    top: list[MemberLine]
    penalty: dict[str, float]
    contact: Contact
    assignee: str
    acknowledged_by: str
