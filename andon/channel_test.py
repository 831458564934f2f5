"""A test of one channel: a message as people would get it, and its end, so that nothing stays open at the other side."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from andon.plugins import notifiers
from core.catalog.catalog import Catalog
from core.catalog.flow import OWN_FLOW
from core.catalog.validation_errors import suggestion
from core.clock import SystemClock
from core.errors import AndonError, Permanent, Retryable, UsageError
from core.incident import Contact, IncidentStatus, Message, Reason


def send_test(catalog: Catalog, name: str, dashboard_url: str) -> Iterator[str]:
    """Yield in a sentence what the other side says to each message.

    Raises :class:`core.errors.UsageError` for an unknown channel, and :class:`core.errors.AndonError` if a message does not arrive.
    """
    channels = catalog.routes.channels
    if name not in channels:
        raise UsageError(f"channel '{name}' is not in routes.yaml{suggestion(name, channels)}")
    channel = channels[name]
    incident = f"test-{secrets.token_hex(8)}"
    for status, reason, words in (
        (IncidentStatus.OPEN, Reason.OPENED, "the test message was accepted"),
        (IncidentStatus.RESOLVED, Reason.RESOLVED, "and so was its end"),
    ):
        try:
            answer = notifiers()[channel.type].deliver(_message(incident, status, reason, name, dashboard_url), channel.settings)
        except (Permanent, Retryable) as error:
            kind = "would be tried again" if isinstance(error, Retryable) else "is refused for good"
            raise AndonError(f"channel '{name}' ({channel.type}): the message {kind}: {error}") from error
        yield f"{words} ({answer.detail})"


def _message(incident: str, status: IncidentStatus, reason: Reason, channel: str, dashboard_url: str) -> Message:
    now = SystemClock().now()
    return Message(
        delivery_id=f"{incident}-{reason.value}",
        incident_id=incident,
        reason=reason,
        status=status,
        severity="info",
        title=f"Test of the channel {channel}",
        summary="Whoever reads this is notified by Andon; nothing has happened",
        flow=OWN_FLOW,
        stage="",
        cause="test",
        owner="",
        owner_title="",
        runbook="",
        runbook_title="",
        runbook_url="",
        runbook_body="",
        incident_url=f"{dashboard_url}/incidents",
        opened_at=now,
        updated_at=now,
        reopened_at=None,
        resolved_at=now if status is IncidentStatus.RESOLVED else None,
        next_due_at=None,
        members=0,
        members_total=0,
        breached=0,
        value={},
        customers=[],
        plants=[],
        top=[],
        penalty={},
        contact=Contact(),
        assignee="",
        acknowledged_by="",
    )
