"""The wall board: which milestone transactions reached last, and which stations hold them up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from core.catalog.flow import OWN_FLOW
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

_COUNTS = ["here", "failed", "breached", "at_risk", "unknown", "paused", "running"]


def stations(client: Reader, *, now: datetime) -> pd.DataFrame:
    """Return one row per flow, stage and currency.

    Columns: flow, stage, currency, here (open transactions that reached it last), failed (that failed to reach it), breached, at_risk,
    unknown, paused, running (that have a clock towards it, by their worst), value_at_risk, next_due_at (UTC, NaT: none). Counts without
    money are in the row of the empty currency.
    """
    by_stage = frame(client, statement("board/open_by_stage"))
    clocks = frame(client, statement("board/clocks"), parameters={"now": now})
    parts = []
    if len(by_stage):
        here = by_stage.groupby(["flow", "stage"])["transactions"].sum().reset_index(name="here")
        failing = (
            by_stage[by_stage["failed_stage"] != ""].groupby(["flow", "failed_stage"])["transactions"].sum().reset_index(name="failed")
        )
        parts = [here, failing.rename(columns={"failed_stage": "stage"})]
    table: pd.DataFrame = pd.concat([*(part.assign(currency="") for part in parts), clocks], ignore_index=True)
    for column in _COUNTS:
        table[column] = table[column].fillna(0).astype("int64") if column in table else 0
    table["value_at_risk"] = table["value_at_risk"].fillna(0.0) if "value_at_risk" in table else 0.0
    table["next_due_at"] = _moments(table["next_due_at"]) if "next_due_at" in table else pd.NaT
    return table


def totals(client: Reader, *, now: datetime) -> pd.DataFrame:
    """Return one row per flow and currency: transactions breached, at_risk, unknown (each once), lacking, value_at_risk, next_due_at.

    ``lacking``: those of the unknown whose due time cannot be calculated because a fact is missing; ``next_due_at``: UTC, NaT for none.
    """
    rows = frame(client, statement("board/totals"), parameters={"now": now})
    if rows.empty:
        return pd.DataFrame(columns=["flow", "currency", "breached", "at_risk", "unknown", "lacking", "value_at_risk", "next_due_at"])
    rows["next_due_at"] = _moments(rows["next_due_at"])
    return rows


def pulse(client: Reader) -> dict[str, Any]:
    """Return ``processed_at``: when a stage last made progress (UTC; None: never), and ``stages``: position by stage."""
    rows = client.query(statement("board/cursors")).result_rows
    return {"processed_at": max((row[2] for row in rows), default=None), "stages": {row[0]: row[1] for row in rows}}


def _moments(column: pd.Series) -> pd.Series:
    """The store writes 1970 if an aggregate found nothing."""
    stamps = pd.to_datetime(column, utc=True)
    return stamps.where(stamps.dt.year > 1970).dt.tz_localize(None)


def open_incidents(client: Reader, *, now: datetime, limit: int) -> pd.DataFrame:
    """Return at most ``limit`` unresolved incidents, worst first and Andon's own before equally bad others.

    ``total`` in each row counts all of them; ``silenced_until`` is empty unless a silence that ends after ``now`` matches it.
    """
    return frame(client, statement("board/incidents"), parameters={"limit": limit, "own": OWN_FLOW, "now": now})
