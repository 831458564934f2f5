"""One message on its way to one channel, and when it is tried again. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import pandas as pd

from core.catalog.definition import Severity
from core.incident import Reason

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
GIVES_UP_AFTER = timedelta(hours=24)
FALLBACK_ATTEMPTS = 3
FALLBACK_AFTER = timedelta(minutes=2)


class DeliveryState(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Delivery:
    """One row of ``deliveries``. Times are aware UTC."""

    delivery_id: str
    incident_id: str
    channel: str
    notifier: str
    reason: str
    state: str
    severity: str
    message: str
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    finished_at: datetime | None = None
    error: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What a newer delivery supersedes."""
        return self.incident_id, self.channel

    @property
    def is_resolve(self) -> bool:
        """Whether it says that all is well again."""
        return self.reason == Reason.RESOLVED.value


def delivery_id_of(incident_id: str, channel: str, reason: str, sequence: int) -> str:
    """Return an id that the same decision gives again after a crash."""
    return "dlv_" + hashlib.sha256("\x1f".join([incident_id, channel, reason, str(sequence)]).encode()).hexdigest()[:28]


def pause_after(delivery_id: str, attempts: int) -> timedelta:
    """Return the pause after so many failures: 1 s doubling to 5 min, three quarters to five quarters of it by the delivery's own share."""
    digest = hashlib.sha256(f"{delivery_id}\x1f{attempts}".encode()).digest()
    share = 0.75 + digest[0] / 255 / 2
    base = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempts - 1, 20))
    return timedelta(seconds=min(LONGEST_PAUSE_SECONDS, base * share))


def gives_up(delivery: Delivery, now: datetime) -> bool:
    """Critical messages are tried without end, resolves included; others for a day."""
    return delivery.severity != Severity.CRITICAL.value and now - delivery.created_at >= GIVES_UP_AFTER


def needs_fallback(delivery: Delivery, now: datetime) -> bool:
    """Whether the other channel is due: three failures, no hope here, or two minutes; asked of channels that are failing only."""
    failed = delivery.state == DeliveryState.FAILED.value
    return failed or delivery.attempts >= FALLBACK_ATTEMPTS or now - delivery.created_at >= FALLBACK_AFTER


def rows(deliveries: list[Delivery]) -> pd.DataFrame:
    """Return deliveries as rows of their table."""
    return pd.DataFrame(
        {name: pd.Series([getattr(one, name) for one in deliveries], dtype=object) for name in Delivery.__dataclass_fields__}
    )
