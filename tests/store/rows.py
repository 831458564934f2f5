"""Rows as the stages write them, for what reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from store.client import Store

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def put(store: Store, table: str, **row: Any) -> None:
    """Write one row; what is not given is empty, the revision is a new one."""
    columns = {"revision": store.revision(), **row} if "slice" not in row else row
    store.insert(table, {name: [value] for name, value in columns.items()})


def clock(store: Store, identity: str, verdict: str, sla: str = "book", **other: Any) -> None:
    """Write one version of a clock that started at ``START`` and is due an hour later."""
    row: dict[str, Any] = {
        "flow": "o2c", "sla": sla, "transaction_id": identity, "reference": identity, "stage": "booked",
        "started_at": START, "due_at": START + HOUR, "stopped_at": None, "verdict": verdict, "verdict_version": 1, "value": 100.0, "currency": "EUR",
        "customer": "ACME", "plant": "DE07", "removed": 0, **other,
    }  # fmt: skip
    put(store, "clocks", **row)


def transaction(store: Store, identity: str, **other: Any) -> None:
    """Write one version of an open transaction that was seen first at ``START``."""
    row: dict[str, Any] = {
        "flow": "o2c", "transaction_id": identity, "reference": identity, "state": "open", "stage": "captured", "started_at": START,
        "updated_at": START, **other,
    }  # fmt: skip
    put(store, "transactions", **row)


def incident(store: Store, identity: str, **other: Any) -> None:
    """Write one version of an open incident."""
    row: dict[str, Any] = {
        "incident_id": identity, "flow": "o2c", "stage": "booked", "cause": "overdue", "title": identity, "severity": "warning", "status": "open",
        "owner": "desk", "opened_at": START, "updated_at": START, **other,
    }  # fmt: skip
    put(store, "incidents", **row)


def member(store: Store, identity: str, transaction_id: str, verdict: str, **other: Any) -> None:
    """Write one version of a member of an incident that was due at ``START``."""
    row: dict[str, Any] = {
        "incident_id": identity, "flow": "o2c", "transaction_id": transaction_id, "sla": "book", "reference": transaction_id, "verdict": verdict,
        "due_at": START, "value": 100.0, "currency": "EUR", "joined_at": START, "left_at": None, **other,
    }  # fmt: skip
    put(store, "incident_members", **row)
