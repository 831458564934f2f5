"""OTLP/JSON to OTLP/protobuf."""

from __future__ import annotations

from collector.rejection import refused
from core.signal import SignalKind


def convert(kind: SignalKind, body: bytes) -> bytes:
    raise refused(415, "unsupported_type", f"JSON {kind} {len(body)}")
