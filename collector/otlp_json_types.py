"""The OTLP messages as typed JSON structs, each field with its protobuf number and encoding. Source: opentelemetry-proto 1.x.

A struct's ``fields_`` lists (attribute, tag, encode, how): *one* writes a value unless it is the default, *optional* writes it when it was given,
*many* writes each element, *packed* writes all elements in one field. As in the JSON mapping of protobuf, ``null`` means absent.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from collector import protobuf_wire as wire

Number = int | str
"""A 64-bit integer: JSON number or decimal string."""
Real = float | str
"""A double: JSON number, or ``"NaN"``, ``"Infinity"``, ``"-Infinity"``."""
_Field = tuple[str, bytes, Callable[[Any], bytes], str]


class ProtobufStruct(msgspec.Struct, rename="camel", gc=False):
    """A struct that can write itself as protobuf."""

    fields_: ClassVar[tuple[_Field, ...]] = ()

    def to_protobuf(self) -> bytes:
        """Return the message. Raises ValueError for a value that its field cannot hold."""
        out: list[bytes] = []
        for name, tag, encode, how in self.fields_:
            value = getattr(self, name)
            if value is None:
                continue
            if how == "many":
                for element in value:
                    out += (tag, encode(element))
            elif how == "packed":
                if value:
                    out += (tag, wire.delimited(b"".join(map(encode, value))))
            elif how == "optional" or value:
                out += (tag, encode(value))
        return b"".join(out)


def _integer(value: Number) -> int:
    if isinstance(value, int):
        return value
    if not (value.lstrip("-").isascii() and value.lstrip("-").isdigit() and len(value) <= 20):
        raise ValueError(f"'{value[:40]}' is not a 64-bit integer")
    return int(value)


def _real(value: Real) -> float:
    if isinstance(value, str):
        if value not in {"NaN", "Infinity", "-Infinity"}:
            try:
                return float(value)
            except ValueError:
                raise ValueError(f"'{value[:40]}' is not a number") from None
        return float(value.replace("Infinity", "inf"))
    return value


def _hex(value: str) -> bytes:
    try:
        return wire.delimited(bytes.fromhex(value))
    except ValueError:
        raise ValueError(f"the id '{value[:64]}' is not hexadecimal") from None


def _base64(value: str) -> bytes:
    # the JSON mapping of protobuf takes both alphabets, with or without padding
    text = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return wire.delimited(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except binascii.Error:
        raise ValueError("bytesValue is not base64") from None


def _text(value: str) -> bytes:
    return wire.delimited(value.encode())


def _message(value: ProtobufStruct) -> bytes:
    return wire.delimited(value.to_protobuf())


def _boolean(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def _int64(value: Number) -> bytes:
    return wire.int64(_integer(value))


def _uint64(value: Number) -> bytes:
    return wire.varint(_integer(value))


def _enumeration(value: int) -> bytes:
    if not -(1 << 31) <= value < 1 << 31:
        raise ValueError(f"{value} is not an enumeration's number")
    return wire.int64(value)


def _uint32(value: Number) -> bytes:
    number = _integer(value)
    if not 0 <= number < 1 << 32:
        raise ValueError(f"{number} does not fit into 32 bits without a sign")
    return wire.varint(number)


def _sint32(value: Number) -> bytes:
    return wire.zigzag(_integer(value))


def _fixed64(value: Number) -> bytes:
    return wire.fixed64(_integer(value))


def _sfixed64(value: Number) -> bytes:
    return wire.sfixed64(_integer(value))


def _fixed32(value: Number) -> bytes:
    return wire.fixed32(_integer(value))


def _double(value: Real) -> bytes:
    return wire.double(_real(value))


# encoding → (wire type, encoder)
_KINDS: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    "text": (2, _text),
    "hex": (2, _hex),
    "base64": (2, _base64),
    "message": (2, _message),
    "boolean": (0, _boolean),
    "int64": (0, _int64),
    "uint64": (0, _uint64),
    "uint32": (0, _uint32),
    "sint32": (0, _sint32),
    "enum": (0, _enumeration),
    "fixed64": (1, _fixed64),
    "sfixed64": (1, _sfixed64),
    "double": (1, _double),
    "fixed32": (5, _fixed32),
}


def fields(**lines: str) -> tuple[_Field, ...]:
    """Compile ``name="number encoding [optional|many|packed]"``."""
    compiled = []
    for name, line in lines.items():
        number, kind, how = (*line.split(), "one")[:3]
        wire_type, encode = _KINDS[kind]
        compiled.append((name, wire.tag(int(number), 2 if how == "packed" else wire_type), encode, how))
    return tuple(compiled)


class ArrayValue(ProtobufStruct):
    """A list of values."""

    values: list[AnyValue] | None = None
    fields_ = fields(values="1 message many")


class KeyValueList(ProtobufStruct):
    """Values by name."""

    values: list[KeyValue] | None = None
    fields_ = fields(values="1 message many")


class AnyValue(ProtobufStruct):
    """A value of any type; what was not given is None."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: Number | None = None
    double_value: Real | None = None
    array_value: ArrayValue | None = None
    kvlist_value: KeyValueList | None = None
    bytes_value: str | None = None
    fields_ = fields(
        string_value="1 text optional",
        bool_value="2 boolean optional",
        int_value="3 int64 optional",
        double_value="4 double optional",
        array_value="5 message optional",
        kvlist_value="6 message optional",
        bytes_value="7 base64 optional",
    )


class KeyValue(ProtobufStruct):
    """An attribute."""

    key: str | None = ""
    value: AnyValue | None = None
    fields_ = fields(key="1 text", value="2 message optional")


class Resource(ProtobufStruct):
    """Where signals come from."""

    attributes: list[KeyValue] | None = None
    dropped_attributes_count: Number | None = 0
    fields_ = fields(attributes="1 message many", dropped_attributes_count="2 uint32")


class Scope(ProtobufStruct):
    """The library that made them."""

    name: str | None = ""
    version: str | None = ""
    attributes: list[KeyValue] | None = None
    dropped_attributes_count: Number | None = 0
    fields_ = fields(name="1 text", version="2 text", attributes="3 message many", dropped_attributes_count="4 uint32")


class SpanEvent(ProtobufStruct):
    """A moment in a span."""

    time_unix_nano: Number | None = 0
    name: str | None = ""
    attributes: list[KeyValue] | None = None
    dropped_attributes_count: Number | None = 0
    fields_ = fields(time_unix_nano="1 fixed64", name="2 text", attributes="3 message many", dropped_attributes_count="4 uint32")


class SpanLink(ProtobufStruct):
    """A pointer to another span."""

    trace_id: str | None = ""
    span_id: str | None = ""
    trace_state: str | None = ""
    attributes: list[KeyValue] | None = None
    dropped_attributes_count: Number | None = 0
    flags: Number | None = 0
    fields_ = fields(
        trace_id="1 hex",
        span_id="2 hex",
        trace_state="3 text",
        attributes="4 message many",
        dropped_attributes_count="5 uint32",
        flags="6 fixed32",
    )


class Status(ProtobufStruct):
    """How a span ended."""

    message: str | None = ""
    code: int | None = 0
    fields_ = fields(message="2 text", code="3 enum")


class Span(ProtobufStruct):
    """One span."""

    trace_id: str | None = ""
    span_id: str | None = ""
    trace_state: str | None = ""
    parent_span_id: str | None = ""
    name: str | None = ""
    kind: int | None = 0
    start_time_unix_nano: Number | None = 0
    end_time_unix_nano: Number | None = 0
    attributes: list[KeyValue] | None = None
    dropped_attributes_count: Number | None = 0
    events: list[SpanEvent] | None = None
    dropped_events_count: Number | None = 0
    links: list[SpanLink] | None = None
    dropped_links_count: Number | None = 0
    status: Status | None = None
    flags: Number | None = 0
    fields_ = fields(
        trace_id="1 hex",
        span_id="2 hex",
        trace_state="3 text",
        parent_span_id="4 hex",
        name="5 text",
        kind="6 enum",
        start_time_unix_nano="7 fixed64",
        end_time_unix_nano="8 fixed64",
        attributes="9 message many",
        dropped_attributes_count="10 uint32",
        events="11 message many",
        dropped_events_count="12 uint32",
        links="13 message many",
        dropped_links_count="14 uint32",
        status="15 message optional",
        flags="16 fixed32",
    )


class LogRecord(ProtobufStruct):
    """One log record."""

    time_unix_nano: Number | None = 0
    observed_time_unix_nano: Number | None = 0
    severity_number: int | None = 0
    severity_text: str | None = ""
    body: AnyValue | None = None
    attributes: list[KeyValue] | None = None
    dropped_attributes_count: Number | None = 0
    flags: Number | None = 0
    trace_id: str | None = ""
    span_id: str | None = ""
    event_name: str | None = ""
    fields_ = fields(
        time_unix_nano="1 fixed64",
        severity_number="2 enum",
        severity_text="3 text",
        body="5 message optional",
        attributes="6 message many",
        dropped_attributes_count="7 uint32",
        flags="8 fixed32",
        trace_id="9 hex",
        span_id="10 hex",
        observed_time_unix_nano="11 fixed64",
        event_name="12 text",
    )


def telemetry(record: type[ProtobufStruct], records: str, scopes: str, resources: str) -> type[ProtobufStruct]:
    """Return the request struct of a signal: resources, their scopes, their records."""
    last = [("schema_url", str | None, "")]
    scope = msgspec.defstruct(
        "ScopeRecords",
        [("scope", Scope | None, None), (records, list[record] | None, None), *last],  # type: ignore[valid-type]
        bases=(ProtobufStruct,),
        namespace={"fields_": fields(scope="1 message optional", **{records: "2 message many"}, schema_url="3 text")},
        rename="camel",
    )
    resource = msgspec.defstruct(
        "ResourceRecords",
        [("resource", Resource | None, None), (scopes, list[scope] | None, None), *last],  # type: ignore[valid-type]
        bases=(ProtobufStruct,),
        namespace={"fields_": fields(resource="1 message optional", **{scopes: "2 message many"}, schema_url="3 text")},
        rename="camel",
    )
    return msgspec.defstruct(  # type: ignore[return-value]
        "Request",
        [(resources, list[resource] | None, None)],  # type: ignore[valid-type]
        bases=(ProtobufStruct,),
        namespace={"fields_": fields(**{resources: "1 message many"})},
        rename="camel",
    )
