"""Finding transactions: by any business identifier, or by their state. All answers are limited in size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from core.business_key import visible
from core.catalog.flow import HEARTBEAT
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

TROUBLED = ("at_risk", "breached", "unknown")
OPEN = (*TROUBLED, "running", "paused")
_WINDOW_HOURS = (24, 24 * 8, 24 * 64)


def forms(value: str) -> list[str]:
    """Return how an identifier that a person types may be stored: as it is, and without leading zeros (if it is all zeros, one is left)."""
    typed = visible(value)
    return list(dict.fromkeys([typed, typed.lstrip("0") or typed[-1:]]))


def find(client: Reader, *, value: str, limit: int = 50) -> pd.DataFrame:
    """Return the transactions that an identifier names: flow, transaction_id, key_type, key_value; exact matches first, then prefixes.

    The only way to search by an identifier. The id of a transaction that was merged into another is a key of that one, of type ``@merged``.
    """
    exact = forms(value)
    beginnings = {f"beginning_{number}": form for number, form in enumerate(exact)}
    return frame(client, statement("search/find", beginnings=tuple(beginnings)), parameters={"exact": exact, **beginnings, "limit": limit})


def choices(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return customer and plant of the transactions first seen since then, with their number; the 2,000 most frequent pairs."""
    return frame(client, statement("search/choices"), parameters={"first": first_id(since)})


def listing(
    client: Reader,
    *,
    now: datetime,
    flow: str = "",
    state: str = "",
    verdict: str = "",
    stage: str = "",
    awaited: str = "",
    customer: str = "",
    plant: str = "",
    since: datetime | None = None,
    ids: tuple[str, ...] = (),
    limit: int = 200,
) -> pd.DataFrame:
    """Return transactions, newest first, with their worst clock.

    ``stage``: the milestone reached last. ``awaited``: the milestone that a late clock is waiting for, or that failed. ``verdict``: of any
    clock, or ``failed``. ``since``: first seen after. Columns: flow, transaction_id, reference, state, stage, started_at, updated_at,
    ended_at, failed_stage, cause, customer, plant, value, currency, and of the worst clock: sla, verdict, due_at.

    Searches newest first, in windows back from ``now``, until there are ``limit`` rows: what is frequent is found at once, what is rare
    costs one pass over everything.
    """
    given = {"flow": flow, "state": state, "stage": stage, "customer": customer, "plant": plant}
    parameters: dict[str, Any] = {**given, "awaited": awaited, "verdict": verdict, "limit": limit, "ids": list(ids), "heartbeat": HEARTBEAT}
    parameters["troubled"] = list(TROUBLED)
    asked: dict[str, Any] = {"columns": tuple(name for name, value in given.items() if value), "by_id": bool(ids), "awaited": bool(awaited)}
    asked |= {"failed": verdict == "failed", "verdict": bool(verdict), "clock_is_open": not verdict or verdict in OPEN}
    rows = pd.DataFrame()
    for first in [since] if ids else _windows(since, now):
        parameters["first"] = first_id(first) if first else ""
        rows = frame(client, statement("search/listing", in_window=first is not None, **asked), parameters=parameters)
        if len(rows) >= limit:
            break
    return _with_worst_clock(client, rows)


def first_id(since: datetime) -> str:
    """Return a lower bound for the ids of transactions first seen since then."""
    return f"{int(since.timestamp() * 1000):012x}"


def _windows(since: datetime | None, now: datetime) -> list[datetime | None]:
    """Return where the windows begin, the shortest first, the last as far back as ``since``."""
    windows = [now - timedelta(hours=hours) for hours in _WINDOW_HOURS]
    return [*(begin for begin in windows if since is None or begin > since), since]


def _with_worst_clock(client: Reader, rows: pd.DataFrame) -> pd.DataFrame:
    empty: dict[str, Any] = {"sla": "", "verdict": "", "due_at": pd.NaT, "value": 0.0, "currency": ""}
    if rows.empty:
        return rows.assign(**empty)
    worst = worst_clocks(client, ids=tuple(rows["transaction_id"]))
    if worst.empty:
        return rows.assign(**empty)
    merged = rows.merge(worst, on=["flow", "transaction_id"], how="left")
    for name in ("sla", "verdict", "currency"):
        merged[name] = merged[name].fillna("")
    return merged


def worst_clocks(client: Reader, *, ids: Sequence[str]) -> pd.DataFrame:
    """Return flow, transaction_id, sla, verdict, due_at, value, currency of each transaction's worst clock.

    Of equals, the one due first.
    """
    return frame(client, statement("search/worst_clocks"), parameters={"ids": list(ids)})
