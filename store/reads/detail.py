"""Everything about one transaction. All answers are bounded."""

from __future__ import annotations

from typing import Any

import pandas as pd

from store.reads.frame import frame

_SIGNALS = 500


def transaction(client: Any, *, transaction_id: str) -> dict[str, Any] | None:
    """Return the row of ``transactions``, or None."""
    rows = list(
        client.query(
            "SELECT * FROM transactions FINAL WHERE transaction_id = {id:String} LIMIT 1", parameters={"id": transaction_id}
        ).named_results()
    )
    return rows[0] if rows else None


def milestones(client: Any, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return its rows of ``transaction_events`` in order of event time."""
    return frame(
        client,
        "SELECT * FROM transaction_events FINAL WHERE flow = {flow:String} AND transaction_id = {id:String} AND active = 1 "
        "ORDER BY event_time, milestone LIMIT 1000",
        parameters={"flow": flow, "id": transaction_id},
    )


def clocks(client: Any, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return its rows of ``clocks`` in order of their due time."""
    return frame(
        client,
        "SELECT * FROM clocks FINAL WHERE flow = {flow:String} AND transaction_id = {id:String} AND removed = 0 ORDER BY due_at LIMIT 200",
        parameters={"flow": flow, "id": transaction_id},
    )


def verdicts(client: Any, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return every version of its verdicts, the latest first."""
    return frame(
        client,
        "SELECT * FROM verdicts FINAL WHERE flow = {flow:String} AND transaction_id = {id:String} ORDER BY decided_at DESC, version DESC LIMIT 500",
        parameters={"flow": flow, "id": transaction_id},
    )


def incidents_of(client: Any, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return incident_id, title, status, severity of the incidents that hold or held it."""
    return frame(
        client,
        "SELECT incident_id, title, status, severity FROM incidents FINAL WHERE incident_id IN (SELECT incident_id FROM incident_members "
        "WHERE flow = {flow:String} AND transaction_id = {id:String}) ORDER BY status = 'resolved', opened_at DESC LIMIT 50",
        parameters={"flow": flow, "id": transaction_id},
    )


def spans(client: Any, *, trace_ids: tuple[str, ...]) -> pd.DataFrame:
    """Return the spans of these traces in order of their start, at most 500."""
    return frame(
        client,
        "SELECT trace_id, span_id, parent_span_id, service, name, kind, status, status_message, start_time, end_time, attributes, resource, "
        "`events.name`, `events.time`, `events.attributes` FROM spans FINAL WHERE trace_id IN {ids:Array(String)} "
        f"ORDER BY start_time LIMIT {_SIGNALS}",
        parameters={"ids": list(trace_ids)},
    )


def logs(client: Any, *, trace_ids: tuple[str, ...], log_ids: tuple[str, ...]) -> pd.DataFrame:
    """Return the log records of these traces and ids in order of time, at most 500."""
    return frame(
        client,
        "SELECT log_id, time, service, severity_number, severity_text, body, attributes, trace_id, span_id FROM logs FINAL "
        f"WHERE trace_id IN {{traces:Array(String)}} OR log_id IN {{logs:Array(String)}} ORDER BY time LIMIT {_SIGNALS}",
        parameters={"traces": list(trace_ids), "logs": list(log_ids)},
    )


def events(client: Any, *, signal_ids: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return the events with these (event source, id) in order of time, at most 500."""
    return frame(
        client,
        "SELECT event_source, id, type, subject, time, received_at, source, content_type, data, extensions FROM events FINAL "
        f"WHERE (event_source, id) IN {{ids:Array(Tuple(String, String))}} ORDER BY time LIMIT {_SIGNALS}",
        parameters={"ids": list(signal_ids)},
    )
