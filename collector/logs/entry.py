"""What a line says, as an OTLP log record; what is not within the limits of OTLP goes to quarantine, as that of any sender."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs

from collector.otlp.admission import admit
from collector.receiver import ReceiverContext
from collector.rejection import Rejection
from core.signal import Record, SignalKind

_INT64 = 1 << 63
_UINT64 = 1 << 64
_LEVELS_MAX = 30
"""Of maps and lists. Protobuf reads a hundred messages within each other, and a map takes three: a line that is deeper would spoil all."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log record. ``body`` is text, or the object that a line of JSON is; ``time`` and ``observed`` are nanoseconds since 1970 UTC.

    ``time``: 0 if the line does not say it; one that OTLP cannot hold is left out. ``severity``: OTLP's number, 0 if unknown.
    ``resource``: who wrote it, by OTLP's names.
    """

    body: str | dict[str, Any]
    observed: int
    time: int = 0
    severity: int = 0
    severity_text: str = ""
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    resource: tuple[tuple[str, str], ...] = ()
    trace_id: bytes = b""
    span_id: bytes = b""


def records_of(entries: Sequence[LogEntry], context: ReceiverContext, peer: str) -> list[Record]:
    """Return the journal records of log records, which keep their order; ``peer`` is where they come from, for those in quarantine."""
    request = ExportLogsServiceRequest()
    scopes: dict[tuple[tuple[str, str], ...], ScopeLogs] = {}
    for entry in entries:
        scope = scopes.get(entry.resource)
        if scope is None:
            resource = request.resource_logs.add()
            for name, value in entry.resource:
                resource.resource.attributes.add(key=name).value.string_value = value
            scope = scopes[entry.resource] = resource.scope_logs.add()
        _fill(scope.log_records.add(), entry)
    return _admitted(request, context, peer)


def _admitted(request: ExportLogsServiceRequest, context: ReceiverContext, peer: str) -> list[Record]:
    kind = SignalKind.LOGS
    records: list[Record] = []
    body = request.SerializeToString()
    try:
        for admitted in admit(kind, body):
            if admitted.count:
                records.append(context.log_records(admitted.body, admitted.count))
            records += [
                context.quarantined(bad.error, bad.body, kind=kind.value, content_type=bad.content_type, peer=peer) for bad in admitted.bad
            ]
    except Rejection as rejection:
        return [context.quarantined(rejection.error, body, kind=kind.value, content_type="application/x-protobuf", peer=peer)]
    return records


def _fill(record: LogRecord, entry: LogEntry) -> None:
    record.time_unix_nano = entry.time if 0 <= entry.time < _UINT64 else 0
    record.observed_time_unix_nano = entry.observed
    record.severity_number = entry.severity  # type: ignore[assignment]  # protobuf takes the number
    record.severity_text = entry.severity_text
    record.trace_id, record.span_id = entry.trace_id, entry.span_id
    _set(record.body, entry.body)
    for name, value in entry.attributes.items():
        _set(record.attributes.add(key=name).value, value)


def _set(target: AnyValue, value: Any, levels: int = _LEVELS_MAX) -> None:
    """Write a value of JSON into OTLP's; null stays empty, and what is below ``levels`` is the text of its JSON."""
    match value:
        case dict() | list() if not levels:
            target.string_value = json.dumps(value, ensure_ascii=False)
        case dict():
            target.kvlist_value.SetInParent()
            for name, inner in value.items():
                _set(target.kvlist_value.values.add(key=name).value, inner, levels - 1)
        case list():
            target.array_value.SetInParent()
            for inner in value:
                _set(target.array_value.values.add(), inner, levels - 1)
        case _:
            _set_scalar(target, value)


def _set_scalar(target: AnyValue, value: Any) -> None:
    match value:
        case str():
            target.string_value = value
        case bool():
            target.bool_value = value
        case int() if -_INT64 <= value < _INT64:
            target.int_value = value
        case int():
            target.string_value = str(value)
        case float():
            target.double_value = value
