"""The gRPC server: OTLP's Export of traces, logs and metrics. It is restarted if one client's request ends it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import grpc

from collector.grpc.export import export_method
from collector.grpc.message_reader import MessageReader
from collector.ingest.content import REQUEST_MAX_BYTES
from collector.ingest.ingress import Ingress
from core.binding import bind
from core.errors import UsageError
from core.limits import CONNECTIONS_MAX
from core.signal import SignalKind

_SERVICES = {
    SignalKind.TRACES: "opentelemetry.proto.collector.trace.v1.TraceService",
    SignalKind.LOGS: "opentelemetry.proto.collector.logs.v1.LogsService",
    SignalKind.METRICS: "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
IDLE_MILLISECONDS = 300_000
_OPTIONS = [
    # without it, a forgotten second collector binds the same port and takes half of the traffic
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", REQUEST_MAX_BYTES),
    ("grpc.max_concurrent_streams", 100),
    ("grpc.max_allowed_incoming_connections", CONNECTIONS_MAX),
    ("grpc.max_connection_idle_ms", IDLE_MILLISECONDS),  # one that sends nothing must not keep another out; an exporter connects again
    ("grpc.http2.bdp_probe", 0),
    ("grpc.max_metadata_size", 16 << 10),
]
WATCH_SECONDS = 0.1
_LOG = logging.getLogger("andon.collector")


class GrpcServer:
    """The server. ``start`` binds and listens; ``stop`` lets running calls finish.

    gRPC's own server ends for good when one client sends a path that is not UTF-8. So it is watched, and another one takes over its port.
    """

    def __init__(self, ingress: Ingress, host: str, port: int, certificate: Path | None, key: Path | None) -> None:
        self._ingress = ingress
        self._host = host
        self._credentials = None
        if certificate and key:
            self._credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        self._reader = MessageReader()
        self._server, self.port = self._bound(port)
        self._watching: asyncio.Task[None] | None = None

    def _bound(self, port: int) -> tuple[Any, int]:
        """Return a new server and its port. Raises :class:`core.errors.UsageError` if the port cannot be opened."""
        server = grpc.aio.server(options=_OPTIONS)
        for kind, service in _SERVICES.items():
            handler = grpc.stream_unary_rpc_method_handler(export_method(self._ingress, kind, self._reader))
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
        address = f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
        try:
            if self._credentials is not None:
                return server, server.add_secure_port(address, self._credentials)
            return server, server.add_insecure_port(address)
        except RuntimeError as error:
            bind(self._host, port, "otlp_grpc_port").close()  # gRPC does not say why; the system does
            raise UsageError(f"port {port} on {self._host} cannot be opened for OTLP/gRPC: {error}") from error

    async def start(self) -> None:
        """Accept calls."""
        await self._server.start()
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._server._server.is_running():  # noqa: SLF001 - waiting for its termination, as one should, would never end then
                continue
            try:
                server, _ = self._bound(self.port)
                await server.start()
            except Exception as error:  # boundary: whatever gRPC raises here, its port stays closed unless somebody tries again
                _LOG.error("the gRPC server ended and cannot be restarted yet", extra={"fields": {"error": str(error)}})
                continue
            self._server = server
            self._ingress.rejections.rejected("protocol_error")
            _LOG.error("a client's malformed request ended the gRPC server; it has been restarted")

    async def stop(self, grace_seconds: float) -> None:
        """Refuse new calls and wait for the running ones."""
        if self._watching is not None:
            self._watching.cancel()
        try:
            await self._server.stop(grace_seconds)
        except UnicodeDecodeError:  # a malformed path has just ended it; when asked again, it waits for the running calls
            await self._server.stop(grace_seconds)
