"""Incident: the verdicts and failures that share one cause, and the message that people get about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

ACKNOWLEDGED_FOR = timedelta(hours=4)
"""How long an acknowledgement lasts if there is no later deadline to end it."""
OVERDUE = "overdue"
"""The cause of verdicts that have no other: time is running out, or has."""
FAILED = "failed"
"""The cause of failures that name none."""
NO_VERDICT = {
    "source-silent": "{} is silent",
    "source-paused": "{} is paused",
    "fact-missing": "the fact {} is missing",
    "calendar": "the calendar {} gives no due time",
}
"""Why there is no verdict, by the kind of cause (``source-silent:erp``)."""
STOPPED, GROWING, DEAD_LETTERS = "queue-stopped", "queue-growing", "dead-letters"
HELD_UP = {
    STOPPED: "{} stands still",
    GROWING: "{} fills faster than it is read",
    DEAD_LETTERS: "{} dead-letters messages",
}
"""How a queue holds up what is behind it, by the kind of cause (``queue-stopped:broker/orders.inbound``)."""
_OVER = {
    "source-silent": "{} was silent",
    "source-paused": "{} was paused",
    "fact-missing": "the fact {} was missing",
    "calendar": "the calendar {} gave no due time",
    STOPPED: "{} stood still",
    GROWING: "{} filled faster than it was read",
    DEAD_LETTERS: "{} dead-lettered messages",
}
"""The same once it is over."""


WORKED, WORKED_NOT = OUTCOMES = ("worked", "did not work")
"""What came of a step of a runbook."""


class IncidentStatus(StrEnum):
    """The state of an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why a message is sent."""

    OPENED = "opened"
    GROWN = "grown"
    WORSENED = "worsened"
    REARMED = "rearmed"
    REPEATED = "repeated"
    RESOLVED = "resolved"


def current_status(status: str, acknowledged_until: datetime | None, now: datetime) -> str:
    """Return an incident's status now: one whose acknowledgement has run out is open, also before the engine has written so."""
    over = status == IncidentStatus.ACKNOWLEDGED.value and acknowledged_until is not None and acknowledged_until <= now
    return IncidentStatus.OPEN.value if over else status


def size_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return members, breached, value and penalty of a row of ``incidents``: of now, or the most there was at once if it is resolved."""
    worst = "peak_" if row["status"] == IncidentStatus.RESOLVED.value else ""
    return {name: row[worst + name] for name in ("members", "breached", "value", "penalty")}


def cause_text(cause: str, *, over: bool = False) -> str:
    """Return a cause in words: ``takes too long`` for ``overdue``, ``erp is silent`` for ``source-silent:erp``; others as they are.

    ``orders.inbound stands still`` for ``queue-stopped:broker/orders.inbound``; ``stood still`` once it is ``over``.
    """
    if cause == OVERDUE:
        return "takes too long"
    kind, _, name = cause.partition(":")
    known = _OVER if over else HELD_UP | NO_VERDICT
    if kind not in known:
        return cause
    return known[kind].format((kind in HELD_UP and name.partition("/")[2]) or name)


def is_held_up(cause: str) -> bool:
    """Return whether a cause is a queue that holds up what is behind it."""
    return cause.partition(":")[0] in HELD_UP


class Contact(BaseModel):
    """How to reach the owner; empty if the catalog does not say."""

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
    """One affected transaction in a message. ``penalty``: what its lateness costs so far, in ``currency``.

    ``due``: ``due_at`` as the plant's clocks show it (``2026-03-27 16:05 Berlin``), or empty. ``sla_title``: empty for a failure.
    """

    model_config = ConfigDict(frozen=True)

    reference: str
    transaction_id: str
    sla: str
    sla_title: str
    verdict: str
    due_at: datetime | None
    due: str
    value: float
    currency: str
    customer: str
    url: str
    penalty: float


class Message(BaseModel):
    """What a notifier receives: everything a person needs in order to act. Times are UTC. ``delivery_id`` is the same in every attempt.

    ``acknowledged_by``: who has it while ``status`` is acknowledged; while it is open, who had it until their acknowledgement ended.
    ``value`` (at risk) and ``penalty`` (so far) are those of the transactions affected now, by currency.
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
    reopened_at: datetime | None
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

    @property
    def handled_by(self) -> str:
        """Who works on it now, or did until their acknowledgement ended; empty: nobody."""
        if self.assignee or not self.acknowledged_by or self.status is IncidentStatus.ACKNOWLEDGED:
            return self.assignee or self.acknowledged_by
        return f"nobody since the acknowledgement by {self.acknowledged_by} ended"
