"""What may enter: OTLP requests, whole or without their bad records.

The good case touches no single record in Python: one strict ``upb`` parse says that the protobuf is sound, one regular expression over
the first bytes of all spans says that their ids are, and the lengths of the serialized records say that no attribute can be over its
limit. Only what looks odd is looked at record by record (``otlp_records.py``), where a bad record is set aside and the others pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest, ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from collector import otlp_records
from collector.otlp_records import RECORDS_MAX, TIME_MAX_NANOSECONDS, TIME_MIN_NANOSECONDS, BadRecords
from collector.rejection import unusable
from core.signal import SignalKind

HTTP_BODY_MAX_BYTES = 20 << 20
GRPC_MESSAGE_MAX_BYTES = 4 << 20
ORDINARY_RECORD_BYTES = 1024
"""A record this short has neither too many attributes that say anything nor one that is too long."""
REQUESTS: dict[SignalKind, Any] = {
    SignalKind.TRACES: ExportTraceServiceRequest,
    SignalKind.LOGS: ExportLogsServiceRequest,
    SignalKind.METRICS: ExportMetricsServiceRequest,
}
_RESOURCES = {SignalKind.TRACES: "resource_spans", SignalKind.LOGS: "resource_logs", SignalKind.METRICS: "resource_metrics"}
RESPONSES: dict[SignalKind, tuple[Any, str, str]] = {
    SignalKind.TRACES: (ExportTraceServiceResponse, "rejected_spans", "rejectedSpans"),
    SignalKind.LOGS: (ExportLogsServiceResponse, "rejected_log_records", "rejectedLogRecords"),
    SignalKind.METRICS: (ExportMetricsServiceResponse, "rejected_data_points", "rejectedDataPoints"),
}
"""The reply's class and the name of its count of rejected records, in protobuf and in JSON."""
_GOOD_IDS = re.compile(rb"(?:\x0a\x10(?!\0{16}).{16}\x12\x08(?!\0{8}).{8})*+", re.DOTALL)
"""Spans as every SDK serializes them: field 1 with 16 bytes, field 2 with 8 bytes, neither all zero."""
_IDS_BYTES = 28
_span_times = attrgetter("start_time_unix_nano", "end_time_unix_nano")


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may be journalled: ``body`` with ``count`` good records (empty when there is none), and the bad ones.

    ``services``: the ``service.name`` of every resource in the request.
    """

    body: bytes
    count: int
    bad: list[BadRecords] = field(default_factory=list)
    services: frozenset[str] = frozenset()


def _outline_class() -> Any:
    """Return a message class that sees an OTLP request only as lists of serialized records: all three signals have this shape."""
    file = descriptor_pb2.FileDescriptorProto(name="andon/outline.proto", package="andon.outline", syntax="proto3")
    for name, number, inner in (("Scope", 2, ""), ("Resource", 2, "Scope"), ("Request", 1, "Resource")):
        added = file.message_type.add(name=name).field.add(
            name="items", number=number, label=descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
        )
        if inner:
            added.type, added.type_name = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE, f".andon.outline.{inner}"
        else:
            added.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("andon.outline.Request"))


_Outline = _outline_class()


def admit(kind: SignalKind, body: bytes) -> Admitted:
    """Check one OTLP request in protobuf. Raises :class:`collector.rejection.Rejection` (400) when the whole of it is unusable."""
    if not body:
        return Admitted(b"", 0)
    try:
        request = REQUESTS[kind].FromString(body)
        records: list[bytes] = [
            record for resource in _Outline.FromString(body).items for scope in resource.items for record in scope.items
        ]
    except DecodeError as error:
        raise unusable(
            "bad_protobuf",
            f"the body is not an OTLP {kind.value} request",
            field="body",
            what_to_do="send the protobuf message of the path's signal",
        ) from error
    if not records:
        return Admitted(b"", 0)
    ordinary = len(records) <= RECORDS_MAX and max(map(len, records)) <= ORDINARY_RECORD_BYTES
    if ordinary and _ORDINARY[kind](request, records):
        return Admitted(body, len(records), services=_services(kind, request))
    services = _services(kind, request)
    good, count, bad = otlp_records.sort_out(kind, request)
    return Admitted(good, count, bad, services)


def _services(kind: SignalKind, request: Any) -> frozenset[str]:
    resources = (item.resource for item in getattr(request, _RESOURCES[kind]))
    return frozenset(
        next((attribute.value.string_value for attribute in resource.attributes if attribute.key == "service.name"), "")
        for resource in resources
    )


def _ordinary_spans(request: Any, records: list[bytes]) -> bool:
    if not _GOOD_IDS.fullmatch(b"".join([record[:_IDS_BYTES] for record in records])):
        return False
    times = [_span_times(span) for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
    earliest, latest = min(times), max(times)
    return bool(
        earliest[0] >= TIME_MIN_NANOSECONDS and latest[0] < TIME_MAX_NANOSECONDS and max(end for _, end in times) < TIME_MAX_NANOSECONDS
    )


def _ordinary_logs(request: Any, _records: list[bytes]) -> bool:
    return all(
        max(log.time_unix_nano, log.observed_time_unix_nano) < TIME_MAX_NANOSECONDS
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for log in scope.log_records
    )


def _ordinary_metrics(_request: Any, _records: list[bytes]) -> bool:
    return False  # few and small beside spans: always looked at one by one


_ORDINARY = {SignalKind.TRACES: _ordinary_spans, SignalKind.LOGS: _ordinary_logs, SignalKind.METRICS: _ordinary_metrics}
