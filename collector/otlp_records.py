"""OTLP requests record by record: sets the bad ones aside, shortens what is too long. Called only when something looks odd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from collector.rejection import Complaint
from core.signal import SignalKind

RECORDS_MAX = 10_000
ATTRIBUTES_MAX = 128
STRING_MAX_BYTES = 64 << 10
LIGHT_RECORD_BYTES = 2048
"""A record this light may have any number of attributes: the limits are there for what is heavy."""
SHORTENED = "andon.shortened"
"""Attribute added to a record whose strings were shortened: the names of the shortened attributes."""
TIME_MIN_NANOSECONDS = 946_684_800_000_000_000
"""2000-01-01 UTC: an earlier start was never set."""
TIME_MAX_NANOSECONDS = 4_102_444_800_000_000_000
"""2100-01-01 UTC: later is a broken clock, and from 2262 on it does not fit the store's type."""

# names of the three levels in each signal's request
_LEVELS = {
    SignalKind.TRACES: ("resource_spans", "scope_spans", "spans"),
    SignalKind.LOGS: ("resource_logs", "scope_logs", "log_records"),
    SignalKind.METRICS: ("resource_metrics", "scope_metrics", "metrics"),
}


@dataclass(frozen=True, slots=True)
class BadRecords:
    """Records of one request that share a fault: ``body`` is an OTLP request that holds only them."""

    complaint: Complaint
    body: bytes
    count: int


def sort_out(kind: SignalKind, request: Any) -> tuple[bytes, int, list[BadRecords]]:
    """Return the request without its bad records, serialized, how many are left, and the bad ones by fault. Changes ``request``.

    Of metrics the data points are counted: each is a row of the store.
    """
    resources_name, scopes_name, records_name = _LEVELS[kind]
    judge = _JUDGES[kind]
    bad: dict[str, tuple[Complaint, Any, int]] = {}
    kept = 0
    for resource in getattr(request, resources_name):
        for scope in getattr(resource, scopes_name):
            records = getattr(scope, records_name)
            faulty: list[int] = []
            for index, record in enumerate(records):
                signals = len(_points(record)) if kind is SignalKind.METRICS else 1
                complaint = _too_many(kept + signals) or judge(record)
                if complaint is None:
                    kept += signals
                    continue
                faulty.append(index)
                known, message, count = bad.get(complaint.reason, (complaint, type(request)(), 0))
                _copy_alone(message, resource, scope, record, _LEVELS[kind])
                bad[complaint.reason] = (known, message, count + signals)
            for index in reversed(faulty):
                del records[index]
    groups = [BadRecords(complaint, message.SerializeToString(), count) for complaint, message, count in bad.values()]
    return (request.SerializeToString() if kept else b""), kept, groups


def _copy_alone(message: Any, resource: Any, scope: Any, record: Any, levels: tuple[str, str, str]) -> None:
    """Append ``record`` to ``message`` below copies of its resource and scope, joining the last ones where they are the same."""
    resources_name, scopes_name, records_name = levels
    own_resource = getattr(message, resources_name).add(schema_url=resource.schema_url)
    own_resource.resource.CopyFrom(resource.resource)
    own_scope = getattr(own_resource, scopes_name).add(schema_url=scope.schema_url)
    own_scope.scope.CopyFrom(scope.scope)
    getattr(own_scope, records_name).add().CopyFrom(record)


def _too_many(records: int) -> Complaint | None:
    if records <= RECORDS_MAX:
        return None
    return Complaint("otlp_too_many_records", f"a request may hold {RECORDS_MAX} records", "records", "send smaller batches")


def _judge_span(span: Any) -> Complaint | None:
    for name, length in (("trace_id", 16), ("span_id", 8)):
        value = getattr(span, name)
        if len(value) != length or not any(value):
            return Complaint("otlp_bad_id", f"{name} must be {length} bytes, not all zero", name, "let the SDK make the ids")
    if len(span.parent_span_id) not in {0, 8}:
        return Complaint("otlp_bad_id", "parent_span_id must be 8 bytes or absent", "parent_span_id", "let the SDK make the ids")
    if not TIME_MIN_NANOSECONDS <= span.start_time_unix_nano < TIME_MAX_NANOSECONDS:
        return Complaint(
            "otlp_bad_time", "start_time_unix_nano must be nanoseconds between the years 2000 and 2100", "start_time_unix_nano"
        )
    if span.end_time_unix_nano >= TIME_MAX_NANOSECONDS:
        return Complaint("otlp_bad_time", "end_time_unix_nano must be nanoseconds before the year 2100", "end_time_unix_nano")
    if span.ByteSize() <= LIGHT_RECORD_BYTES:
        return None
    return _judge_attributes(span.attributes) or _judge_nested(span)


def _judge_nested(span: Any) -> Complaint | None:
    for part in (*span.events, *span.links):
        if complaint := _judge_attributes(part.attributes):
            return complaint
    return None


def _judge_log(log: Any) -> Complaint | None:
    if max(log.time_unix_nano, log.observed_time_unix_nano) >= TIME_MAX_NANOSECONDS:
        return Complaint("otlp_bad_time", "time_unix_nano must be nanoseconds before the year 2100", "time_unix_nano")
    if log.ByteSize() <= LIGHT_RECORD_BYTES:
        return None
    if log.body.WhichOneof("value") == "string_value" and _shorten(log.body):
        log.attributes.add(key=SHORTENED).value.string_value = "body"
    return _judge_attributes(log.attributes)


def _judge_metric(metric: Any) -> Complaint | None:
    which = metric.WhichOneof("data")
    for point in _points(metric):
        if point.time_unix_nano >= TIME_MAX_NANOSECONDS:
            return Complaint("otlp_bad_time", "time_unix_nano must be nanoseconds before the year 2100", "time_unix_nano")
        if which == "histogram" and point.bucket_counts and len(point.bucket_counts) != len(point.explicit_bounds) + 1:
            return Complaint("otlp_bad_histogram", "bucket_counts must have one element more than explicit_bounds", "bucket_counts")
        if complaint := _judge_attributes(point.attributes):
            return complaint
    return None


def _points(metric: Any) -> Any:
    which = metric.WhichOneof("data")
    return getattr(metric, which).data_points if which else ()


def _judge_attributes(attributes: Any) -> Complaint | None:
    """Refuse a record with too many attributes; shorten strings that are too long."""
    if len(attributes) > ATTRIBUTES_MAX:
        return Complaint(
            "otlp_too_many_attributes", f"a record may have {ATTRIBUTES_MAX} attributes", "attributes", "send fewer attributes"
        )
    shortened = [attribute.key for attribute in attributes if _shorten(attribute.value)]
    if shortened:
        attributes.add(key=SHORTENED).value.string_value = ",".join(key[:256] for key in shortened)
    return None


def _shorten(value: Any) -> bool:
    text: str = value.string_value
    if len(text) * 4 <= STRING_MAX_BYTES:
        return False
    encoded = text.encode()
    if len(encoded) <= STRING_MAX_BYTES:
        return False
    value.string_value = encoded[:STRING_MAX_BYTES].decode(errors="ignore")
    return True


def records_of(kind: SignalKind, request: Any) -> Iterator[Any]:
    """Yield every record of a request."""
    resources_name, scopes_name, records_name = _LEVELS[kind]
    for resource in getattr(request, resources_name):
        for scope in getattr(resource, scopes_name):
            yield from getattr(scope, records_name)


_JUDGES: dict[SignalKind, Callable[[Any], Complaint | None]] = {
    SignalKind.TRACES: _judge_span,
    SignalKind.LOGS: _judge_log,
    SignalKind.METRICS: _judge_metric,
}
