"""Finding transactions: by any business identifier, or by their state. All answers are limited in size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
Order = Literal[
    "worst",
    "due",
    "value",
    "newest",
    "reference",
    "flow",
    "stage",
    "state",
    "customer",
    "supplier",
    "carrier",
    "plant",
    "started",
    "updated",
]
"""Worst: breached, at risk and unknown first, of equals the one due first. Due: of the worst open clock. Value: the largest first. Those
without such a clock follow, newest first. Started and updated: the latest first. The others: numbers by their size, words by the alphabet,
flows and milestones by their titles."""
ORDERS: tuple[Order, ...] = get_args(Order)
_OF_CLOCKS = {"worst", "due", "value"}
Titles = tuple[tuple[str, str, str], ...]
"""(flow, milestone, title)."""
_LEAST_TYPED = 2
"""As many characters are looked for in the middle of numbers and names; fewer are in nearly all."""
_IDS_OF_A_QUERY = 10_000
_AFTER_ALL = "g"
"""Sorts behind every id: they are hexadecimal."""
_WINDOW_HOURS = (24, 24 * 8, 24 * 64)


def forms(value: str) -> list[str]:
    """Return how an identifier that a person types may be stored: as it is, and without leading zeros (if it is all zeros, one is left)."""
    typed = visible(value)
    return list(dict.fromkeys([typed, typed.lstrip("0") or typed[-1:]]))


def find(client: Reader, *, value: str, limit: int = 50) -> pd.DataFrame:
    """Return the transactions that an identifier or a name means: flow, transaction_id, key_type, key_value.

    Exact identifiers come first, then those that begin with it. If it is none, those that only contain it follow, then the transactions
    of companies and plants whose name contains it (key_type ``@customer``, ``@supplier``, ``@carrier``, ``@plant``), the newest first.

    The only way to search by an identifier. The id of a transaction that was merged into another is a key of that one, of type ``@merged``.
    """
    exact = forms(value)
    sql = statement("search/find", beginnings=tuple(_beginnings(value)))
    found = frame(client, sql, parameters={"exact": exact, **_beginnings(value), "limit": limit, "heartbeat": HEARTBEAT})
    if len(exact[0]) < _LEAST_TYPED or len(found) >= limit or (len(found) and found["key_value"].isin(exact).any()):
        return found
    parts = frame(client, statement("search/find_parts"), parameters={"part": exact[-1], "limit": limit, "heartbeat": HEARTBEAT})
    both = [part for part in (found, parts) if len(part)]
    return pd.concat(both).drop_duplicates(ignore_index=True).head(limit) if both else found


def suggested(client: Reader, *, value: str, since: datetime, limit: int = 5) -> pd.DataFrame:
    """Return what somebody may mean who has typed this much: flow, kind (a key type, or ``@customer`` …) and value.

    At most ``limit`` numbers that begin with it and as many names that contain it, of transactions first seen since then.
    """
    sql = statement("search/suggested", beginnings=tuple(_beginnings(value)))
    parameters = {**_beginnings(value), "part": forms(value)[0], "first": first_id(since), "limit": limit, "heartbeat": HEARTBEAT}
    return frame(client, sql, parameters=parameters) if len(forms(value)[0]) >= _LEAST_TYPED else pd.DataFrame()


def _beginnings(value: str) -> dict[str, str]:
    return {f"beginning_{number}": form for number, form in enumerate(forms(value))}


def is_any_known(client: Reader) -> bool:
    """Return whether there is a transaction at all, whatever became of it."""
    return bool(client.query(statement("search/any_known"), parameters={"heartbeat": HEARTBEAT}).result_rows)


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
    until: datetime | None = None,
    ids: tuple[str, ...] = (),
    limit: int = 200,
    order: Order = "newest",
    reverse: bool = False,
    titles: Titles = (),
    rates: tuple[tuple[str, float], ...] = (),
) -> pd.DataFrame:
    """Return transactions with their worst clock, in this order over all that match; ``reverse``: the other way round (but the worst).

    ``stage``: the milestone reached last. ``awaited``: the milestone that a late clock is waiting for, or that failed. ``verdict``: of any
    clock, or ``failed``. ``promises``: only those with a clock of one of these (flow, SLA), of which the worst is told. First seen in
    [``since``, ``until``). Columns: flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, supplier, carrier, plant, value, currency, and of the worst clock: sla, verdict, due_at.

    Newest first, it searches in windows back from ``until`` or ``now`` until there are ``limit`` rows: what is frequent is found at once,
    what is rare costs one pass over everything.
    """
    given = {"flow": flow, "state": state, "stage": stage, "customer": customer, "supplier": supplier, "carrier": carrier, "plant": plant}
    parameters: dict[str, Any] = {**given, "awaited": awaited, "verdict": verdict, "limit": limit, "ids": list(ids), "heartbeat": HEARTBEAT}
    parameters |= {"troubled": list(TROUBLED), "verdicts": list(TROUBLED if order == "worst" or awaited else OPEN)}
    parameters |= {"promises": list(promises), "promised": ["/".join(pair) for pair in promises]}
    parameters |= {**_put_in_order(titles, rates), **_bounds(since, until)}
    asked: dict[str, Any] = {"columns": tuple(name for name, value in given.items() if value), "awaited": bool(awaited)}
    asked |= {"verdict": bool(verdict), "promises": bool(promises), "failed": verdict == "failed", "by_id": bool(ids)}
    asked |= {"in_window": bool(since or until), "order": order, "reverse": reverse}
    asked["clock_is_open"] = verdict in OPEN or (not verdict and bool(awaited))
    is_ranked = order in _OF_CLOCKS and not ids and (order == "value" or not verdict or verdict in OPEN)
    first = rows = _ranked(client, asked, parameters) if is_ranked else pd.DataFrame()
    if len(first) < limit and not (is_ranked and verdict in OPEN):
        rest = _listed(client, asked, parameters, until or now, since)
        rows = pd.concat([first, rest]).drop_duplicates(["flow", "transaction_id"], ignore_index=True).head(limit) if len(first) else rest
    return _with_worst_clock(client, rows, promises)


def _bounds(since: datetime | None, until: datetime | None) -> dict[str, str]:
    return {"first": first_id(since) if since else "", "last": first_id(until) if until else _AFTER_ALL}


def _put_in_order(titles: Titles, rates: tuple[tuple[str, float], ...]) -> dict[str, list[Any]]:
    """Return what rows are put in order by, as parameters."""
    flows = {flow: title for flow, stage, title in titles if not stage}
    stages = {f"{flow}/{stage}": title for flow, stage, title in titles if stage}
    worth: dict[str, list[Any]] = {"currencies": [currency for currency, _ in rates], "rates": [rate for _, rate in rates]}
    return {"flows": [*flows], "flow_titles": [*flows.values()], "stages": [*stages], "stage_titles": [*stages.values()], **worth}


def _ranked(client: Reader, asked: dict[str, Any], parameters: dict[str, Any]) -> pd.DataFrame:
    """Return the transactions that come first by their clocks, in that order."""
    name = "search/by_value" if asked["order"] == "value" else "search/ranked"
    ranked = frame(client, statement(name, **asked), parameters=parameters)
    if ranked.empty:
        return ranked
    by_id = {
        **asked,
        "columns": (),
        "by_id": True,
        "in_window": False,
        "awaited": False,
        "failed": False,
        "verdict": False,
        "promises": False,
    }
    sql = statement("search/listing", **{**by_id, "order": "newest"})
    rows = _in_parts(ranked["transaction_id"].tolist(), lambda ids: frame(client, sql, parameters={**parameters, "ids": ids}))
    return ranked.merge(rows, on=["flow", "transaction_id"]) if len(rows) else rows


def _listed(client: Reader, asked: dict[str, Any], parameters: dict[str, Any], end: datetime, since: datetime | None) -> pd.DataFrame:
    """Return the transactions by a column of theirs; else newest first, from ever longer windows."""
    rows = pd.DataFrame()
    by_time = asked["order"] in {*_OF_CLOCKS, "newest"}
    for first in _windows(since, end) if by_time and not asked["by_id"] else [since]:
        bound = {**parameters, "first": first_id(first) if first else ""}
        in_window = asked["in_window"] or bool(first)
        rows = frame(client, statement("search/listing", **{**asked, "in_window": in_window}), parameters=bound)
        if len(rows) >= parameters["limit"]:
            break
    return rows


def first_id(since: datetime) -> str:
    """Return a lower bound for the ids of transactions first seen since then."""
    return f"{int(since.timestamp() * 1000):012x}"


def _windows(since: datetime | None, end: datetime) -> list[datetime | None]:
    """Return where the windows before ``end`` begin, the shortest first, the last as far back as ``since``."""
    windows = [end - timedelta(hours=hours) for hours in _WINDOW_HOURS]
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
    return _in_parts(ids, lambda part: frame(client, sql, parameters={"ids": part, "promises": list(promises)}))


def _in_parts(ids: Sequence[str], ask: Callable[[list[str]], pd.DataFrame]) -> pd.DataFrame:
    """Return what ``ask`` returns of all, asked for so many at a time that a query is not longer than the read endpoint takes."""
    parts = [ask(list(ids[at : at + _IDS_OF_A_QUERY])) for at in range(0, max(1, len(ids)), _IDS_OF_A_QUERY)]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
