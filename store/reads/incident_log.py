"""Incidents, their members, and what was sent and done about them. All answers are limited in size."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from core.catalog.flow import OWN_FLOW
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def incidents(client: Reader, *, status: str = "", flow: str = "", owner: str = "", limit: int = 200) -> pd.DataFrame:
    """Return rows of ``incidents``, worst first; ``total`` in each counts all.

    ``status``: one of the three, ``unresolved``, or empty for all.
    """
    unresolved = status == "unresolved"
    given = {"status": "" if unresolved else status, "flow": flow, "owner": owner}
    asked = tuple(column for column, value in given.items() if value)
    sql = statement("incident_log/incidents", columns=asked, unresolved=unresolved)
    return frame(client, sql, parameters={**given, "limit": limit, "own": OWN_FLOW})


def incident(client: Reader, *, incident_id: str) -> dict[str, Any] | None:
    """Return the row of ``incidents``, or None."""
    rows = list(client.query(statement("incident_log/incident"), parameters={"id": incident_id}).named_results())
    return rows[0] if rows else None


def members(client: Reader, *, incident_id: str, limit: int = 300) -> pd.DataFrame:
    """Return rows of ``incident_members``: those still in it first, earliest due first; ``total`` in each counts all."""
    return frame(client, statement("incident_log/members"), parameters={"id": incident_id, "limit": limit})


def deliveries(client: Reader, *, incident_id: str) -> pd.DataFrame:
    """Return rows of ``deliveries``, latest first, at most 200."""
    return frame(client, statement("incident_log/deliveries"), parameters={"id": incident_id})


def attempts(client: Reader, *, incident_id: str) -> pd.DataFrame:
    """Return rows of ``delivery_attempts``, latest first, at most 500."""
    return frame(client, statement("incident_log/attempts"), parameters={"id": incident_id})


def silences(client: Reader, *, now: datetime) -> pd.DataFrame:
    """Return silences that have not ended, those that end first at the top."""
    return frame(client, statement("incident_log/silences"), parameters={"now": now})


def actions(client: Reader, *, target: str, limit: int = 200) -> pd.DataFrame:
    """Return what people did to ``target``, latest first."""
    return frame(client, statement("incident_log/actions"), parameters={"target": target, "limit": limit})
