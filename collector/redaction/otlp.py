"""OTLP requests without what is to be redacted: names, attributes, bodies, messages, of every signal."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from collector.otlp.requests import REQUESTS
from collector.redaction.rules import UNREADABLE, Rules
from core.signal import SignalKind

_ROOTS = {Resource.DESCRIPTOR.full_name: "resource", InstrumentationScope.DESCRIPTOR.full_name: "scope"}


def redacted_request(kind: SignalKind, body: bytes, rules: Rules) -> bytes:
    """Return an OTLP request, redacted. Raises ``DecodeError``. Fields that OTLP does not know are left out: nobody can read them."""
    request = REQUESTS[kind].FromString(body)
    request.DiscardUnknownFields()
    _walk(request, rules)
    redacted: bytes = request.SerializeToString()
    return redacted


def _walk(message: Message, rules: Rules) -> None:
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            _texts(message, field, value, rules)
        elif field.message_type is None:
            continue
        elif field.message_type.full_name == KeyValue.DESCRIPTOR.full_name:
            _members(value, _ROOTS.get(message.DESCRIPTOR.full_name, "attributes"), rules)
        elif isinstance(value, AnyValue):
            if not _value(value, field.name, rules):
                message.ClearField(field.name)
        elif isinstance(value, Message):
            _walk(value, rules)
        else:
            for each in value:
                _walk(each, rules)


def _texts(message: Message, field: FieldDescriptor, value: Any, rules: Rules) -> None:
    if isinstance(value, str):
        redacted = rules.text(value)
        if redacted != value:
            setattr(message, field.name, redacted)
    else:
        value[:] = [rules.text(each) for each in value]


def _members(members: Any, path: str, rules: Rules, *, hidden: bool = False) -> None:
    """Redact attributes, or the members of a map, in place."""
    dropped = [place for place, each in enumerate(members) if not _value(each.value, rules.at(path, each.key), rules, hidden=hidden)]
    for place in reversed(dropped):
        del members[place]
    for member in members:
        name = rules.text(member.key, always_hashed=True)
        if name != member.key:
            member.key = name


def _value(value: AnyValue, path: str, rules: Rules, *, hidden: bool = False) -> bool:
    """Redact a value in place; return whether it is kept at all."""
    hidden = hidden or rules.hides(path)
    what = value.WhichOneof("value")
    if what not in {"kvlist_value", "array_value"}:
        return _leaf(value, what, path, rules, hidden=hidden)
    if rules.drops(path):
        return False
    if what == "kvlist_value":
        _members(value.kvlist_value.values, path, rules, hidden=hidden)
        return True
    values = value.array_value.values
    for place in reversed([place for place, each in enumerate(values) if not _value(each, path, rules, hidden=hidden)]):
        del values[place]
    return True


def _leaf(value: AnyValue, what: str | None, path: str, rules: Rules, *, hidden: bool) -> bool:
    if not rules.keeps_whole(path):
        rules.drops(path)
        return False
    if what == "bytes_value":
        _bytes(value, path, rules, hidden=hidden)
    elif what is not None:
        text = value.string_value if what == "string_value" else str(getattr(value, what)).lower()
        if hidden:
            value.string_value = rules.hidden(path, text)
        elif what in {"string_value", "int_value"} and (redacted := rules.text(text)) != text:
            value.string_value = redacted
    return True


def _bytes(value: AnyValue, path: str, rules: Rules, *, hidden: bool) -> None:
    """Redact bytes that are text; of others nobody can tell what is in them."""
    try:
        text = value.bytes_value.decode()
    except UnicodeDecodeError:
        rules.counts[UNREADABLE] += 1
        value.bytes_value = b""
        return
    value.bytes_value = (rules.hidden(path, text) if hidden else rules.text(text)).encode()
