"""Finding transactions: by any business identifier, or by their state. All answers are limited in size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import pandas as pd

from core.business_key import visible
from core.catalog.flow import HEARTBEAT
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

TROUBLED = ("at_risk", "breached", "unknown")
OPEN = (*TROUBLED, "running", "paused")
Order = Literal["worst", "due", "value", "newest"]
"""Worst: breached, at risk and unknown first, of equals the one due first. Due and value: of open clocks. The others follow, newest
first."""
ORDERS: tuple[Order, ...] = get_args(Order)
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
    """Return customer, supplier, carrier and plant of the transactions first seen since then, with their number.

    Of these combinations the 2,000 most frequent.
    """
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
    supplier: str = "",
    carrier: str = "",
    plant: str = "",
    promises: tuple[tuple[str, str], ...] = (),
    since: datetime | None = None,
    ids: tuple[str, ...] = (),
    limit: int = 200,
    order: Order = "newest",
) -> pd.DataFrame:
    """Return transactions with their worst clock, in this order.

    ``stage``: the milestone reached last. ``awaited``: the milestone that a late clock is waiting for, or that failed. ``verdict``: of any
    clock, or ``failed``. ``promises``: only those with a clock of one of these (flow, SLA), of which the worst is told. ``since``: first
    seen after. Columns: flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause, customer,
    supplier, carrier, plant, value, currency, and of the worst clock: sla, verdict, due_at.

    Searches newest first, in windows back from ``now``, until there are ``limit`` rows: what is frequent is found at once, what is rare
    costs one pass over everything.
    """
    given = {"flow": flow, "state": state, "stage": stage, "customer": customer, "supplier": supplier, "carrier": carrier, "plant": plant}
    parameters: dict[str, Any] = {**given, "awaited": awaited, "verdict": verdict, "limit": limit, "ids": list(ids), "heartbeat": HEARTBEAT}
    parameters |= {
        "troubled": list(TROUBLED),
        "promises": list(promises),
        "verdicts": list(TROUBLED if order == "worst" or awaited else OPEN),
    }
    asked: dict[str, Any] = {"columns": tuple(name for name, value in given.items() if value), "awaited": bool(awaited)}
    asked |= {"verdict": bool(verdict), "promises": bool(promises)}
    is_ranked = order != "newest" and not ids and (not verdict or verdict in OPEN)
    first = rows = _ranked(client, asked, parameters, since, order) if is_ranked else pd.DataFrame()
    if len(first) < limit and not (is_ranked and verdict):
        rest = _newest(client, {**asked, "by_id": bool(ids), "failed": verdict == "failed"}, parameters, now, since)
        rows = pd.concat([first, rest]).drop_duplicates(["flow", "transaction_id"], ignore_index=True).head(limit) if len(first) else rest
    return _with_worst_clock(client, rows, promises)


def _ranked(client: Reader, asked: dict[str, Any], parameters: dict[str, Any], since: datetime | None, order: Order) -> pd.DataFrame:
    """Return the transactions that come first by their open clocks, in that order."""
    bound = {**parameters, "first": first_id(since) if since else ""}
    ranked = frame(client, statement("search/ranked", in_window=since is not None, order=order, **asked), parameters=bound)
    if ranked.empty:
        return ranked
    by_id = {"columns": (), "by_id": True, "in_window": False, "awaited": False, "failed": False, "verdict": False, "promises": False}
    sql = statement("search/listing", clock_is_open=True, **by_id)
    rows = frame(client, sql, parameters={**parameters, "ids": ranked["transaction_id"].tolist()})
    return ranked.merge(rows, on=["flow", "transaction_id"]) if len(rows) else rows


def _newest(client: Reader, asked: dict[str, Any], parameters: dict[str, Any], now: datetime, since: datetime | None) -> pd.DataFrame:
    verdict, limit = parameters["verdict"], parameters["limit"]
    clock_is_open = verdict in OPEN or (not verdict and asked["awaited"])
    rows = pd.DataFrame()
    for first in [since] if asked["by_id"] else _windows(since, now):
        bound = {**parameters, "first": first_id(first) if first else ""}
        rows = frame(
            client, statement("search/listing", in_window=first is not None, clock_is_open=clock_is_open, **asked), parameters=bound
        )
        if len(rows) >= limit:
            break
    return rows


def first_id(since: datetime) -> str:
    """Return a lower bound for the ids of transactions first seen since then."""
    return f"{int(since.timestamp() * 1000):012x}"


def _windows(since: datetime | None, now: datetime) -> list[datetime | None]:
    """Return where the windows begin, the shortest first, the last as far back as ``since``."""
    windows = [now - timedelta(hours=hours) for hours in _WINDOW_HOURS]
    return [*(begin for begin in windows if since is None or begin > since), since]


def _with_worst_clock(client: Reader, rows: pd.DataFrame, promises: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    empty: dict[str, Any] = {"sla": "", "verdict": "", "due_at": pd.NaT, "value": 0.0, "currency": ""}
    if rows.empty:
        return rows.assign(**empty)
    worst = worst_clocks(client, ids=tuple(rows["transaction_id"]), promises=promises)
    if worst.empty:
        return rows.assign(**empty)
    merged = rows.merge(worst, on=["flow", "transaction_id"], how="left")
    for name in ("sla", "verdict", "currency"):
        merged[name] = merged[name].fillna("")
    return merged


def worst_clocks(client: Reader, *, ids: Sequence[str], promises: Sequence[tuple[str, str]] = ()) -> pd.DataFrame:
    """Return flow, transaction_id, sla, verdict, due_at, value, currency of each transaction's worst clock.

    Of equals, the one due first. ``promises``: only clocks of these (flow, SLA); without any, of all.
    """
    sql = statement("search/worst_clocks", promises=bool(promises))
    return frame(client, sql, parameters={"ids": list(ids), "promises": list(promises)})
