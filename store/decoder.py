"""Decodes a small slice's records into rows, as the views on the landing tables do for large ones: planning those takes longer than a few rows.

The rows are in ClickHouse's format ``RowBinary``: integers and floats little-endian, a string as its length and its bytes, a map or an array
as its length and its elements. Source: https://clickhouse.com/docs/interfaces/formats/RowBinary. A test holds both ways to the same rows.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from core.protobuf_wire import delimited, varint
from core.signal import Record, SignalKind
from store.framing import LANDINGS

SPAN_COLUMNS = (
    "slice", "source", "received_at", "service", "name", "kind", "trace_id", "span_id", "parent_span_id", "trace_state", "flags", "start_time",
    "end_time", "status", "status_message", "attributes", "attribute_types", "resource", "resource_types", "scope_name", "scope_version",
    "scope_attributes", "events.time", "events.name", "events.attributes", "events.attribute_types", "links.trace_id", "links.span_id",
    "links.trace_state", "links.attributes", "links.attribute_types",
)  # fmt: skip
_UINT32, _UINT64 = struct.Struct("<I").pack, struct.Struct("<Q").pack
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


def decodes(kind: SignalKind) -> bool:
    """Return whether records of this kind can be decoded here."""
    return kind in _DECODERS


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


def _value(any_value: Any) -> bytes:
    """Return an AnyValue as text."""
    which = any_value.WhichOneof("value")
    return b"" if which is None else _AS_TEXT[which](getattr(any_value, which))


def _double(value: float) -> bytes:
    """Return the shortest decimal number for a double, as ClickHouse writes it: with an exponent below 1e-6 and from 1e21 on."""
    number = Decimal(repr(value))
    if not number.is_finite():
        return repr(value).encode()
    sign, digits, exponent = number.normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if number == 0:
        text = "0"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{text}"
    elif not 0 < point <= 21:
        text = f"{text[0]}{'.' if text[1:] else ''}{text[1:]}e{point - 1}"
    elif point >= len(text):
        text += "0" * (point - len(text))
    else:
        text = f"{text[:point]}.{text[point:]}"
    return f"{'-' if sign else ''}{text}".encode()


_AS_TEXT: dict[str, Callable[[Any], bytes]] = {
    "string_value": bytes,
    "bool_value": lambda value: b"true" if value else b"false",
    "int_value": lambda value: str(value).encode(),
    "double_value": _double,
    "array_value": base64.b64encode,
    "kvlist_value": base64.b64encode,
    "bytes_value": base64.b64encode,
}


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


_Decoder = tuple[str, tuple[str, ...], Callable[[Any, bytes], Iterable[bytes]]]
_DECODERS: dict[SignalKind, _Decoder] = {SignalKind.TRACES: ("spans", SPAN_COLUMNS, _spans)}
"""Table, columns, and what yields the rows of a request, given what they all begin with: slice, source and time of receipt."""
_MESSAGES = {kind: _message_class(LANDINGS[kind].schema, LANDINGS[kind].message) for kind in _DECODERS}
