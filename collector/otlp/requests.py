"""The classes of OTLP's requests and replies."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest, ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from core.signal import SignalKind

REQUESTS: dict[SignalKind, Any] = {
    SignalKind.TRACES: ExportTraceServiceRequest,
    SignalKind.LOGS: ExportLogsServiceRequest,
    SignalKind.METRICS: ExportMetricsServiceRequest,
}
RESPONSES: dict[SignalKind, tuple[Any, str, str]] = {
    SignalKind.TRACES: (ExportTraceServiceResponse, "rejected_spans", "rejectedSpans"),
    SignalKind.LOGS: (ExportLogsServiceResponse, "rejected_log_records", "rejectedLogRecords"),
    SignalKind.METRICS: (ExportMetricsServiceResponse, "rejected_data_points", "rejectedDataPoints"),
}
"""The reply's class and the name of its count of rejected records, in protobuf and in JSON."""
