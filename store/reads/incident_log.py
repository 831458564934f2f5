"""Incidents, their members, and what was sent and done about them. All answers are limited in size."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from core.catalog.flow import OWN_FLOW
from core.incident import HELD_UP
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def incidents(client: Reader, *, now: datetime, status: str = "", flow: str = "", owner: str = "", limit: int = 200) -> pd.DataFrame:
    """Return rows of ``incidents``, worst first; ``total`` in each counts all, ``silenced_until`` is empty unless it is silenced.

    ``overdue_since``: the deadline of the member that is longest overdue, NaT if none is or the incident is resolved.

    ``status``: one of the three, ``unresolved``, or empty for all. ``now``: silences that have ended by then do not count.
    """
    unresolved = status == "unresolved"
    given = {"status": "" if unresolved else status, "flow": flow, "owner": owner}
    asked = tuple(column for column, value in given.items() if value)
    sql = statement("incident_log/incidents", columns=asked, unresolved=unresolved)
    return frame(client, sql, parameters={**given, "limit": limit, "own": OWN_FLOW, "now": now})


def incident(client: Reader, *, incident_id: str) -> dict[str, Any] | None:
    """Return the row of ``incidents`` with ``overdue_since`` (None: no member is overdue), or None if there is no such incident."""
    rows = list(client.query(statement("incident_log/incident"), parameters={"id": incident_id}).named_results())
    return rows[0] if rows else None


def ids(client: Reader, *, beginning: str) -> list[str]:
    """Return the ids that begin so, at most two: enough to know whether one is named. An id that is given whole is the only one."""
    found = [str(row[0]) for row in client.query(statement("incident_log/ids"), parameters={"beginning": beginning}).result_rows]
    return [beginning] if beginning in found else found


def members(client: Reader, *, incident_id: str, limit: int = 300) -> pd.DataFrame:
    """Return its transactions, each once: those still in it first; ``total`` in each counts all.

    The highest value first; of what a queue holds up, the one that is due first.

    Columns of ``incident_members``: ``sla`` and ``due_at`` of what is due first; ``verdict``: ``failed`` while it is so; ``penalty``: of
    all its clocks here; ``slas``: all that it was here for, the empty one being its failure.
    """
    return frame(client, statement("incident_log/members"), parameters={"id": incident_id, "limit": limit, "held_up": list(HELD_UP)})


def deliveries(client: Reader, *, incident_id: str) -> pd.DataFrame:
    """Return rows of ``deliveries``, latest first, at most 200."""
    return frame(client, statement("incident_log/deliveries"), parameters={"id": incident_id})


def attempts(client: Reader, *, incident_id: str) -> pd.DataFrame:
    """Return rows of ``delivery_attempts``, latest first, at most 500."""
    return frame(client, statement("incident_log/attempts"), parameters={"id": incident_id})


def silences(client: Reader, *, now: datetime) -> pd.DataFrame:
    """Return silences that have not ended, those that end first at the top."""
    return frame(client, statement("incident_log/silences"), parameters={"now": now})


def silences_of(client: Reader, *, incident_id: str, flow: str, stage: str, cause: str, now: datetime) -> pd.DataFrame:
    """Return the silences that keep this incident quiet and have not ended, those that end last at the top."""
    bound = {"id": incident_id, "flow": flow, "stage": stage, "cause": cause, "now": now}
    return frame(client, statement("incident_log/silences_of"), parameters=bound)


def steps(client: Reader, *, incident_id: str, runbook: str) -> dict[str, dict[str, Any]]:
    """Return by step of a runbook: runs and worked (of all incidents), and outcome, actor, detail, at (UTC) of its last run in this one.

    ``outcome`` is empty where it was not done in this one.
    """
    rows = client.query(statement("incident_log/steps"), parameters={"id": incident_id, "runbook": runbook}).named_results()
    return {str(row["step"]): dict(row) for row in rows}


def causes(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return flow, stage, cause and runbook of the incidents opened since then, with their number and last_at (UTC)."""
    return frame(client, statement("incident_log/causes"), parameters={"since": since, "own": OWN_FLOW})


def run_query(client: Reader, *, query: str, values: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return the first 50 rows of a SELECT from the catalog; ``values``: its parameters by name."""
    return frame(client, statement("incident_log/query", query=query), parameters=dict(values))


def history(
    client: Reader, *, incident_id: str, flow: str, stage: str, cause: str, ended_after: datetime, limit: int = 300
) -> pd.DataFrame:
    """Return what happened to an incident, latest first: at (UTC), kind, who, what, number (of transactions or channels).

    ``kind``: joined, late and left (``what``: their verdict) of transactions, each once and together by the minute; ``notified`` (``who``:
    the channels, ``what``: reason and state); reopened; resolved; or what somebody did, also to a silence that keeps it quiet and ends
    after ``ended_after``.
    """
    bound = {"id": incident_id, "flow": flow, "stage": stage, "cause": cause, "since": ended_after, "limit": limit}
    return frame(client, statement("incident_log/history"), parameters=bound)
