"""A tiny collector that keeps what it was sent, and refuses when told to."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Capture:
    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        self.records: list[tuple[str, LogRecord]] = []
        self.metrics: list[ResourceMetrics] = []
        self.events: list[dict[str, Any]] = []
        self.tokens: set[tuple[str, str]] = set()
        self.refuse = 0
        self.refused = 0
        self.url = ""
        self.lock = threading.Lock()

    def take(self, path: str, body: bytes, token: str) -> int:
        with self.lock:
            if self.refuse > 0:
                self.refuse -= 1
                self.refused += 1
                return 503
            if path == "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    service = service_of(resource)
                    self.tokens.add((service, token))
                    self.spans += [(service, span) for scope in resource.scope_spans for span in scope.spans]
            elif path == "/v1/logs":
                for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
                    self.records += [(service_of(resource), record) for scope in resource.scope_logs for record in scope.log_records]
            elif path == "/v1/metrics":
                self.metrics += ExportMetricsServiceRequest.FromString(body).resource_metrics
            elif path == "/v1/events":
                self.events += json.loads(body)
            else:
                return 404
            return 200


def service_of(resource: Any) -> str:
    return next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")


def attributes_of(signal: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in signal.attributes}


@contextmanager
def capturing() -> Iterator[Capture]:
    capture = Capture()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            status = capture.take(self.path, body, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    capture.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield capture
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
