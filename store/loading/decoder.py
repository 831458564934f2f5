"""Decodes a small slice's records into rows, as the views on the landing tables do for large ones.

Planning those takes longer than a few rows.

The rows are in ClickHouse's format ``RowBinary``: integers and floats little-endian, a string as its length and its bytes, a map or an
array as its length and its elements. Source: https://clickhouse.com/docs/interfaces/formats/RowBinary. A test holds both ways to the same
rows.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from core.protobuf_wire import delimited, varint
from core.signal import Record, SignalKind
from store.loading.framing import LANDINGS
from store.loading.value_texts import AS_TEXT, texts_of_list

SPAN_COLUMNS = (
    "slice", "source", "received_at", "service", "name", "kind", "trace_id", "span_id", "parent_span_id", "trace_state", "flags",
    "start_time", "end_time", "status", "status_message", "attributes", "attribute_types", "attribute_lists", "resource", "resource_types",
    "scope_name", "scope_version", "scope_attributes", "events.time", "events.name", "events.attributes", "events.attribute_types",
    "links.trace_id", "links.span_id", "links.trace_state", "links.attributes", "links.attribute_types",
)  # fmt: skip
LOG_COLUMNS = (
    "slice", "source", "received_at", "service", "time", "observed_time", "severity_number", "severity_text", "body", "body_type",
    "event_name", "attributes", "attribute_types", "attribute_lists", "flags", "trace_id", "span_id", "record", "resource",
    "resource_types", "scope_name", "scope_version", "scope",
)  # fmt: skip
METRIC_COLUMNS = (
    "slice", "source", "received_at", "service", "resource", "resource_types", "scope_name", "scope_version", "scope", "name", "description",
    "unit", "type", "temporality", "monotonic", "time", "start_time", "flags", "attributes", "attribute_types", "value", "int_value", "count",
    "sum", "min", "max", "bucket_counts", "bounds", "scale", "zero_count", "positive_offset", "negative_offset", "negative_counts", "quantiles",
    "number_point", "histogram_point", "exponential_histogram_point", "summary_point",
)  # fmt: skip
"""``record``, ``scope`` and the points are not kept: the tables compute ``log_id`` and ``metric_id`` from them."""
_UINT32, _UINT64 = struct.Struct("<I").pack, struct.Struct("<Q").pack
_INT32, _INT64, _DOUBLE = struct.Struct("<i").pack, struct.Struct("<q").pack, struct.Struct("<d").pack
_TYPES = {
    None: 0, "string_value": 1, "bool_value": 2, "int_value": 3, "double_value": 4, "array_value": 5, "kvlist_value": 6, "bytes_value": 7,
}  # fmt: skip
_STRING = _TYPES["string_value"]
"""The fields of an AnyValue, and what the tables' enumeration of types has for them."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table, in the format ``RowBinary``."""

    table: str
    columns: tuple[str, ...]
    content: bytes


def decode(kind: SignalKind, records: Sequence[Record], slice_: int) -> Rows:
    """Return the rows of records, all of one kind. Raises ``google.protobuf.message.DecodeError`` for a body that is not OTLP."""
    table, columns, rows = _DECODERS[kind]
    message = _MESSAGES[kind]
    found: list[bytes] = []
    for record in records:
        head = _UINT64(slice_) + _text(record.source.encode()) + _UINT64(record.received_at)
        found += rows(message.FromString(record.body), head)
    return Rows(table, columns, b"".join(found))


def _spans(request: Any, head: bytes) -> Iterable[bytes]:
    for group in request.resource_spans:
        service, resource = _resource(group.resource)
        for scoped in group.scope_spans:
            scope = scoped.scope
            tail = resource + _text(scope.name) + _text(scope.version) + _texts(scope.attributes)
            for span in scoped.spans:
                yield b"".join(
                    (
                        head,
                        service,
                        _text(span.name),
                        _enumerated(span.kind, 5),
                        _hex(span.trace_id),
                        _hex(span.span_id),
                        _hex(span.parent_span_id),
                        _text(span.trace_state),
                        _UINT32(span.flags),
                        _UINT64(span.start_time_unix_nano),
                        _UINT64(span.end_time_unix_nano),
                        _enumerated(span.status.code, 2),
                        _text(span.status.message),
                        _texts(span.attributes),
                        _types(span.attributes),
                        _lists(span.attributes),
                        tail,
                        _array(_UINT64(event.time_unix_nano) for event in span.events),
                        _array(_text(event.name) for event in span.events),
                        _array(_texts(event.attributes) for event in span.events),
                        _array(_types(event.attributes) for event in span.events),
                        _array(_hex(link.trace_id) for link in span.links),
                        _array(_hex(link.span_id) for link in span.links),
                        _array(_text(link.trace_state) for link in span.links),
                        _array(_texts(link.attributes) for link in span.links),
                        _array(_types(link.attributes) for link in span.links),
                    )
                )


def _logs(request: Any, head: bytes) -> Iterable[bytes]:
    received_at = int.from_bytes(head[-8:], "little") * 1_000_000 % (1 << 64)
    for group in request.resource_logs:
        service, resource = _resource(group.resource)
        for scoped in group.scope_logs:
            tail = resource + _scope(scoped.scope)
            for log in scoped.log_records:
                yield b"".join(
                    (
                        head,
                        service,
                        _UINT64(log.time_unix_nano or log.observed_time_unix_nano or received_at),
                        _UINT64(log.observed_time_unix_nano),
                        _enumerated(log.severity_number, 255),
                        _text(log.severity_text),
                        _text(_value(log.body)),
                        bytes((_TYPES[log.body.WhichOneof("value")],)),
                        _text(log.event_name),
                        _texts(log.attributes),
                        _types(log.attributes),
                        _lists(log.attributes),
                        _UINT32(log.flags),
                        _hex(log.trace_id),
                        _hex(log.span_id),
                        _log_record(log),
                        tail,
                    )
                )


def _log_record(log: Any) -> bytes:
    return b"".join(
        (
            _UINT64(log.time_unix_nano),
            _UINT64(log.observed_time_unix_nano),
            _UINT32(log.severity_number),
            _text(log.severity_text),
            _any(log.body),
            _key_values(log.attributes),
            _UINT32(log.flags),
            _text(log.trace_id),
            _text(log.span_id),
            _text(log.event_name),
        )
    )


def _metrics(request: Any, head: bytes) -> Iterable[bytes]:
    for group in request.resource_metrics:
        service, resource = _resource(group.resource)
        for scoped in group.scope_metrics:
            origin = b"".join((head, service, resource, _scope(scoped.scope)))
            for metric in scoped.metrics:
                names = b"".join((origin, _text(metric.name), _text(metric.description), _text(metric.unit)))
                for type_, (number, has_temporality, values) in _POINTS.items():
                    data = getattr(metric, type_)
                    temporality = _enumerated(data.aggregation_temporality, 2) if has_temporality else b"\0"
                    monotonic = b"\1" if type_ == "sum" and data.is_monotonic else b"\0"
                    begin = b"".join((names, bytes((number,)), temporality, monotonic))
                    for point in data.data_points:
                        yield begin + _point(point) + values(point)


def _point(point: Any) -> bytes:
    """Return the columns that every kind of point has."""
    times = _UINT64(point.time_unix_nano) + _UINT64(point.start_time_unix_nano)
    return b"".join((times, _UINT32(point.flags), _texts(point.attributes), _types(point.attributes)))


def _hashed_point(point: Any) -> bytes:
    """Return what every kind of point begins with where it is hashed."""
    times = _UINT64(point.time_unix_nano) + _UINT64(point.start_time_unix_nano)
    return b"".join((times, _key_values(point.attributes), _UINT32(point.flags)))


def _number(point: Any) -> bytes:
    which = point.WhichOneof("value")
    value = float(point.as_int) if which == "as_int" else point.as_double
    whole = b"\0" + _INT64(point.as_int) if which == "as_int" else b"\1"
    sent = bytes((_NUMBERS[which],)) + _DOUBLE(point.as_double) + _INT64(point.as_int)
    return b"".join((_DOUBLE(value), whole, bytes(_VALUES_BYTES), _hashed_point(point), sent, *_NO_POINTS[1:]))


def _histogram(point: Any) -> bytes:
    counts, bounds = _array(map(_UINT64, point.bucket_counts)), _array(map(_DOUBLE, point.explicit_bounds))
    ends = _DOUBLE(point.min) + _DOUBLE(point.max)
    total = _UINT64(point.count) + _DOUBLE(point.sum)
    sent = b"".join((_hashed_point(point), total, counts, bounds, ends))
    return b"".join((_NO_NUMBER, total, ends, counts, bounds, bytes(4 + 8 + 4 + 4 + 1 + 1), _NO_POINTS[0], sent, *_NO_POINTS[2:]))


def _exponential_histogram(point: Any) -> bytes:
    positive, negative = (_array(map(_UINT64, buckets.bucket_counts)) for buckets in (point.positive, point.negative))
    offsets = _INT32(point.positive.offset), _INT32(point.negative.offset)
    ends = _DOUBLE(point.min) + _DOUBLE(point.max)
    total = _UINT64(point.count) + _DOUBLE(point.sum)
    scale = _INT32(point.scale) + _UINT64(point.zero_count)
    sent = b"".join((_hashed_point(point), total, scale, offsets[0], positive, offsets[1], negative, ends))
    return b"".join((_NO_NUMBER, total, ends, positive, b"\0", scale, *offsets, negative, b"\0", *_NO_POINTS[:2], sent, _NO_POINTS[3]))


def _summary(point: Any) -> bytes:
    quantiles = _array(_DOUBLE(one.quantile) + _DOUBLE(one.value) for one in point.quantile_values)
    total = _UINT64(point.count) + _DOUBLE(point.sum)
    sent = b"".join((_hashed_point(point), total, quantiles))
    return b"".join((_NO_NUMBER, total, bytes(8 + 8 + 1 + 1 + 4 + 8 + 4 + 4 + 1), quantiles, *_NO_POINTS[:3], sent))


_NUMBERS = {None: 0, "as_double": 4, "as_int": 6}
_NO_NUMBER = bytes(8) + b"\1"
"""``value`` and ``int_value`` of a point that has none."""
_VALUES_BYTES = 8 + 8 + 8 + 8 + 1 + 1 + 4 + 8 + 4 + 4 + 1 + 1
"""The columns from ``count`` to ``quantiles``, where all are empty."""
_NO_POINT = 8 + 8 + 1 + 4
_NO_POINTS = tuple(bytes(_NO_POINT + more) for more in (1 + 8 + 8, 8 + 8 + 1 + 1 + 8 + 8, 8 + 8 + 4 + 8 + 5 + 5 + 8 + 8, 8 + 8 + 1))
"""The four columns of points, each empty."""
_POINTS: dict[str, tuple[int, bool, Callable[[Any], bytes]]] = {
    "gauge": (1, False, _number),
    "sum": (2, True, _number),
    "histogram": (3, True, _histogram),
    "exponential_histogram": (4, True, _exponential_histogram),
    "summary": (5, False, _summary),
}
"""The types of metrics: their number, whether they have a temporality, and what gives a point's columns from ``value`` on."""


def _scope(scope: Any) -> bytes:
    """Return a scope's name and version, and then all of it."""
    names = _text(scope.name) + _text(scope.version)
    return names + names + _key_values(scope.attributes)


def _resource(resource: Any) -> tuple[bytes, bytes]:
    """Return the service that a resource names, and the two columns of its attributes."""
    service = next((_value(attribute.value) for attribute in resource.attributes if attribute.key == b"service.name"), b"")
    return _text(service), _texts(resource.attributes) + _types(resource.attributes)


def _array(elements: Iterable[bytes]) -> bytes:
    found = tuple(elements)
    return varint(len(found)) + b"".join(found)


_text = delimited


def _hex(content: bytes) -> bytes:
    return delimited(content.hex().encode())


def _enumerated(number: int, largest: int) -> bytes:
    return bytes((min(number, largest),))


def _texts(attributes: Any) -> bytes:
    """Return attributes as a map of texts."""
    return _array(_text(attribute.key) + _text(_value(attribute.value)) for attribute in attributes)


def _types(attributes: Any) -> bytes:
    """Return the types of those attributes that are not strings, by key."""
    typed = ((attribute.key, _TYPES[attribute.value.WhichOneof("value")]) for attribute in attributes)
    return _array(_text(key) + bytes((type_,)) for key, type_ in typed if type_ != _STRING)


def _lists(attributes: Any) -> bytes:
    """Return the texts of the elements of those attributes that are lists, by key. Raises ValueError for what is left to the store."""
    found = (attribute for attribute in attributes if attribute.value.WhichOneof("value") == "array_value")
    return _array(_text(attribute.key) + _array(map(_text, texts_of_list(attribute.value.array_value))) for attribute in found)


def _key_values(attributes: Any) -> bytes:
    """Return attributes as they land."""
    return _array(_text(attribute.key) + _any(attribute.value) for attribute in attributes)


def _any(any_value: Any) -> bytes:
    """Return an AnyValue as it lands: which of its fields is set, and all of them."""
    which = any_value.WhichOneof("value")
    if which is None:
        return bytes(1 + _ANY_BYTES)
    before, own, pack = _PLACES[which]
    return b"".join((bytes((_TYPES[which],)), bytes(before), pack(getattr(any_value, which)), bytes(_ANY_BYTES - before - own)))


def _value(any_value: Any) -> bytes:
    """Return an AnyValue as text."""
    which = any_value.WhichOneof("value")
    return b"" if which is None else AS_TEXT[which](getattr(any_value, which))


def _message_class(schema: str, name: str) -> Any:
    """Return the class of a message in a landing schema; its strings are bytes, as they are to ClickHouse."""
    file = FileDescriptorProto(name="landing.proto", syntax="proto3")
    for message, body in re.findall(r"^message (\w+) \{(.*)\}$", schema, re.MULTILINE):
        described = file.message_type.add(name=message)
        oneof = re.search(r"oneof (\w+) \{(.*?)\}", body)
        if oneof:
            described.oneof_decl.add(name=oneof[1])
        for repeated, type_, field, number in re.findall(r"(repeated )?(\w+) (\w+) = (\d+);", body):
            added = described.field.add(name=field, number=int(number), label=3 if repeated else 1)
            if type_[0].isupper():
                added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{type_}"
            else:
                added.type = FieldDescriptorProto.Type.Value(f"TYPE_{'BYTES' if type_ == 'string' else type_.upper()}")
            if oneof and f" {field} = " in oneof[2]:
                added.oneof_index = 0
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(name))


_PLACES: dict[str, tuple[int, int, Callable[[Any], bytes]]] = {
    "string_value": (0, 1, _text),
    "bool_value": (1, 1, lambda value: bytes((value,))),
    "int_value": (2, 8, _INT64),
    "double_value": (10, 8, _DOUBLE),
    "array_value": (18, 1, _text),
    "kvlist_value": (19, 1, _text),
    "bytes_value": (20, 1, _text),
}
"""The fields of an AnyValue as it lands: how many bytes are before each and how many it has itself where all are empty, and what
packs it."""
_ANY_BYTES = 21

_Decoder = tuple[str, tuple[str, ...], Callable[[Any, bytes], Iterable[bytes]]]
_DECODERS: dict[SignalKind, _Decoder] = {
    SignalKind.TRACES: ("spans", SPAN_COLUMNS, _spans),
    SignalKind.LOGS: ("logs", LOG_COLUMNS, _logs),
    SignalKind.METRICS: ("metrics", METRIC_COLUMNS, _metrics),
}
"""Table, columns, and what yields the rows of a request, given what they all begin with: slice, source and time of receipt."""
_MESSAGES = {kind: _message_class(LANDINGS[kind].schema, LANDINGS[kind].message) for kind in _DECODERS}
