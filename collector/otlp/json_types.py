"""The OTLP messages as typed JSON structs, built from OTLP's own descriptors, so that no field is missing.

A struct's ``fields_`` lists (attribute, tag, encode, how): *one* writes a value unless it is the default, *optional* writes it if it was
given, *many* writes each element, *packed* writes all elements in one field. As in the JSON mapping of protobuf, ``null`` means absent.
This differs from that mapping where OTLP/JSON does: ids are hexadecimal. Enumerations are numbers there; their names, which many senders
write, can mean nothing else. Above the records unknown members are errors, because data may be in them (``json_records.py`` tells).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from core import protobuf_wire as wire

Number = int | str
"""A whole number: JSON number or decimal string."""
Real = float | str
"""A double: JSON number, or ``"NaN"``, ``"Infinity"``, ``"-Infinity"``."""
_Field = tuple[str, bytes, Callable[[Any], bytes], str]
_HOLDER = re.compile(r"Export\w+Request|(Resource|Scope)(Spans|Logs|Metrics)")
_IDS = {"trace_id", "span_id", "parent_span_id"}


class ProtobufStruct(msgspec.Struct, gc=False):
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
    # the JSON mapping of protobuf accepts both alphabets, with or without padding
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


def _int32(value: Number) -> bytes:
    number = _integer(value)
    if not -(1 << 31) <= number < 1 << 31:
        raise ValueError(f"{number} does not fit into 32 bits")
    return wire.int64(number)


def _uint64(value: Number) -> bytes:
    return wire.varint(_integer(value))


def _enumeration(numbers: Mapping[str, int], value: int | str) -> bytes:
    if isinstance(value, str):
        if value not in numbers:
            raise ValueError(f"'{value[:64]}' is not one of {', '.join(numbers)}")
        value = numbers[value]
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


_KINDS: dict[int, tuple[Any, Any, int, Callable[[Any], bytes]]] = {
    FieldDescriptor.TYPE_MESSAGE: (None, None, 2, _message),
    FieldDescriptor.TYPE_STRING: (str, "", 2, _text),
    FieldDescriptor.TYPE_BYTES: (str, "", 2, _base64),
    FieldDescriptor.TYPE_BOOL: (bool, False, 0, _boolean),
    FieldDescriptor.TYPE_INT32: (Number, 0, 0, _int32),
    FieldDescriptor.TYPE_INT64: (Number, 0, 0, _int64),
    FieldDescriptor.TYPE_UINT32: (Number, 0, 0, _uint32),
    FieldDescriptor.TYPE_UINT64: (Number, 0, 0, _uint64),
    FieldDescriptor.TYPE_SINT32: (Number, 0, 0, _sint32),
    FieldDescriptor.TYPE_ENUM: (int | str, 0, 0, _int32),
    FieldDescriptor.TYPE_FIXED32: (Number, 0, 5, _fixed32),
    FieldDescriptor.TYPE_FIXED64: (Number, 0, 1, _fixed64),
    FieldDescriptor.TYPE_SFIXED64: (Number, 0, 1, _sfixed64),
    FieldDescriptor.TYPE_DOUBLE: (Real, 0.0, 1, _double),
}
"""A field's JSON type (None: a struct of its own), default, wire type and encoder, by its protobuf type."""


def struct_of(message: Descriptor) -> type[ProtobufStruct]:
    """Return the struct of a message, built together with those of all messages in it."""
    name = _name_of(message)
    if name not in globals():  # where msgspec looks up the names of structs that contain others, or themselves
        ordered = sorted(message.fields, key=lambda field: field.number)
        globals()[name] = msgspec.defstruct(
            name,
            [(field.name, *_in_json(field)) for field in ordered],
            bases=(ProtobufStruct,),
            namespace={"fields_": tuple(map(_in_protobuf, ordered))},
            module=__name__,
            rename={field.name: field.json_name for field in ordered},
            gc=False,
            forbid_unknown_fields=bool(_HOLDER.fullmatch(message.name)),
        )
        for inner in filter(None, (field.message_type for field in ordered)):
            struct_of(inner)
    return globals()[name]  # type: ignore[no-any-return]  # a struct of this name, and nothing else, was put there


def _name_of(message: Descriptor) -> str:
    return str(message.full_name.replace(".", "_"))


def _in_json(field: FieldDescriptor) -> tuple[Any, Any]:
    """Return a field's type, which always includes None, and its default."""
    if field.message_type is not None:
        inner: Any = _name_of(field.message_type)
        return (f"list[{inner}] | None" if field.is_repeated else f"{inner} | None"), None
    type_, default, _, _ = _KINDS[field.type]
    if field.is_repeated:
        return list[type_] | None, None  # type: ignore[valid-type]  # msgspec reads it when this runs, nothing is annotated with it
    return type_ | None, None if field.has_presence else default


def _in_protobuf(field: FieldDescriptor) -> _Field:
    _, _, wire_type, encode = _KINDS[field.type]
    if field.name in _IDS:
        encode = _hex
    if field.enum_type is not None:
        encode = partial(_enumeration, {value.name: value.number for value in field.enum_type.values})
    if field.is_repeated:
        return field.name, wire.tag(field.number, 2), encode, "packed" if wire_type != 2 else "many"
    return field.name, wire.tag(field.number, wire_type), encode, "optional" if field.has_presence else "one"
