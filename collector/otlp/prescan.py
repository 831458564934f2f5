"""The pre-scan of an OTLP request: whether nothing about its records is suspicious, determined without touching any of them in Python.

Two further parses of the same bytes see less than OTLP's own messages do, and so cost a fraction. The *outline* leaves each record
serialized, to get its length. The *heads* know only the few fields that are validated; serialized again, every record is a short row of
these fields in the order of their numbers, with the last value of each (as in protobuf), and one regular expression reads them all. Of all
events of a span together, and of all its links, only the attributes are left, and of each only its presence. The pre-scan is stricter than
the checks of ``records.py`` (it looks at whole bytes of a time, for example) and never more lenient: tests/properties compares them.

A record's own attributes, of which there are many, are not counted but bounded: each begins with the byte of its field's tag. If no stretch
of the body as long as its longest record holds more of these bytes than a record may have attributes, no record has more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from core.signal import SignalKind

ATTRIBUTES_MAX = 128
"""For a record, and for each of its events and links."""
_ATTRIBUTE_MIN_BYTES = 2
_PIECE_BYTES = 96 << 10
"""What the cache and the allocator hold without effort."""
_RECORDS = {SignalKind.TRACES: Span.DESCRIPTOR, SignalKind.LOGS: LogRecord.DESCRIPTOR}
_ATTRIBUTE_TAGS = {kind: record.fields_by_name["attributes"].number << 3 | 2 for kind, record in _RECORDS.items()}
"""The tags (wire type 2) of the attributes of a span and of a log record."""
_FIELD = descriptor_pb2.FieldDescriptorProto
# the years 2001 to 2097, by the highest byte of the nanoseconds (little-endian: the last one)
# a row's length is one byte, or two if there are attributes of events and links
_SPANS = re.compile(
    rb"(?:\x12.[\1-\4]?+\x0a\x10(?!\0{16}).{16}\x12\x08(?!\0{8}).{8}(?:\x22\x08.{8}\x39|\x39).{7}[\x0e-\x37]\x41.{7}[\0-\x37]"
    rb"(?:\x5a.[\1\2]?+(?:\x1a\0){0,%(most)d}+)?+(?:\x6a.[\1\2]?+(?:\x22\0){0,%(most)d}+)?+)*+" % {b"most": ATTRIBUTES_MAX},
    re.DOTALL,
)
_LOGS = re.compile(rb"(?:\x12.(?:\x09.{7}[\0-\x37])?(?:\x59.{7}[\0-\x37])?)*+", re.DOTALL)


def _message_class(name: str, record: Descriptor | None = None, fields: Sequence[str] = ()) -> Any:
    """Return the class of a request whose records have only these of OTLP's own fields; None leaves them serialized.

    A field that holds parts of a record is one part, into which all are merged, with nothing but attributes. In an outline (``record`` is
    None) resources and scopes remain separate; for heads they are merged into one, too.
    """
    package = f"andon.{name}"
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    levels = [("Scope", 2, "Record" if record else ""), ("Resource", 2, "Scope"), ("Request", 1, "Resource")]
    for level, number, inner in levels:
        merged = record is not None and level != "Scope"
        label = _FIELD.LABEL_OPTIONAL if merged else _FIELD.LABEL_REPEATED
        kind = _FIELD.TYPE_MESSAGE if inner else _FIELD.TYPE_BYTES
        file.message_type.add(name=level).field.add(
            name="inner", number=number, label=label, type=kind, type_name=f".{package}.{inner}" if inner else None
        )
    if record:
        message = file.message_type.add(name="Record")
        for known in (record.fields_by_name[field] for field in fields):
            if known.message_type is None:
                message.field.add(name=known.name, number=known.number, label=_FIELD.LABEL_OPTIONAL, type=known.type)
                continue
            type_name = f".{package}.{known.name}"
            message.field.add(
                name=known.name, number=known.number, label=_FIELD.LABEL_OPTIONAL, type=_FIELD.TYPE_MESSAGE, type_name=type_name
            )
            file.message_type.add(name=known.name).field.add(
                name="attributes",
                number=known.message_type.fields_by_name["attributes"].number,
                label=_FIELD.LABEL_REPEATED,
                type=_FIELD.TYPE_MESSAGE,
                type_name=f".{package}.Attribute",
            )
        file.message_type.add(name="Attribute")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.Request"))


_SPAN_HEADS = ("trace_id", "span_id", "parent_span_id", "start_time_unix_nano", "end_time_unix_nano", "events", "links")
_LOG_HEADS = ("time_unix_nano", "observed_time_unix_nano")
_Outline = _message_class("outline")
_HEADS = {
    SignalKind.TRACES: (_message_class("span_heads", _RECORDS[SignalKind.TRACES], _SPAN_HEADS), _SPANS),
    SignalKind.LOGS: (_message_class("log_heads", _RECORDS[SignalKind.LOGS], _LOG_HEADS), _LOGS),
}


def outline(body: bytes) -> tuple[list[int], int]:
    """Return the bytes of every record of a request, for any signal, and how many resources and scopes there are.

    Raises ``DecodeError``.
    """
    resources = _Outline.FromString(body).inner
    scopes = [scope for resource in resources for scope in resource.inner]
    return [size for scope in scopes for size in map(len, scope.inner)], len(resources) + len(scopes)


def has_good_heads(kind: SignalKind, body: bytes) -> bool:
    """Return whether it is certain that ids, times, events and links of all records are good.

    For metrics it never is: they are few and small, and are inspected one by one.
    """
    if kind not in _HEADS:
        return False
    heads_class, good = _HEADS[kind]
    heads = heads_class.FromString(body).inner.inner
    heads.DiscardUnknownFields()
    return good.fullmatch(heads.SerializeToString()) is not None


def has_few_attributes(kind: SignalKind, body: bytes, record_max_bytes: int) -> bool:
    """Return whether it is certain that no span or log record has too many attributes of its own.

    ``record_max_bytes``: the length of the longest.
    """
    if record_max_bytes <= ATTRIBUTES_MAX * _ATTRIBUTE_MIN_BYTES:
        return True
    for start in range(0, len(body), _PIECE_BYTES):
        size = min(len(body) - start, _PIECE_BYTES + record_max_bytes)
        # A tag may be written in more bytes than necessary; the lower seven bits of its first one stay the same.
        places = np.flatnonzero((np.frombuffer(body, np.uint8, size, start) & 0x7F) == _ATTRIBUTE_TAGS[kind])
        if len(places) > ATTRIBUTES_MAX and (places[ATTRIBUTES_MAX:] - places[:-ATTRIBUTES_MAX]).min() < record_max_bytes:
            return False
    return True
