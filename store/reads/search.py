"""Finding transactions: by any business identifier, or by where they stand. All answers are bounded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from store.reads.frame import frame
from store.reads.statement import statement

TROUBLED = ("at_risk", "breached", "unknown")


def find(client: Any, *, value: str, limit: int = 50) -> pd.DataFrame:
    """Return the transactions an identifier names: flow, transaction_id, key_type, key_value; exact ones first, then those it begins."""
    stripped = value.strip().lstrip("0")
    return frame(
        client, statement("find_keys"), parameters={"exact": list({value.strip(), stripped}), "prefix": value.strip(), "limit": limit}
    )


def choices(client: Any, *, since: datetime) -> pd.DataFrame:
    """Return customer, plant and clocks (a count) of what has begun since then, the most frequent first, at most 300 rows."""
    return frame(
        client,
        "SELECT customer, plant, count() AS clocks FROM clocks WHERE started_at >= {since:DateTime64(3, 'UTC')} AND removed = 0 "
        "GROUP BY customer, plant ORDER BY clocks DESC LIMIT 300",
        parameters={"since": since},
    )


def listing(
    client: Any,
    *,
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
    """Return transactions, the youngest first, with their worst clock.

    ``stage``: the milestone reached last. ``awaited``: the milestone a troubled clock awaits, or that failed. ``verdict``: of any clock, or
    ``failed``. ``since``: first seen after. Columns: flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at,
    failed_stage, cause, customer, plant, value, currency, and of the worst clock: sla, verdict, due_at.
    """
    given = {"flow": flow, "state": state, "stage": stage, "awaited": awaited, "customer": customer, "plant": plant, "limit": limit}
    conditions = ["1", *(f"{name} = {{{name}:String}}" for name in ("flow", "state", "stage") if given[name])]
    conditions += [f"facts['{name}'] = {{{name}:String}}" for name in ("customer", "plant") if given[name]]
    parameters: dict[str, Any] = dict(given)
    if since is not None:
        parameters["first"] = f"{int(since.timestamp() * 1000):012x}"
        conditions.append("transaction_id >= {first:String}")
    if ids:
        parameters["ids"] = list(ids)
        conditions.append("transaction_id IN {ids:Array(String)}")
    else:
        conditions.append("state != 'merged'")
    if verdict or awaited:
        conditions.append(f"(flow, transaction_id) IN ({' UNION DISTINCT '.join(_troubled(verdict, awaited, flow, parameters))})")
    rows = frame(client, statement("list_transactions").replace("/*conditions*/", " AND ".join(conditions)), parameters=parameters)
    return _with_worst_clock(client, rows)


def _troubled(verdict: str, awaited: str, flow: str, parameters: dict[str, Any]) -> list[str]:
    also = (" AND stage = {awaited:String}" if awaited else "") + (" AND flow = {flow:String}" if flow else "")
    parts = []
    if verdict != "failed":
        parameters["verdicts"] = [verdict] if verdict else list(TROUBLED)
        parts.append(
            f"SELECT flow, transaction_id FROM clocks FINAL WHERE removed = 0 AND verdict IN {{verdicts:Array(String)}}{also} "
            "ORDER BY transaction_id DESC LIMIT 5000"
        )
    if verdict in {"", "failed"}:
        where = also.replace("stage =", "failed_stage =")
        parts.append(f"SELECT flow, transaction_id FROM transactions FINAL WHERE state = 'open' AND failed_stage != ''{where} LIMIT 5000")
    return [f"SELECT * FROM ({part})" for part in parts]


def _with_worst_clock(client: Any, rows: pd.DataFrame) -> pd.DataFrame:
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


def worst_clocks(client: Any, *, ids: Sequence[str]) -> pd.DataFrame:
    """Return flow, transaction_id, sla, verdict, due_at, value, currency of each transaction's worst clock (the earliest due of equals)."""
    return frame(client, statement("worst_clocks"), parameters={"ids": list(ids)})
