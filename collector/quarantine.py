"""Input that could not be used but whose sender is known: kept raw, with the reason, so that it can be inspected and replayed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from collector.ingest.content import Content, content_of
from collector.rejection import ValidationError
from core.signal import Lane, Record, SignalKind

BODY_MAX_BYTES = 1 << 20
EXCERPT_BYTES = 64 << 10
WEBHOOK, MESSAGE = "webhook", "message"
"""What a sender meant its input to be if it is not a kind of signal: a webhook, or a broker's message that is not a CloudEvent."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an input comes from, and what is needed to read its body.

    ``kind`` says what the sender meant it to be (a signal kind's value, :data:`WEBHOOK` or :data:`MESSAGE`), ``encoding`` what the body is
    still compressed with, ``headers`` what else is part of the input.
    """

    source: str
    lane: Lane
    kind: str
    content_type: str
    encoding: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    peer: str = ""


def quarantine_record(
    error: ValidationError, body: bytes | Content, provenance: Provenance, received_at: int, *, count: int = 1
) -> tuple[str, Record]:
    """Return the quarantine id and the journal record that keeps ``body`` (whole up to 1 MiB, else its first 64 KiB and a SHA-256).

    ``received_at`` is in milliseconds UTC; ``count``: the signals in the body. The id is random: the same input twice is two entries. There
    is no limit on how many are kept: they travel through the journal, whose own limits hold, and a store that let some go would hide what a
    sender lost.
    """
    quarantine_id = "q_" + secrets.token_hex(12)
    detail: dict[str, Any] = {
        "quarantine_id": quarantine_id,
        "kind": provenance.kind,
        "reason": error.reason,
        "message": _whole(error.message),
        "field": _whole(error.field),
        "content_type": _whole(provenance.content_type),
        "encoding": _whole(provenance.encoding),
        "headers": {_whole(name): _whole(value) for name, value in provenance.headers.items()},
        "peer": _whole(provenance.peer),
        "count": count,
    }
    with content_of(body) as content:
        kept = content.whole() if content.size <= BODY_MAX_BYTES else content.beginning(EXCERPT_BYTES)
        if content.size > BODY_MAX_BYTES:
            detail["sha256"] = content.sha256()
            detail["size_bytes"] = str(content.size)
    text = msgspec.json.encode(detail).decode()
    return quarantine_id, Record(SignalKind.QUARANTINE, provenance.source, provenance.lane, received_at, count, kept, text)


def _whole(text: str) -> str:
    """Return a text without halves of characters, which no JSON can hold: names of files and messages of decoders may have them."""
    return text.encode("utf-8", "replace").decode()


def quarantine_reason(record: Record) -> str:
    """Return the word from the closed list that says why a quarantine record was kept."""
    return str(msgspec.json.decode(record.detail).get("reason", "unknown"))
