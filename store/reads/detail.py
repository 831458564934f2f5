"""Everything about one transaction. All answers are limited in size."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from store.reads.connection import Reader
from store.reads.frame import frame
from store.reads.search import first_id
from store.statement import statement

MILESTONES = 1000
"""The most milestone events returned."""

SIGNALS = 500
"""The most spans, log records or events returned; :func:`how_many` says how many there are."""

USUAL_MOST, USUAL_LEAST = 200, 10
"""Of how many transactions a usual time is the median: at most, and at least."""
USUAL_WINDOW = timedelta(days=64)
"""How long before a day a transaction may have been seen first to count for the usual times of that day."""


def transaction(client: Reader, *, transaction_id: str) -> dict[str, Any] | None:
    """Return the row of ``transactions``, or None."""
    rows = list(client.query(statement("detail/transaction"), parameters={"id": transaction_id}).named_results())
    return rows[0] if rows else None


def milestones(client: Reader, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return its rows of ``transaction_events`` in order of event time, at most 1,000."""
    return frame(client, statement("detail/milestones", limit=MILESTONES), parameters={"flow": flow, "id": transaction_id})


def clocks(client: Reader, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return its rows of ``clocks`` in order of their due time."""
    return frame(client, statement("detail/clocks"), parameters={"flow": flow, "id": transaction_id})


def verdicts(client: Reader, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return every version of its verdicts, latest first."""
    return frame(client, statement("detail/verdicts"), parameters={"flow": flow, "id": transaction_id})


def usual(client: Reader, *, flow: str, plant: str, day: datetime) -> pd.DataFrame:
    """Return how long it takes from one milestone (``earlier``) to another (``later``): ``usual``, in milliseconds.

    The median of the ``transactions`` of this flow and plant that completed last and were seen first within 64 days before ``day``; no row
    for fewer than 10.
    """
    sql = statement("detail/usual", most=USUAL_MOST, least=USUAL_LEAST)
    return frame(client, sql, parameters={"flow": flow, "plant": plant, "first": first_id(day - USUAL_WINDOW)})


def incidents_of(client: Reader, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return incident_id, title, status, severity of the incidents that hold or held it."""
    return frame(client, statement("detail/incidents"), parameters={"flow": flow, "id": transaction_id})


def spans(client: Reader, *, trace_ids: tuple[str, ...]) -> pd.DataFrame:
    """Return the spans of these traces in order of their start, at most 500."""
    return frame(client, statement("detail/spans", limit=SIGNALS), parameters={"traces": list(trace_ids)})


def logs(client: Reader, *, trace_ids: tuple[str, ...], log_ids: tuple[str, ...]) -> pd.DataFrame:
    """Return the log records of these traces and ids in order of time, at most 500."""
    return frame(client, statement("detail/logs", limit=SIGNALS), parameters={"traces": list(trace_ids), "ids": list(log_ids)})


def events(client: Reader, *, trace_ids: tuple[str, ...], signal_ids: tuple[str, ...]) -> pd.DataFrame:
    """Return the events of these traces and with these ids (``SOURCE ID``) in order of time, at most 500."""
    return frame(client, statement("detail/events", limit=SIGNALS), parameters={"traces": list(trace_ids), "ids": list(signal_ids)})


def how_many(client: Reader, *, kind: str, trace_ids: tuple[str, ...], ids: tuple[str, ...] = ()) -> int:
    """Return how many ``spans``, ``logs`` or ``events`` there are, if reading them returned the maximum."""
    bound = {"traces": list(trace_ids), "ids": list(ids)}
    return int(client.query(statement("detail/how_many", kind=kind), parameters=bound).result_rows[0][0])
