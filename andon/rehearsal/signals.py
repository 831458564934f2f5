"""A scenario's signals as bytes on the wire: what an exporter or a sender of CloudEvents would have sent."""

from __future__ import annotations

import hashlib

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from andon.rehearsal.scenario import Given
from collector.cloud_events import make_event, parse_structured
from collector.message import text_of
from core.catalog.catalog import Catalog
from core.clock import to_milliseconds
from core.signal import SignalKind

_STATUS = {"unset": 0, "ok": 1, "error": 2}
_SEVERITY = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}


def to_signal(given: Given, number: int) -> tuple[SignalKind, bytes]:
    """Return the kind and body of the ``number``-th signal of a scenario; the same scenario always gives the same bytes."""
    if given.event is not None:
        return SignalKind.EVENT, _event(given, number)
    if given.span is not None:
        return SignalKind.TRACES, _span(given, number)
    return SignalKind.LOGS, _log(given)


def source_of(given: Given, catalog: Catalog) -> str:
    """Return the configured source: the one named, else the one whose services include this service, else ``default``."""
    if given.source:
        return given.source
    return next((name for name, source in catalog.sources.items() if given.service in source.services), "default")


def _event(given: Given, number: int) -> bytes:
    attributes = {name: text_of(value) for name, value in given.attributes.items()}
    attributes |= {"id": f"given-{number}", "source": "/andon/test", "type": str(given.event), "time": given.at.utc.isoformat()}
    if given.subject is not None:
        attributes["subject"] = given.subject
    return parse_structured(make_event(attributes, msgspec.json.encode(given.data or {})))


def _span(given: Given, number: int) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = given.service
    at = to_milliseconds(given.at.utc) * 1_000_000
    digest = hashlib.sha256(f"{number} {given.span}".encode()).digest()
    span = resource.scope_spans.add().spans.add(
        trace_id=digest[:16], span_id=digest[16:24], name=given.span, start_time_unix_nano=at, end_time_unix_nano=at
    )
    span.status.code = _STATUS[given.status]
    for name, value in given.attributes.items():
        span.attributes.add(key=name, value=_any_value(value))
    return bytes(request.SerializeToString())


def _log(given: Given) -> bytes:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = given.service
    at = to_milliseconds(given.at.utc) * 1_000_000
    record = resource.scope_logs.add().log_records.add(time_unix_nano=at, observed_time_unix_nano=at, severity_text=given.severity)
    record.severity_number = _SEVERITY.get(given.severity.upper(), 0)
    record.body.string_value = str(given.log)
    for name, value in given.attributes.items():
        record.attributes.add(key=name, value=_any_value(value))
    return bytes(request.SerializeToString())


def _any_value(value: str | float | bool) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return AnyValue(double_value=value) if isinstance(value, float) else AnyValue(string_value=value)
