"""Frames journal records as a stream of protobuf messages that ClickHouse decodes; the bodies stay unchanged.

An OTLP record becomes its own bytes, then ``source`` (1001), ``received_at`` (1002) and ``slice`` (1003). Protobuf fields may come in any
order, so the request and what we know about it form one valid message of ``landing/opentelemetry.proto``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.protobuf_wire import delimited, tag, varint
from core.signal import Lane, Record, SignalKind

LANDING = Path(__file__).parents[1] / "landing"
_OTLP = (LANDING / "opentelemetry.proto").read_text(encoding="utf-8")
_INPUT = (LANDING / "input.proto").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a kind of record lands: table, protobuf schema and message."""

    table: str
    schema: str
    message: str


LANDINGS = {
    SignalKind.TRACES: Landing("landing_traces", _OTLP, "TraceRecord"),
    SignalKind.LOGS: Landing("landing_logs", _OTLP, "LogRecords"),
    SignalKind.METRICS: Landing("landing_metrics", _OTLP, "MetricRecord"),
    SignalKind.EVENT: Landing("landing_events", _INPUT, "InputRecord"),
    SignalKind.QUARANTINE: Landing("landing_quarantine", _INPUT, "InputRecord"),
}


WRITE_SETTINGS: dict[str, object] = {"optimize_on_insert": 0}
"""Rows that repeat a key are merged later, once conflicts between them have been found."""
_SOURCE, _RECEIVED_AT, _SLICE = tag(1001, 2), tag(1002, 1), tag(1003, 1)
_LANE, _DETAIL, _BODY = tag(1004, 2), tag(1005, 2), tag(1006, 2)


def frame(records: Sequence[Record], slice_: int) -> bytes:
    """Return the records, all of one kind, as length-delimited messages (format ``Protobuf``)."""
    parts: list[bytes] = []
    wrapped = bool(records) and records[0].kind in {SignalKind.EVENT, SignalKind.QUARANTINE}
    shared: dict[tuple[str, Lane], bytes] = {}
    for record in records:
        body, origin = record.body, (record.source, record.lane)
        if (fields := shared.get(origin)) is None:
            fields = shared[origin] = _origin(*origin, slice_, wrapped=wrapped)
        fields += _RECEIVED_AT + record.received_at.to_bytes(8, "little")
        if wrapped:
            fields += b"".join((_DETAIL, delimited(record.detail.encode()), _BODY, varint(len(body))))
            parts += (varint(len(fields) + len(body)), fields, body)
        else:
            parts += (varint(len(fields) + len(body)), body, fields)
    return b"".join(parts)


def _origin(source: str, lane: Lane, slice_: int, *, wrapped: bool) -> bytes:
    fields = _SOURCE + delimited(source.encode()) + _SLICE + slice_.to_bytes(8, "little")
    return fields + _LANE + delimited(lane.value.encode()) if wrapped else fields


def insert_settings(kind: SignalKind) -> dict[str, object]:
    """Return the settings with which ClickHouse decodes this kind of record."""
    landing = LANDINGS[kind]
    return {
        "format_schema_source": "string",
        "format_schema": landing.schema,
        "format_schema_message_name": landing.message,
        "input_format_protobuf_oneof_presence": 1,
        **WRITE_SETTINGS,
    }
