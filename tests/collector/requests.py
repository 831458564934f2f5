"""Small OTLP requests."""

from __future__ import annotations

import os
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.otlp.admission import Admitted, admit
from collector.otlp.records import _LEVELS, _points
from collector.otlp.requests import REQUESTS
from core.signal import SignalKind

PROTOBUF = "application/x-protobuf"
START = 1_774_000_000_000_000_000


def spans(*overrides: dict[str, Any], count: int = 0) -> ExportTraceServiceRequest:
    """Return a request with one span for each dict of overridden fields, or ``count`` plain ones."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "gateway"
    scope = resource.scope_spans.add()
    for override in overrides or [{}] * count:
        fields: dict[str, Any] = {
            "trace_id": os.urandom(16), "span_id": os.urandom(8), "name": "POST /orders",
            "start_time_unix_nano": START, "end_time_unix_nano": START + 5,
        }  # fmt: skip
        fields.update(override)
        scope.spans.add(**fields)
    return request


def records_in(kind: SignalKind, body: bytes) -> int:
    """Return how many spans, log records or data points protobuf's own reader finds in a request."""
    resources, scopes, records = _LEVELS[kind]
    request = REQUESTS[kind].FromString(body)
    found = [each for resource in getattr(request, resources) for scope in getattr(resource, scopes) for each in getattr(scope, records)]
    return sum(len(_points(each)) for each in found) if kind is SignalKind.METRICS else len(found)


def admit_whole(kind: SignalKind, body: bytes) -> Admitted:
    """Return what is admitted of a request, as if it had not been validated in pieces."""
    pieces = list(admit(kind, body))
    if len(pieces) == 1:
        return pieces[0]
    services = frozenset().union(*(piece.services for piece in pieces))
    return Admitted(
        b"".join(piece.body for piece in pieces), sum(piece.count for piece in pieces), [b for p in pieces for b in p.bad], services
    )
