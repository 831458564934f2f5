"""What becomes of signals by a catalog: the newest ones of a source, and what a scratch store made of them."""

from __future__ import annotations

from typing import Any

from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

TABLES = {"event": "events", "span": "spans", "log": "logs"}
SIGNAL_IDS = {"event": "concat(event_source, ' ', id)", "span": "concat(trace_id, '/', span_id)", "log": "log_id"}
COLUMNS = {
    "event": (
        "slice", "source", "received_at", "event_source", "id", "type", "subject", "time", "content_type", "data", "binary", "extensions",
        "trace_id", "span_id", "content_hash",
    ),
    "span": (
        "slice", "source", "received_at", "service", "name", "kind", "trace_id", "span_id", "parent_span_id", "trace_state", "start_time",
        "end_time", "status", "status_message", "attributes", "attribute_types", "attribute_lists", "resource", "resource_types", "scope_name",
    ),
    "log": (
        "slice", "source", "received_at", "service", "log_id", "time", "severity_number", "severity_text", "body", "event_name", "attributes",
        "attribute_types", "attribute_lists", "resource", "resource_types", "scope_name", "trace_id", "span_id",
    ),
}  # fmt: skip
"""What a path of the catalog may name, and what a milestone event has of its signal."""

Rows = list[dict[str, Any]]


def latest(client: Reader, *, kind: str, source: str, limit: int) -> Rows:
    """Return the newest signals of a source, newest first; kind is ``event``, ``span`` or ``log``. Times are UTC."""
    sql = statement("preview/latest", table=TABLES[kind], columns=COLUMNS[kind])
    return _rows(client, sql, {"source": source, "limit": limit})


def signals(client: Reader, *, kind: str) -> Rows:
    """Return all signals of a kind by time.

    signal_id, name (of a log record its body), at (UTC), service, status, is_text (an event in whose data no path finds anything), source.
    """
    return _rows(client, statement("preview/signals", kind=kind, table=TABLES[kind]))


def milestones(client: Reader) -> Rows:
    """Return all milestone events.

    signal, signal_id, flow, milestone, event_time (UTC), time_suspect, key_types, key_values, facts,
    cause.
    """
    return _rows(client, statement("preview/milestones"))


def asked(client: Reader, *, kind: str, expression: str) -> dict[str, str]:
    """Return by signal_id the text of an expression of the catalog."""
    sql = statement("preview/asked", table=TABLES[kind], signal_id=SIGNAL_IDS[kind], expression=expression)
    return {row["signal_id"]: row["answer"] for row in _rows(client, sql)}


def _rows(client: Reader, sql: str, parameters: dict[str, Any] | None = None) -> Rows:
    return [{str(name): value for name, value in row.items()} for row in frame(client, sql, parameters).to_dict("records")]
