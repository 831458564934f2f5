"""OTLP over gRPC, with the raw protocol and the real SDK."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from functools import partial

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult

from collector.grpc.export import peer_of
from collector.ingest.content import REQUEST_MAX_BYTES
from core.catalog.catalog import Catalog
from core.signal import Lane, SignalKind
from core.telemetry import M
from tests.collector.conftest import Running
from tests.collector.requests import START, spans
from tests.waiting import wait_until

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


class Keeping(SpanExporter):
    """Keeps what it is to export."""

    def __init__(self, kept: list[ReadableSpan]) -> None:
        self._kept = kept

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._kept += spans
        return SpanExportResult.SUCCESS


def export(
    collector: Running, body: bytes, metadata: tuple[tuple[str, str], ...] = (), compression: grpc.Compression | None = None
) -> bytes:
    options = [("grpc.max_send_message_length", 64 << 20)]
    with grpc.insecure_channel(f"127.0.0.1:{collector.engine.grpc_port}", options=options) as channel:
        answer: bytes = channel.unary_unary(EXPORT)(body, metadata=metadata, compression=compression, timeout=60)
        return answer


def refused(
    collector: Running, body: bytes, metadata: tuple[tuple[str, str], ...] = (), compression: grpc.Compression | None = None
) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        export(collector, body, metadata, compression)
    return caught.value


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_bytes_reach_the_journal_as_they_came(collector: Running, compression: grpc.Compression) -> None:
    body = spans(count=30).SerializeToString()
    assert export(collector, body, compression=compression) == b""
    assert [(record.count, record.body) for record in collector.records()] == [(30, body)]


def test_bad_records_and_bad_requests(collector: Running) -> None:
    partial = ExportTraceServiceResponse.FromString(export(collector, spans({}, {"span_id": b""}).SerializeToString())).partial_success
    assert partial.rejected_spans == 1
    error = refused(collector, b"\xff\xff")
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [record.kind for record in collector.records()] == [SignalKind.TRACES, SignalKind.QUARANTINE, SignalKind.QUARANTINE]
    assert export(collector, b"") == b""


def test_what_is_too_large_is_refused_and_counted(collector: Running) -> None:
    error = refused(collector, bytes(REQUEST_MAX_BYTES + 1))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "grpc-status-details-bin" not in dict(error.trailing_metadata())
    bomb = refused(collector, bytes(50 << 20), compression=grpc.Compression.Gzip)
    assert bomb.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(gzip.compress(bytes(50 << 20))) < 1 << 20
    assert collector.records() == []
    counted = partial(collector.telemetry.value, M.REJECTED_REQUESTS, source="default", reason="unread_message")
    wait_until(lambda: counted() == 2, 20, "both are counted")


def test_the_sdk_sends_as_much_over_grpc_as_over_http(collector: Running) -> None:
    exporter = GrpcSpans(f"127.0.0.1:{collector.engine.grpc_port}", insecure=True, timeout=60)
    kept: list[ReadableSpan] = []
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(Keeping(kept)))
    for _ in range(13_192):
        tracers.get_tracer("gateway").start_span("order", attributes={"text": "x" * 1400}).end()
    size = encode_spans(kept).ByteSize()
    assert 0.9 * REQUEST_MAX_BYTES < size < REQUEST_MAX_BYTES
    assert exporter.export(kept) is SpanExportResult.SUCCESS
    exporter.shutdown()
    assert {record.kind for record in collector.records()} == {SignalKind.TRACES}
    assert sum(record.count for record in collector.records()) == 13_192
    assert collector.engine._ingress.in_flight.large_size == 0


def test_a_call_without_a_message_is_told_and_counted(collector: Running) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{collector.engine.grpc_port}") as channel, pytest.raises(grpc.RpcError) as caught:
        channel.stream_unary(EXPORT)(iter(()), timeout=60)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "there is no message")
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="default", reason="no_message") == 1
    assert collector.engine._ingress.in_flight.size == 0


def test_full_says_when_to_come_back(start: Callable[..., Running]) -> None:
    collector = start(journal_max_bytes=1 << 20, segment_max_bytes=1 << 18)
    body = spans(count=1000).SerializeToString()
    with pytest.raises(grpc.RpcError) as caught:  # noqa: PT012 - it may take some requests
        for _ in range(50):
            export(collector, body)
    error = caught.value
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    status = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    retry = RetryInfo()
    assert status.details[0].Unpack(retry)
    assert retry.retry_delay.seconds >= 1
    answer = collector.post("/v1/traces", body, "application/x-protobuf")
    assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (503, True)
    received, acknowledged, refused_count = collector.balance()
    assert received == acknowledged + refused_count
    assert refused_count == 2000
    assert acknowledged == sum(record.count for record in collector.records())


def test_tokens(start: Callable[..., Running], catalog: Catalog, secrets: dict[str, str]) -> None:
    collector = start(catalog)
    body = spans(count=1).SerializeToString()
    export(collector, body, (("authorization", f"Bearer {secrets['TOKEN_CRM']}"),))
    export(collector, body, (("x-andon-token", secrets["TOKEN_CRM"]),))
    assert [record.source for record in collector.records(Lane.CRITICAL)] == ["crm", "crm"]
    for wrong in ((("authorization", "Bearer nonsense"),), (("authorization", "Basic abc"),), (("x-andon-token", ""),)):
        assert refused(collector, body, wrong).code() is grpc.StatusCode.UNAUTHENTICATED
    answers = [
        collector.post("/v1/traces", body, "application/x-protobuf", authorization=value).status_code
        for value in ("Bearer x", "x", "Bearer")
    ]
    assert answers == [401, 401, 401]
    assert collector.post("/v1/traces", body, "application/x-protobuf", x_andon_token=secrets["TOKEN_CRM"]).status_code == 200


def test_the_sdk_over_both_transports(collector: Running) -> None:
    http, grpc_address = f"http://127.0.0.1:{collector.engine.http_port}", f"127.0.0.1:{collector.engine.grpc_port}"
    tracers = TracerProvider()
    for exporter in (
        HttpSpans(f"{http}/v1/traces"),
        HttpSpans(f"{http}/v1/traces", compression=Compression.Gzip),
        HttpSpans(f"{http}/v1/traces", compression=Compression.Deflate),
        GrpcSpans(grpc_address, insecure=True),
        GrpcSpans(grpc_address, insecure=True, compression=grpc.Compression.Gzip),
    ):
        tracers.add_span_processor(BatchSpanProcessor(exporter))
    for _ in range(7):
        with tracers.get_tracer("test").start_as_current_span("order"):
            pass
    tracers.shutdown()
    for metrics_exporter in (HttpMetrics(f"{http}/v1/metrics"), GrpcMetrics(grpc_address, insecure=True)):
        meters = MeterProvider([PeriodicExportingMetricReader(metrics_exporter, export_interval_millis=60_000)])
        meters.get_meter("test").create_histogram("duration").record(0.2)
        meters.get_meter("test").create_counter("orders").add(1)
        meters.shutdown()
    loggers = LoggerProvider()
    loggers.add_log_record_processor(SimpleLogRecordProcessor(GrpcLogs(grpc_address, insecure=True)))
    loggers.get_logger("test").emit(LogRecord(body="INVOIC 4711 posted", timestamp=START))
    loggers.shutdown()
    counts = {kind: [record.count for record in collector.records() if record.kind is kind] for kind in SignalKind}
    assert counts[SignalKind.TRACES] == [7] * 5
    assert counts[SignalKind.METRICS] == [2, 2]
    assert counts[SignalKind.LOGS] == [1]
    assert counts[SignalKind.QUARANTINE] == []


def test_grpc_names_of_peers_are_read_as_addresses() -> None:
    assert peer_of("ipv4:192.0.2.1:5000") == "192.0.2.1"
    assert peer_of("ipv6:%5B2001:db8::1%5D:5000") == "2001:db8::1"
    assert peer_of("ipv6:[::1]:5000") == "::1"
