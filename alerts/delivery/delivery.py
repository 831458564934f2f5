"""One message on its way to one channel: a row of ``deliveries``. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pandas as pd

from core.incident import Reason

Key = tuple[str, str]
"""Incident and channel: a newer delivery of the same key supersedes one that is waiting."""


class DeliveryState(StrEnum):
    """The state of a delivery."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Delivery:
    """One row of ``deliveries``. Times are aware UTC; ``message`` is the JSON of a :class:`core.incident.Message`."""

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
    def key(self) -> Key:
        """The key by which a newer delivery supersedes it."""
        return self.incident_id, self.channel

    @property
    def is_resolve(self) -> bool:
        """Whether it says that the incident is resolved."""
        return self.reason == Reason.RESOLVED.value


def delivery_id_of(incident_id: str, channel: str, reason: str, sequence: int) -> str:
    """Return an id that the same decision, repeated after a crash, produces again."""
    return "dlv_" + hashlib.sha256("\x1f".join([incident_id, channel, reason, str(sequence)]).encode()).hexdigest()[:28]


def rows(deliveries: list[Delivery]) -> pd.DataFrame:
    """Return deliveries as rows of their table."""
    return pd.DataFrame(
        {name: pd.Series([getattr(one, name) for one in deliveries], dtype=object) for name in Delivery.__dataclass_fields__}
    )
