"""Everything about one transaction. All answers are bounded."""

from __future__ import annotations

from typing import Any

import pandas as pd

from store.reads.frame import frame

MILESTONES = 1000
"""So many milestone events are given at most."""

SIGNALS = 500
"""So many spans, log records or events are given at most; :func:`how_many` says how many there are."""

_OF = {
    "spans": "spans FINAL WHERE trace_id IN {traces:Array(String)}",
    "logs": "logs FINAL WHERE trace_id IN {traces:Array(String)} OR log_id IN {ids:Array(String)}",
    # The index of trace ids gives keys, and the primary key the rows: an OR of the two conditions would read the whole table.
    "events": (
        "events FINAL WHERE (event_source, id) IN (SELECT event_source, id FROM events WHERE trace_id IN {traces:Array(String)} "
        "UNION ALL SELECT named.1, named.2 FROM (SELECT arrayJoin({ids:Array(Tuple(String, String))}) AS named))"
    ),
}


def transaction(client: Any, *, transaction_id: str) -> dict[str, Any] | None:
    """Return the row of ``transactions``, or None."""
    rows = list(
        client.query(
            "SELECT * FROM transactions FINAL WHERE transaction_id = {id:String} LIMIT 1", parameters={"id": transaction_id}
        ).named_results()
    )
    return rows[0] if rows else None


def milestones(client: Any, *, flow: str, transaction_id: str) -> pd.DataFrame:
    """Return its rows of ``transaction_events`` in order of event time, at most 1,000."""
    return frame(
        client,
        "SELECT * FROM transaction_events FINAL WHERE flow = {flow:String} AND transaction_id = {id:String} AND active = 1 "
        f"ORDER BY event_time, milestone LIMIT {MILESTONES}",
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
        f"`events.name`, `events.time`, `events.attributes` FROM {_OF['spans']} ORDER BY start_time LIMIT {SIGNALS}",
        parameters={"traces": list(trace_ids)},
    )


def logs(client: Any, *, trace_ids: tuple[str, ...], log_ids: tuple[str, ...]) -> pd.DataFrame:
    """Return the log records of these traces and ids in order of time, at most 500."""
    return frame(
        client,
        "SELECT log_id, time, service, severity_number, severity_text, body, attributes, trace_id, span_id "
        f"FROM {_OF['logs']} ORDER BY time LIMIT {SIGNALS}",
        parameters={"traces": list(trace_ids), "ids": list(log_ids)},
    )


def events(client: Any, *, trace_ids: tuple[str, ...], signal_ids: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return the events of these traces and with these (event source, id) in order of time, at most 500."""
    return frame(
        client,
        "SELECT event_source, id, type, subject, time, received_at, source, content_type, data, extensions, trace_id "
        f"FROM {_OF['events']} ORDER BY time LIMIT {SIGNALS}",
        parameters={"traces": list(trace_ids), "ids": list(signal_ids)},
    )


def how_many(client: Any, *, kind: str, trace_ids: tuple[str, ...], ids: tuple[Any, ...] = ()) -> int:
    """Return how many ``spans``, ``logs`` or ``events`` there are, where their reading gave as many as it gives at most."""
    found = client.query(f"SELECT count() FROM {_OF[kind]}", parameters={"traces": list(trace_ids), "ids": list(ids)}).result_rows
    return int(found[0][0])
