"""What real senders put on the wire: the SDK's own encoding of spans, log records and metrics, and a gRPC client's frames."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import grpc
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from core.signal import SignalKind

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES = 9
"""Of an HTTP/2 frame: length (3), type, flags, stream (4). Source: RFC 9113, section 4.1."""
RESOURCE = Resource.create({"service.name": "gateway", "service.instance.id": "g-1", "numbers": (1, 2), "ratio": 0.5})


def exported() -> dict[SignalKind, bytes]:
    """Return a request of every kind as the SDK's OTLP exporters encode it."""
    return {SignalKind.TRACES: _spans(), SignalKind.LOGS: _logs(), SignalKind.METRICS: _metrics()}


def _spans() -> bytes:
    exporter, provider = InMemorySpanExporter(), TracerProvider(resource=RESOURCE)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop", "1.2", attributes={"scope": True})
    with tracer.start_as_current_span(
        "POST /orders", kind=SpanKind.SERVER, attributes={"http.request.method": "POST", "parts": ("a", "b")}
    ):
        with tracer.start_as_current_span("reserve") as span:
            span.add_event("retry", {"attempt": 2})
            span.record_exception(ValueError("no stock"))
            span.set_status(Status(StatusCode.ERROR, "no stock"))
        tracer.start_span("ship", links=[Link(span.get_span_context(), {"why": "after"})]).end()
    return bytes(encode_spans(exporter.get_finished_spans()).SerializeToString())


def _logs() -> bytes:
    exporter, provider = InMemoryLogRecordExporter(), LoggerProvider(resource=RESOURCE)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    log = logging.Logger("shop")  # noqa: LOG001 - of its own, so that nothing else hears it
    log.addHandler(LoggingHandler(logger_provider=provider))
    log.warning("order %s is late", "4711", extra={"order": "4711", "minutes": 5})
    log.error("reserving failed", exc_info=ValueError("no stock"))
    return bytes(encode_logs(exporter.get_finished_logs()).SerializeToString())


def _metrics() -> bytes:
    reader = InMemoryMetricReader()
    view = View(instrument_name="size", aggregation=ExponentialBucketHistogramAggregation())
    meter = MeterProvider([reader], RESOURCE, views=[view]).get_meter("shop")
    meter.create_counter("orders", "1", "Orders").add(3, {"plant": "DE07"})
    meter.create_up_down_counter("open").add(-1)
    meter.create_gauge("level").set(0.25)
    for name in ("seconds", "size"):
        for value in (0.1, 4.0, 900.0):
            meter.create_histogram(name, "s").record(value, {"plant": "DE07"})
    return bytes(encode_metrics(reader.get_metrics_data()).SerializeToString())


def frames_of_an_export(port: int, method: str, bodies: Sequence[bytes]) -> list[bytes]:
    """Export over gRPC to this port and return the frames that the client sent, without the connection's preface."""
    with _listening_in(port) as (between, heard):
        options: list[Any] = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"127.0.0.1:{between}", options=options) as channel:
            for body in bodies:
                channel.unary_unary(method)(body, timeout=60)
    return list(_frames(bytes(heard).removeprefix(PREFACE)))


def _frames(sent: bytes) -> Iterator[bytes]:
    at = 0
    while at + HEAD_BYTES <= len(sent):
        end = at + HEAD_BYTES + int.from_bytes(sent[at : at + 3], "big")
        yield sent[at:end]
        at = end


@contextmanager
def _listening_in(port: int) -> Iterator[tuple[int, bytearray]]:
    """Stand between one client and the server; yield the port to connect to and what the client has sent."""
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(("127.0.0.1", port)) as server:

        def copy(source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
            with suppress(OSError):
                while part := source.recv(65536):
                    if kept is not None:
                        kept += part
                    target.sendall(part)

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                back = threading.Thread(target=copy, args=(server, client, None), daemon=True)
                back.start()
                copy(client, server, heard)
                server.shutdown(socket.SHUT_RDWR)
                back.join()

        between = threading.Thread(target=serve, daemon=True)
        between.start()
        yield listener.getsockname()[1], heard
        between.join()
