"""What a glance tells of an OTLP request: whether nothing about its records is odd, without touching one of them in Python.

Two further parses of the same bytes see less than OTLP's own messages do, and so cost a fraction. The *outline* leaves each record
serialized, for its length. The *heads* know only the few fields that are judged; written again, every record is a short row of these
fields in the order of their numbers, the last value of each (as protobuf has it), and one regular expression reads them all. It is
stricter than the judges of ``otlp_records.py`` (whole bytes of a time, for one) and never milder: tests/properties compares them.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from core.signal import SignalKind

ORDINARY_RECORD_BYTES = 1024
"""A record this short breaks no limit on attributes and strings (``otlp_records.LIGHT_RECORD_BYTES``)."""
_FIELD = descriptor_pb2.FieldDescriptorProto
# the years 2001 to 2097, by the highest byte of the nanoseconds (little-endian: the last one)
_SPANS = re.compile(
    rb"(?:\x12.\x0a\x10(?!\0{16}).{16}\x12\x08(?!\0{8}).{8}(?:\x22\x08.{8}\x39|\x39).{7}[\x0e-\x37]\x41.{7}[\0-\x37])*+", re.DOTALL
)
_LOGS = re.compile(rb"(?:\x12.(?:\x09.{7}[\0-\x37])?(?:\x59.{7}[\0-\x37])?)*+", re.DOTALL)


def _message_class(name: str, record: dict[str, tuple[int, Any]] | None) -> Any:
    """Return the class of a request whose records have only these fields, as (number, type); None leaves them serialized.

    Resources and scopes are as many as there are in an outline (``record`` is None); for heads they are merged into one.
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
        for field, (number, kind) in record.items():
            message.field.add(name=field, number=number, label=_FIELD.LABEL_OPTIONAL, type=kind)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.Request"))


_Outline = _message_class("outline", None)
_SpanHeads = _message_class(
    "span_heads",
    {
        "trace_id": (1, _FIELD.TYPE_BYTES),
        "span_id": (2, _FIELD.TYPE_BYTES),
        "parent_span_id": (4, _FIELD.TYPE_BYTES),
        "start_time_unix_nano": (7, _FIELD.TYPE_FIXED64),
        "end_time_unix_nano": (8, _FIELD.TYPE_FIXED64),
    },
)
_LogHeads = _message_class("log_heads", {"time_unix_nano": (1, _FIELD.TYPE_FIXED64), "observed_time_unix_nano": (11, _FIELD.TYPE_FIXED64)})
_HEADS = {SignalKind.TRACES: (_SpanHeads, _SPANS), SignalKind.LOGS: (_LogHeads, _LOGS)}


def record_sizes(body: bytes) -> list[int]:
    """Return the bytes of every record of a request, of any signal. Raises ``DecodeError``."""
    return [size for resource in _Outline.FromString(body).inner for scope in resource.inner for size in map(len, scope.inner)]


def has_good_heads(kind: SignalKind, body: bytes) -> bool:
    """Return whether ids and times of all records are surely good; metrics never are: few and small, they are looked at one by one."""
    if kind not in _HEADS:
        return False
    heads_class, good = _HEADS[kind]
    heads = heads_class.FromString(body).inner.inner
    heads.DiscardUnknownFields()
    return good.fullmatch(heads.SerializeToString()) is not None
