"""Counts what an OTLP request holds on its bytes, before anything is parsed: two bytes may become a message of hundreds in memory.

A walk from tag to tag, in the order in which protobuf's own reader takes them, which stops at a limit. It builds and copies nothing. OTLP's
own descriptors say which fields hold messages.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from collector.ingest.content import Bytes
from collector.otlp.protobuf_tags import LENGTH, read_varint, skip
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection, unusable
from core.signal import SignalKind

HOLDERS_MAX = 500_000
"""Resources, scopes, spans, log records, metrics and data points of a request: more than 20 MiB of the shortest valid spans."""
INSIDE_MAX = 100_000
"""Events, links, attributes, values and so on of one of these, at any depth."""
PARTS_MAX = 2_000_000
"""All of these together."""
_PART_MIN_BYTES = 2
SMALL_RECORD_BYTES = INSIDE_MAX * _PART_MIN_BYTES
"""Anything up to this size cannot hold too much."""
_SLICE_BYTES = 96 << 10
_METADATA = "opentelemetry.proto.metrics.v1.Metric.metadata"
"""Attributes next to the data points, not inside one."""
_HOLDERS = {
    *(f"{level}{kind}" for level in ("Resource", "Scope") for kind in ("Spans", "Logs", "Metrics")),
    *("Resource", "InstrumentationScope", "Span", "LogRecord", "Metric"),
    *("NumberDataPoint", "HistogramDataPoint", "ExponentialHistogramDataPoint", "SummaryDataPoint"),
}
_FIXED_BYTES = {"double": 8, "fixed64": 8, "sfixed64": 8, "float": 4, "fixed32": 4, "sfixed32": 4}
_TYPES = {getattr(FieldDescriptor, f"TYPE_{name.upper()}"): size for name, size in _FIXED_BYTES.items()}


class _Kind:
    """The content of a length-delimited field: a message, whose own fields are in ``fields`` by tag, or many numbers or texts."""

    def __init__(self, name: str = "", element_bytes: int = 0) -> None:
        self.fields: dict[int, _Kind] | None = None
        self.is_holder = name in _HOLDERS
        self.holds_holders = False
        self.element_bytes = element_bytes
        """The size of an element of a packed field, at least two bytes, like any other part; 0 for a field with a single element."""


def _kinds_of(descriptor: Any, known: dict[str, _Kind]) -> _Kind:
    """Return the type of a message and of all messages below it; ``known`` ends the cycle of values within values."""
    if descriptor.full_name in known:
        return known[descriptor.full_name]
    kind = known[descriptor.full_name] = _Kind(descriptor.name)
    kind.fields = {}
    for field in descriptor.fields:
        tag = field.number << 3 | LENGTH
        if field.message_type is not None:
            kind.fields[tag] = inner = copy.copy(_kinds_of(field.message_type, known))
            inner.is_holder |= field.full_name == _METADATA
            kind.holds_holders |= kind.fields[tag].is_holder or kind.fields[tag].holds_holders
        elif field.is_repeated:
            text = field.type in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
            kind.fields[tag] = _Kind(element_bytes=0 if text else _TYPES.get(field.type, _PART_MIN_BYTES))
    return kind


_ROOTS = {kind: _kinds_of(request.DESCRIPTOR, {}) for kind, request in REQUESTS.items()}


def check_parts(kind: SignalKind, body: Bytes) -> None:
    """Reject a request that holds too much. Raises :class:`Rejection` (400), and ``DecodeError`` if the bytes are not protobuf."""
    if len(body) <= SMALL_RECORD_BYTES or (most := parts_at_most(body)) <= INSIDE_MAX:
        return
    _Walk(body, counts_all=most > PARTS_MAX).through(_ROOTS[kind])


def parts_at_most(body: Bytes) -> int:
    """Return how many parts a body can hold: each, except a packed number, begins with a tag of wire type 2, however long it is written."""
    # in slices, which stay in the processor's cache
    return sum(
        int(np.count_nonzero((np.frombuffer(body, np.uint8, min(_SLICE_BYTES, len(body) - start), start) & 7) == LENGTH))
        for start in range(0, len(body), _SLICE_BYTES)
    )


class _Walk:
    """``counts_all``: also count inside records that are too small to hold too much."""

    def __init__(self, body: Bytes, *, counts_all: bool) -> None:
        self._body = body
        self._small_bytes = 0 if counts_all else SMALL_RECORD_BYTES
        self._holders = 0

    def through(self, root: _Kind) -> None:
        """Raise :class:`Rejection` if there is too much."""
        body, at, end, count, bound = self._body, 0, len(self._body), 0, PARTS_MAX
        fields = root.fields
        outer: list[tuple[int, dict[int, _Kind] | None, int]] = []
        while at < end or outer:
            if at == end:
                end, fields, bound = outer.pop()
                continue
            tag, at = read_varint(body, at, end) if body[at] > 127 else (body[at], at + 1)
            if tag & 7 != LENGTH:
                at = skip(body, tag, at, end)
                continue
            size, at = read_varint(body, at, end)
            if at + size > end or tag < 8:
                raise DecodeError
            found = fields.get(tag) if fields else None
            if found is not None:
                count += size // found.element_bytes if found.element_bytes else 1
                if count > bound:
                    raise _too_many(bound)
            if found is not None and self._looks_into(found, size):
                outer.append((end, fields, bound))
                end, fields = at + size, found.fields
                if found.is_holder and not found.holds_holders:
                    bound = min(PARTS_MAX, count + INSIDE_MAX)
            else:
                at += size

    def _looks_into(self, found: _Kind, size: int) -> bool:
        if found.is_holder:
            self._count_holder()
            return bool(size) and (found.holds_holders or size > self._small_bytes)
        return bool(size) and found.fields is not None

    def _count_holder(self) -> None:
        self._holders += 1
        if self._holders > HOLDERS_MAX:
            raise _too_much(f"a request may hold {HOLDERS_MAX} resources, scopes and records together")


def _too_many(bound: int) -> Rejection:
    if bound == PARTS_MAX:
        return _too_much(f"a request may hold {PARTS_MAX} events, links, attributes and values in all")
    return _too_much(f"a resource, scope or record may hold {INSIDE_MAX} events, links, attributes and values")


def _too_much(message: str) -> Rejection:
    return unusable("otlp_too_much", message, field="body", what_to_do="send smaller batches")
