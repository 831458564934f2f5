"""Signals: one span, log record, metric point or event, as received; and the lane they travel in."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Lane(StrEnum):
    """How urgent signals are: set by their source, and for some events by the flow. Critical is loaded first and never shed."""

    CRITICAL = "critical"
    STANDARD = "standard"
    BULK = "bulk"

    __hash__ = str.__hash__  # Enum's own takes a call in Python, and requests look up much by their lane and kind


class SignalKind(StrEnum):
    """What the body of a journal record holds.

    TRACES, LOGS, METRICS: one OTLP ``Export…ServiceRequest`` as protobuf bytes. EVENT: one CloudEvents 1.0 document as JSON bytes.
    QUARANTINE: raw bytes that could not be used, with the reason in the record's ``detail``. ROWS: rows of one of the engine's own tables,
    written by the engine (``store/recovery/engine_journal.py``).
    """

    TRACES = "traces"
    LOGS = "logs"
    METRICS = "metrics"
    EVENT = "event"
    QUARANTINE = "quarantine"
    ROWS = "rows"

    __hash__ = str.__hash__


class Record(msgspec.Struct, frozen=True, gc=False):
    """One accepted piece of input, as the journal keeps it.

    ``received_at`` is in milliseconds since 1970-01-01 UTC, by our own clock. ``source`` is the configured source's id (``default`` if the
    receiver could not tell). ``count`` is the number of signals in the body. ``detail`` is a JSON object as text (quarantine:
    ``{"quarantine_id", "kind", "reason", "message", "field", "content_type", "encoding", "headers", "peer"}``), else empty.
    """

    kind: SignalKind
    source: str
    lane: Lane
    received_at: int
    count: int
    body: bytes
    detail: str = ""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """The position of an acknowledged record: ``segment`` file name and ``position`` in it. Given only once the disk has it."""

    segment: str
    position: int
