"""Protobuf's message types, made of descriptors that are only known at run time."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path

from google.protobuf import any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from collector.documents.schema_registry import RegisteredSchema
from core.errors import Retryable

FILE_MAX_BYTES = 16 << 20
_WELL_KNOWN = {
    module.DESCRIPTOR.name: module.DESCRIPTOR.serialized_pb
    for module in (any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)
}
_REGISTERED = "registered.proto"
"""The name of a file that the registry does not name."""


class MessageType:
    """One type of message; ``pool`` knows the others that a message of it may hold."""

    def __init__(self, pool: DescriptorPool, name: str) -> None:
        """Raises ``ValueError`` if there is none of this name."""
        try:
            descriptor = pool.FindMessageTypeByName(name)
        except KeyError as error:
            raise ValueError(f"there is no message '{name}' in the schema") from error
        self.name = name
        self.pool = pool
        self._class = GetMessageClass(descriptor)

    def parsed(self, body: bytes) -> Message:
        """Return a message. Raises ``DecodeError``."""
        return self._class.FromString(body)

    def named(self, name: str) -> MessageType:
        """Return another type of the same schema. Raises ``ValueError``."""
        return MessageType(self.pool, name)


def type_in_file(path: str, name: str) -> MessageType:
    """Return a type out of a descriptor set, as ``protoc --descriptor_set_out`` writes it.

    Raises :class:`Retryable`, since the file may be put right later.
    """
    try:
        return MessageType(_pool_of(FileDescriptorSet.FromString(_bytes_of(path)).file), name)
    except (OSError, ValueError, DecodeError) as error:
        raise Retryable(f"the descriptor set {path} cannot be used: {error}") from error


def _bytes_of(path: str) -> bytes:
    with Path(path).open("rb") as file:
        raw = file.read(FILE_MAX_BYTES + 1)
    if len(raw) > FILE_MAX_BYTES:
        raise ValueError(f"it has more than {FILE_MAX_BYTES >> 20} MiB")
    return raw


def type_in_registry(schemas: Sequence[RegisteredSchema], indexes: Sequence[int]) -> MessageType:
    """Return a type out of schemas of a registry, the last of which has it: by its place in the file, and in the messages around it.

    Raises ``ValueError`` for what is no such schema.
    """
    files = [_file_of(schema) for schema in schemas]
    names = [files[-1].package] if files[-1].package else []
    within = files[-1].message_type
    for index in indexes:
        if not 0 <= index < len(within):
            raise ValueError(f"its schema has no message {'/'.join(map(str, indexes))}")
        names.append(within[index].name)
        within = within[index].nested_type
    return MessageType(_pool_of(files), ".".join(names))


def _file_of(schema: RegisteredSchema) -> FileDescriptorProto:
    try:
        file = FileDescriptorProto.FromString(base64.b64decode(schema.text, validate=True))
    except (ValueError, DecodeError) as error:
        raise ValueError("the registry's schema is not one of Protobuf, in its serialized form") from error
    file.name = schema.name or _REGISTERED
    return file


def _pool_of(files: Iterable[FileDescriptorProto]) -> DescriptorPool:
    """Return a pool with these files, and with those of Google's own that they import."""
    there = {file.name: file for file in files}
    pool = DescriptorPool()
    added: set[str] = set()

    def add(name: str, importer: str) -> None:
        if name in added:
            return
        added.add(name)
        if name in there:
            for imported in there[name].dependency:
                add(imported, name)
            pool.Add(there[name])
        elif name in _WELL_KNOWN:
            file = FileDescriptorProto.FromString(_WELL_KNOWN[name])
            for imported in file.dependency:
                add(imported, name)
            pool.Add(file)
        else:
            raise ValueError(f"{importer} imports {name}, which is not in it; write it with --include_imports")

    try:
        for name in there:
            add(name, "")
    except (TypeError, RecursionError) as error:  # the pool's own, for descriptors that do not fit together
        raise ValueError(f"it is no schema: {error}") from error
    return pool
