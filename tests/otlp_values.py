"""Values of JSON in OTLP: its lists and maps are messages of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
_NANOSECONDS = to_milliseconds(AT) * 1_000_000
_MINUTE = 60_000_000_000


def any_value(value: object) -> AnyValue:
    """Return a value of JSON as OTLP has it."""
    if value is None:
        return AnyValue()
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=map(any_value, value)))
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=_attributes(value)))
    fields: dict[type, str] = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}
    return AnyValue(**{fields[type(value)]: value})


def traces(attributes: Sequence[Mapping[str, object]], *, name: str = "ship", minutes: int = 0) -> Record:
    """Return spans with these attributes, so many minutes after ``AT``."""
    spans = [
        Span(
            name=name, trace_id=(n + 1).to_bytes(16, "big"), span_id=name.encode().ljust(8)[:8],
            start_time_unix_nano=_NANOSECONDS + minutes * _MINUTE, attributes=_attributes(each),
        )
        for n, each in enumerate(attributes)
    ]  # fmt: skip
    request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])])
    return _record(SignalKind.TRACES, request.SerializeToString(), len(spans))


def logs(bodies: Sequence[object], *, event_name: str = "", minutes: int = 0) -> Record:
    """Return log records with these bodies, so many minutes after ``AT``."""
    at = _NANOSECONDS + minutes * _MINUTE
    records = [LogRecord(time_unix_nano=at, event_name=event_name, body=any_value(body)) for body in bodies]
    request = ExportLogsServiceRequest(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])])
    return _record(SignalKind.LOGS, request.SerializeToString(), len(records))


def _attributes(values: Mapping[str, object]) -> list[KeyValue]:
    return [KeyValue(key=name, value=any_value(each)) for name, each in values.items()]


def _record(kind: SignalKind, body: bytes, count: int) -> Record:
    return Record(kind, "default", Lane.STANDARD, to_milliseconds(AT), count, body)
