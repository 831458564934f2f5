"""Changed clocks and transactions as the store gives them to the alert stage."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from tests.alerts.messages import NOW


def at(moment: datetime) -> pd.Timestamp:
    """Return a time as frames of the store carry it: UTC, without a zone, in milliseconds."""
    return pd.Timestamp(moment).tz_convert("UTC").tz_localize(None).as_unit("ms")


def clocks(verdict: str, count: int = 1, *, first: int = 0, moment: datetime = NOW, **changes: Any) -> pd.DataFrame:
    """Return clocks of the orders ``first`` to ``first + count - 1``, all late for the same reason unless said otherwise."""
    names = [f"{number:032x}" for number in range(first, first + count)]
    constant = {
        "flow": "orders", "sla": "book", "stage": "booked", "cause": "overdue", "verdict": verdict, "verdict_at": at(moment),
        "due_at": at(moment), "severity": "critical", "owner": "desk", "runbook": "", "value": 10.0, "currency": "EUR", "penalty": 0.0,
        "customer": "ACME", "plant": "DE07", "removed": 0,
    }  # fmt: skip
    return pd.DataFrame(
        {"transaction_id": names, "reference": names, **{key: [value] * count for key, value in {**constant, **changes}.items()}}
    )


def transactions(count: int = 1, *, first: int = 0, **changes: Any) -> pd.DataFrame:
    """Return transactions of the orders ``first`` to ``first + count - 1``, failed while being booked unless said otherwise."""
    names = [f"{number:032x}" for number in range(first, first + count)]
    constant = {
        "flow": "orders", "state": "open", "failed_milestone": "refused", "failed_stage": "booked", "cause": "CREDIT",
    }  # fmt: skip
    facts = [changes.pop("facts", {})] * count
    return pd.DataFrame(
        {
            "transaction_id": names,
            "reference": names,
            "facts": facts,
            **{key: [value] * count for key, value in {**constant, **changes}.items()},
        }
    )
