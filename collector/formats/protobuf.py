"""Protobuf: the message is of a type that the source names, or that the message names by its number in a schema registry.

``data`` is the message as the JSON mapping of proto3 has it: names in lowerCamelCase, numbers of 64 bits as text, enums by name, bytes in
base64, times as RFC 3339 writes them, and no fields that have their default value. Fields that the schema does not know are left out. The
type of the event is the full name of the message. Bytes that are not of the schema, and messages of more than 1 MiB, go to quarantine.
While the registry does not answer, or the file with the schema cannot be read, nothing is lost: the source waits, and its messages stay
with the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Self

import msgspec
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message
from pydantic import model_validator

from collector.documents.protobuf_schema import MessageType, type_in_file, type_in_registry
from collector.documents.schema_registry import SchemaRegistry
from collector.format import BadDocument, Document, Reader
from collector.json_guard import NODES_MAX, check_json
from collector.otlp.protobuf_tags import read_varint
from collector.plugin_settings import PluginSettings, Reference, RootedPath, parsed
from collector.rejection import Rejection, ValidationError

MESSAGE_MAX_BYTES = 1 << 20
"""Two bytes may become a message of a hundred in memory."""
_INDEXES_MAX = 20
_ANY = "google.protobuf.Any"


class ProtobufSettings(PluginSettings):
    """``descriptor_set``: a file, from the root, that ``protoc --include_imports --descriptor_set_out=FILE`` wrote; ``message``: the type.

    Or ``registry``: the address of a schema registry, as a reference to a secret; each message then begins with the number of its schema.
    """

    descriptor_set: RootedPath | None = None
    message: str | None = None
    registry: Reference | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        named = (self.descriptor_set is not None, self.message is not None)
        if named != ((False, False) if self.registry else (True, True)):
            raise ValueError("name a descriptor_set and a message of it, or a registry")
        return self


class Protobuf:
    """The format ``protobuf``.

    Sources: https://protobuf.dev/programming-guides/json/, and the documentation of the Schema Registry's wire format for Protobuf.
    """

    name = "protobuf"

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parsed(ProtobufSettings, settings, "format")
        if chosen.registry is None:
            of_file = cache(lambda: type_in_file(chosen.descriptor_set or "", chosen.message or ""))
            return lambda body: _documents(lambda: (of_file(), body), body)
        registry = SchemaRegistry(chosen.registry, form="serialized")
        known = cache(lambda _, indexes, *schemas: type_in_registry(schemas, indexes))

        def found(body: bytes) -> tuple[MessageType, bytes]:
            number, schemas, rest = registry.schemas_of(body)
            indexes, message = _indexes(rest)
            return known(number, indexes, *schemas), message

        return lambda body: _documents(lambda: found(body), body)


FORMAT = Protobuf()


def _documents(find: Callable[[], tuple[MessageType, bytes]], body: bytes) -> Iterator[Document | BadDocument]:
    try:
        _check_size(body)
        kind, message = find()
        yield Document(check_json(_record(kind, message)), type=kind.name)
    except Rejection as rejection:
        yield rejection.error, body
    except ValueError as error:
        yield ValidationError("bad_protobuf", str(error), "body"), body


def _check_size(body: bytes) -> None:
    if len(body) > MESSAGE_MAX_BYTES:
        raise ValueError(f"a message in Protobuf may have {MESSAGE_MAX_BYTES} bytes, this one has {len(body)}")


def _indexes(rest: bytes) -> tuple[tuple[int, ...], bytes]:
    """Return where in its file a message's type is, and the message. None at all stands for the first type."""
    try:
        count, at = _signed(rest, 0)
        if not 0 <= count <= _INDEXES_MAX:
            raise ValueError(f"the place of the message's type has {count} parts")
        indexes = []
        for _ in range(count):
            index, at = _signed(rest, at)
            indexes.append(index)
    except DecodeError as error:
        raise ValueError("the place of the message's type in its schema is missing") from error
    return tuple(indexes) or (0,), rest[at:]


def _signed(body: bytes, at: int) -> tuple[int, int]:
    value, at = read_varint(body, at, len(body))
    return value >> 1 ^ -(value & 1), at


def _record(kind: MessageType, body: bytes) -> bytes:
    """Return the message as JSON. Raises ``ValueError`` for bytes that are not one of its type."""
    try:
        message = kind.parsed(body)
        if len(body) > NODES_MAX:
            _values_left(message, NODES_MAX, kind)
        return msgspec.json.encode(MessageToDict(message, descriptor_pool=kind.pool))
    except Exception as error:  # boundary: the library raises what it happens to meet in bytes that are not of the type
        raise ValueError(f"it is no {kind.name}: {type(error).__name__}: {error}") from error


def _values_left(message: Message, left: int, kind: MessageType) -> int:
    """Return how many of ``left`` values a message leaves. Raises ``ValueError`` if it has more."""
    if message.DESCRIPTOR.full_name == _ANY:
        kind = kind.named(message.TypeName())
        return _values_left(kind.parsed(message.value), left, kind)
    for field, value in message.ListFields():
        left -= len(value) if field.is_repeated else 1
        if left < 0:
            raise ValueError(f"it has more than {NODES_MAX} values")
        if field.message_type is not None:
            inner = list(value.values()) if field.message_type.GetOptions().map_entry else value if field.is_repeated else [value]
            for one in inner:
                left = _values_left(one, left, kind) if isinstance(one, Message) else left
    return left
