"""What may be published again, and what was asked and done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def dead_letters(client: Reader, *, event_id: str) -> list[dict[str, Any]]:
    """Return source, event_source, type, content_type, data, binary, extensions of at most two dead letters with this id."""
    return [dict(row) for row in client.query(statement("resubmission/event"), parameters={"id": event_id}).named_results()]


def offered(client: Reader, *, ids: tuple[str, ...]) -> pd.DataFrame:
    """Return id, source and type of the events among these (``SOURCE ID``) that are dead letters."""
    return frame(client, statement("resubmission/offered"), parameters={"ids": list(ids)})


def given_up(client: Reader, *, incident_id: str, source: str, limit: int = 200) -> pd.DataFrame:
    """Return id, source and type of the latest dead letters of a source that transactions in an incident have, and their ``reference``.

    ``among``, the same in each row, is how many there are.
    """
    return frame(client, statement("resubmission/given_up"), parameters={"id": incident_id, "source": source, "limit": limit})


def transactions_of(client: Reader, *, signal_id: str) -> list[dict[str, Any]]:
    """Return flow, transaction_id, reference, first_at (milestone → UTC) and milestone of the transactions that an event belongs to."""
    found = client.query(statement("resubmission/transactions"), parameters={"signal_id": signal_id})
    return [dict(row) for row in found.named_results()]


def begun_since(client: Reader, *, source: str, since: datetime) -> int:
    """Return how many of a source were published, or begun to be, after a moment (aware)."""
    (found,) = client.query(statement("resubmission/lately"), parameters={"source": source, "since": since}).named_results()
    return int(found["begun"])


def history(client: Reader, *, targets: tuple[str, ...] = (), events: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return at (UTC), actor, action, target, detail and outcome of what was asked and done about these, oldest first.

    ``targets``: ids in quarantine; ``events``: ids of events as signals (``SOURCE ID``).
    """
    return frame(client, statement("resubmission/history"), parameters={"targets": list(targets), "events": list(events)})
