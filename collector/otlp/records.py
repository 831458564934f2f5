"""OTLP requests record by record: removes the bad ones and shortens what is too long. Called only if something looks suspicious.

A record is bad because of its own faults or those of its resource or scope. Bad records go to quarantine as they were sent; only what is
kept is shortened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from collector.otlp.prescan import ATTRIBUTES_MAX
from collector.rejection import ValidationError
from core.signal import SignalKind

STRING_MAX_BYTES = 64 << 10
SHORTENED = "andon.shortened"
"""Attribute added to a record, event, link, resource or scope whose texts were shortened: the names of the attributes and fields that hold
them. Of a metric's own texts it is in ``metadata``."""
NAME_MAX_CHARACTERS = 256
"""Maximum length of a shortened attribute's name in SHORTENED."""
TIME_MIN_NANOSECONDS = 946_684_800_000_000_000
"""2000-01-01 UTC: an earlier start was never set."""
TIME_MAX_NANOSECONDS = 4_102_444_800_000_000_000
"""2100-01-01 UTC: anything later is a broken clock, and from 2262 on it does not fit the store's type."""

# names of the three levels in each signal's request
_LEVELS = {
    SignalKind.TRACES: ("resource_spans", "scope_spans", "spans"),
    SignalKind.LOGS: ("resource_logs", "scope_logs", "log_records"),
    SignalKind.METRICS: ("resource_metrics", "scope_metrics", "metrics"),
}


@dataclass(frozen=True, slots=True)
class BadRecords:
    """Records of one request that share a fault: ``body`` is an OTLP request that holds only them."""

    error: ValidationError
    body: bytes
    count: int
    content_type: str = "application/x-protobuf"


def has_good_origins(kind: SignalKind, request: Any) -> bool:
    """Return whether no resource and no scope of a request breaks a limit."""
    resources_name, scopes_name, _ = _LEVELS[kind]
    for resource in getattr(request, resources_name):
        if not _is_good_origin(resource, resource.resource):
            return False
        if not all(_is_good_origin(scope, scope.scope) for scope in getattr(resource, scopes_name)):
            return False
    return True


def _is_good_origin(holder: Any, origin: Any) -> bool:
    small = len(holder.schema_url) * 4 <= STRING_MAX_BYTES and origin.ByteSize() <= STRING_MAX_BYTES
    return small and len(origin.attributes) <= ATTRIBUTES_MAX


def sort_out(kind: SignalKind, request: Any) -> tuple[bytes, int, list[BadRecords]]:
    """Return the request without its bad records, serialized, how many are left, and the bad ones by fault. Changes ``request``.

    For metrics the data points are counted: each is a row in the store.
    """
    resources_name, scopes_name, records_name = _LEVELS[kind]
    bad: dict[str, _Faulty] = {}
    kept = 0
    for resource in getattr(request, resources_name):
        resource_fault = _validate_attributes(resource.resource.attributes, "resource")
        for scope in getattr(resource, scopes_name):
            fault = resource_fault or _validate_attributes(scope.scope.attributes, "scope")
            records = getattr(scope, records_name)
            faulty: list[int] = []
            for index, record in enumerate(records):
                signals = len(_points(record)) if kind is SignalKind.METRICS else 1
                error = fault or _VALIDATORS[kind](record)
                if error is None:
                    kept += signals
                    _SHORTENERS[kind](record)
                    continue
                faulty.append(index)
                if error.reason not in bad:
                    bad[error.reason] = _Faulty(error, type(request)(), _LEVELS[kind])
                bad[error.reason].add(resource, scope, record, signals)
            for index in reversed(faulty):
                del records[index]
            _shorten_origin(scope, scope.scope)
        _shorten_origin(resource, resource.resource)
    groups = [BadRecords(group.error, group.message.SerializeToString(), group.count) for group in bad.values()]
    return (request.SerializeToString() if kept else b""), kept, groups


class _Faulty:
    """The records with one fault, each below a copy of its resource and scope; records that share these share the copies, too."""

    def __init__(self, error: ValidationError, message: Any, levels: tuple[str, str, str]) -> None:
        self.error = error
        self.message = message
        self.count = 0
        self._levels = levels
        self._resource: Any = None
        self._scope: Any = None
        self._resource_copy: Any = None
        self._scope_copy: Any = None

    def add(self, resource: Any, scope: Any, record: Any, signals: int) -> None:
        resources_name, scopes_name, records_name = self._levels
        if resource is not self._resource:
            self._resource, self._scope = resource, None
            self._resource_copy = getattr(self.message, resources_name).add(schema_url=resource.schema_url)
            if resource.HasField("resource"):
                self._resource_copy.resource.CopyFrom(resource.resource)
        if scope is not self._scope:
            self._scope = scope
            self._scope_copy = getattr(self._resource_copy, scopes_name).add(schema_url=scope.schema_url)
            if scope.HasField("scope"):
                self._scope_copy.scope.CopyFrom(scope.scope)
        getattr(self._scope_copy, records_name).add().CopyFrom(record)
        self.count += signals


def _validate_span(span: Any) -> ValidationError | None:
    for name, length in (("trace_id", 16), ("span_id", 8)):
        value = getattr(span, name)
        if len(value) != length or not any(value):
            return ValidationError("otlp_bad_id", f"{name} must be {length} bytes, not all zero", name, "let the SDK generate the ids")
    if len(span.parent_span_id) not in {0, 8}:
        return ValidationError("otlp_bad_id", "parent_span_id must be 8 bytes or absent", "parent_span_id", "let the SDK generate the ids")
    if not TIME_MIN_NANOSECONDS <= span.start_time_unix_nano < TIME_MAX_NANOSECONDS:
        return ValidationError(
            "otlp_bad_time", "start_time_unix_nano must be nanoseconds between the years 2000 and 2100", "start_time_unix_nano"
        )
    if span.end_time_unix_nano >= TIME_MAX_NANOSECONDS:
        return ValidationError("otlp_bad_time", "end_time_unix_nano must be nanoseconds before the year 2100", "end_time_unix_nano")
    return _validate_attributes(span.attributes) or _validate_parts((*span.events, *span.links))


def _validate_parts(parts: Iterable[Any]) -> ValidationError | None:
    return next((error for part in parts if (error := _validate_attributes(part.attributes))), None)


def _validate_log(log: Any) -> ValidationError | None:
    if max(log.time_unix_nano, log.observed_time_unix_nano) >= TIME_MAX_NANOSECONDS:
        return ValidationError("otlp_bad_time", "time_unix_nano must be nanoseconds before the year 2100", "time_unix_nano")
    return _validate_attributes(log.attributes)


def _validate_metric(metric: Any) -> ValidationError | None:
    which = metric.WhichOneof("data")
    for point in _points(metric):
        if point.time_unix_nano >= TIME_MAX_NANOSECONDS:
            return ValidationError("otlp_bad_time", "time_unix_nano must be nanoseconds before the year 2100", "time_unix_nano")
        if which == "histogram" and point.bucket_counts and len(point.bucket_counts) != len(point.explicit_bounds) + 1:
            return ValidationError("otlp_bad_histogram", "bucket_counts must have one more element than explicit_bounds", "bucket_counts")
    return _validate_parts(_points(metric))


def _points(metric: Any) -> Any:
    which = metric.WhichOneof("data")
    return getattr(metric, which).data_points if which else ()


def _validate_attributes(attributes: Any, holder: str = "record") -> ValidationError | None:
    if len(attributes) <= ATTRIBUTES_MAX:
        return None
    return ValidationError(
        "otlp_too_many_attributes",
        f"a {holder} may have {ATTRIBUTES_MAX} attributes",
        "attributes" if holder == "record" else f"{holder}.attributes",
        "send fewer attributes",
    )


def _shorten_origin(holder: Any, origin: Any) -> None:
    """Shorten a resource or scope, and the schema URL beside it."""
    _shorten(origin, ["schema_url"] if _cut_field(holder, "schema_url", holder.schema_url) else [])


def _shorten_metric(metric: Any) -> None:
    if metric.ByteSize() <= STRING_MAX_BYTES:
        return
    for point in _points(metric):
        _shorten(point)
    own = [(field.name, value) for field, value in metric.ListFields() if field.name != metric.WhichOneof("data")]
    if names := [name for name, value in own if _cut_field(metric, name, value)]:
        metric.metadata.add(key=SHORTENED).value.string_value = ",".join(names)


def _shorten(record: Any, names: Iterable[str] = ()) -> None:
    """Cut every text of a record, its events and links that is too long, and add the names of what holds them to ``names``."""
    noted = list(names)
    if record.ByteSize() > STRING_MAX_BYTES:
        for field, value in record.ListFields():
            if field.name == "attributes":
                noted += [attribute.key[:NAME_MAX_CHARACTERS] for attribute in value if _cut(attribute)]
            elif field.name in {"events", "links"}:
                for part in value:
                    _shorten(part)
            elif _cut_field(record, field.name, value):
                noted.append(field.name)
    if noted:
        record.attributes.add(key=SHORTENED).value.string_value = ",".join(noted)


def _cut(message: Any) -> bool:
    """Cut the texts anywhere in a message; return whether one was too long."""
    if message.ByteSize() <= STRING_MAX_BYTES:
        return False
    return any([_cut_field(message, field.name, value) for field, value in message.ListFields()])  # noqa: C419 - all are to be cut


def _cut_field(message: Any, name: str, value: Any) -> bool:
    """Cut the texts in the field ``name`` of a message, which holds ``value``; return whether one was too long."""
    if isinstance(value, Message):
        return _cut(value)
    if isinstance(value, str):
        if len(value) * 4 <= STRING_MAX_BYTES or len(encoded := value.encode()) <= STRING_MAX_BYTES:
            return False
        setattr(message, name, encoded[:STRING_MAX_BYTES].decode(errors="ignore"))
        return True
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return any([_cut(part) for part in value if isinstance(part, Message)])  # noqa: C419 - as above
    return False


_VALIDATORS: dict[SignalKind, Callable[[Any], ValidationError | None]] = {
    SignalKind.TRACES: _validate_span,
    SignalKind.LOGS: _validate_log,
    SignalKind.METRICS: _validate_metric,
}
_SHORTENERS: dict[SignalKind, Callable[[Any], None]] = {
    SignalKind.TRACES: _shorten,
    SignalKind.LOGS: _shorten,
    SignalKind.METRICS: _shorten_metric,
}
