"""Incidents, their members, and what was sent and done about them. All answers are bounded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from core.catalog.flow import OWN_FLOW
from store.reads.frame import frame


def incidents(client: Any, *, status: str = "", flow: str = "", owner: str = "", limit: int = 200) -> pd.DataFrame:
    """Return rows of ``incidents``, the worst first; ``total`` in each counts all. ``status``: one of the three, ``unresolved``, empty: all."""
    conditions = ["1"]
    if status == "unresolved":
        conditions.append("status != 'resolved'")
    elif status:
        conditions.append("status = {status:String}")
    conditions += [f"{name} = {{{name}:String}}" for name, value in (("flow", flow), ("owner", owner)) if value]
    return frame(
        client,
        f"SELECT *, count() OVER () AS total FROM incidents FINAL WHERE {' AND '.join(conditions)} ORDER BY status = 'resolved', severity = 'critical' DESC, "
        "severity = 'warning' DESC, flow = {own:String} DESC, breached DESC, members DESC, opened_at DESC LIMIT {limit:UInt32}",
        parameters={"status": status, "flow": flow, "owner": owner, "limit": limit, "own": OWN_FLOW},
    )


def incident(client: Any, *, incident_id: str) -> dict[str, Any] | None:
    """Return the row of ``incidents``, or None."""
    rows = list(
        client.query("SELECT * FROM incidents FINAL WHERE incident_id = {id:String}", parameters={"id": incident_id}).named_results()
    )
    return rows[0] if rows else None


def members(client: Any, *, incident_id: str, limit: int = 300) -> pd.DataFrame:
    """Return rows of ``incident_members``: those still in it first, the earliest due first; ``total`` in each counts all."""
    return frame(
        client,
        "SELECT *, count() OVER () AS total FROM incident_members FINAL WHERE incident_id = {id:String} ORDER BY left_at IS NOT NULL, due_at LIMIT {limit:UInt32}",
        parameters={"id": incident_id, "limit": limit},
    )


def deliveries(client: Any, *, incident_id: str) -> pd.DataFrame:
    """Return rows of ``deliveries``, the latest first, at most 200."""
    return frame(
        client,
        "SELECT * EXCEPT message FROM deliveries FINAL WHERE incident_id = {id:String} ORDER BY created_at DESC LIMIT 200",
        parameters={"id": incident_id},
    )


def attempts(client: Any, *, incident_id: str) -> pd.DataFrame:
    """Return rows of ``delivery_attempts``, the latest first, at most 500."""
    return frame(
        client,
        "SELECT * EXCEPT (revision) FROM delivery_attempts FINAL WHERE incident_id = {id:String} ORDER BY attempted_at DESC LIMIT 500",
        parameters={"id": incident_id},
    )


def silences(client: Any, *, now: datetime) -> pd.DataFrame:
    """Return silences that are not over, the first to end first."""
    return frame(
        client,
        "SELECT * FROM silences FINAL WHERE removed = 0 AND ends_at > {now:DateTime64(3, 'UTC')} ORDER BY ends_at LIMIT 200",
        parameters={"now": now},
    )


def actions(client: Any, *, target: str, limit: int = 200) -> pd.DataFrame:
    """Return what people did to ``target``, the latest first."""
    return frame(
        client,
        "SELECT * EXCEPT (revision) FROM actions WHERE target = {target:String} ORDER BY at DESC LIMIT {limit:UInt32}",
        parameters={"target": target, "limit": limit},
    )
