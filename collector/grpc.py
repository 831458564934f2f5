"""The gRPC door: OTLP Export of traces, logs and metrics, on raw bytes so that nothing is decoded twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from collector.allocator import give_back_free_blocks
from collector.content import GRPC_MESSAGE_MAX_BYTES, Content
from collector.ingest_handler import Envelope, Outcome
from collector.ingress import Ingress
from collector.otlp.requests import RESPONSES
from collector.reading import Reading
from collector.rejection import Rejection, refused
from collector.validation import PROTOBUF, Task
from core.binding import bind
from core.errors import Full, UsageError
from core.limits import CONNECTIONS_MAX
from core.signal import SignalKind

_SERVICES = {
    SignalKind.TRACES: "opentelemetry.proto.collector.trace.v1.TraceService",
    SignalKind.LOGS: "opentelemetry.proto.collector.logs.v1.LogsService",
    SignalKind.METRICS: "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
_OPTIONS = [
    # without it a forgotten second collector binds the same port and takes half of the traffic
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", GRPC_MESSAGE_MAX_BYTES),
    ("grpc.max_concurrent_streams", 100),
    ("grpc.max_allowed_incoming_connections", CONNECTIONS_MAX),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.max_metadata_size", 16 << 10),
]
WATCH_SECONDS = 0.1
_LOG = logging.getLogger("andon.collector")
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}


class GrpcServer:
    """The server. ``start`` binds and listens; ``stop`` lets running calls end.

    gRPC's own server ends for good when one client sends a path that is not UTF-8. So it is watched, and another one takes its port.
    """

    def __init__(self, ingress: Ingress, host: str, port: int, certificate: Path | None, key: Path | None) -> None:
        self._ingress = ingress
        self._host = host
        self._credentials = None
        if certificate and key:
            self._credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        self._reading = Reading()
        self._server, self.port = self._bound(port)
        self._watching: asyncio.Task[None] | None = None

    def _bound(self, port: int) -> tuple[Any, int]:
        """Return a new server and its port. Raises :class:`core.errors.UsageError` where that cannot be opened."""
        server = grpc.aio.server(options=_OPTIONS)
        for kind, service in _SERVICES.items():
            handler = grpc.stream_unary_rpc_method_handler(_export(self._ingress, kind, self._reading))
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
        address = f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
        try:
            if self._credentials is not None:
                return server, server.add_secure_port(address, self._credentials)
            return server, server.add_insecure_port(address)
        except RuntimeError as error:
            bind(self._host, port, "otlp_grpc_port").close()  # gRPC does not tell why; the system does
            raise UsageError(f"port {port} on {self._host} cannot be opened for OTLP/gRPC: {error}") from error

    async def start(self) -> None:
        """Accept calls."""
        await self._server.start()
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._server._server.is_running():  # noqa: SLF001 - who waits for its termination, as one should, waits for ever then
                continue
            try:
                server, _ = self._bound(self.port)
                await server.start()
            except Exception as error:  # boundary: whatever gRPC raises here, its port stays shut unless somebody tries again
                _LOG.error("the gRPC server ended, and another one cannot begin yet", extra={"fields": {"error": str(error)}})
                continue
            self._server = server
            self._ingress.refusals.refused("protocol_error")
            _LOG.error("a client's malformed request ended the gRPC server; another one has begun")

    async def stop(self, grace_seconds: float) -> None:
        """Refuse new calls and wait for the running ones."""
        if self._watching is not None:
            self._watching.cancel()
        try:
            await self._server.stop(grace_seconds)
        except (
            UnicodeDecodeError
        ):  # of a malformed path that has just ended the server; it waits for the running calls when it is asked again
            await self._server.stop(grace_seconds)


def _export(ingress: Ingress, kind: SignalKind, reading: Reading) -> Callable[[Any, Any], Awaitable[bytes]]:
    response_class, rejected_field, _ = RESPONSES[kind]

    async def export(_messages: Any, context: Any) -> bytes:
        # To its sender this is a call with one message. Taken as a stream of one, it is not read before there is room for it.
        peer = peer_of(context.peer())
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        try:
            sender = ingress.identify(metadata.get("authorization"), metadata.get("x-andon-token"), peer)
        except Rejection as rejection:
            ingress.refusals.refused(rejection.error.reason, peer=peer)
            await _abort(context, _CODES[rejection.status], str(rejection), retry_after_seconds=rejection.retry_after_seconds)
        envelope = Envelope(sender, kind.value, "application/x-protobuf", "", peer, ingress.senders)
        with Content() as content:
            try:
                await _read(reading, context, content)
                outcome = await _taken(ingress, kind, content, envelope)
            except Rejection as rejection:
                await _abort(context, _CODES[rejection.status], str(rejection))
            except Full as full:
                await content.read_by(partial(ingress.refusals.refused, "full", source=sender.source, peer=peer, body=content))
                await _abort(context, grpc.StatusCode.UNAVAILABLE, str(full), retry_after_seconds=full.retry_after_seconds)
        response = response_class()
        if outcome.rejected:
            setattr(response.partial_success, rejected_field, outcome.rejected)
            response.partial_success.error_message = outcome.message
        return bytes(response.SerializeToString())

    return export


async def _read(reading: Reading, context: Any, content: Content) -> None:
    message = await reading.read(context.peer(), context)
    if message is grpc.aio.EOF:
        raise refused(400, "no_message", "there is no message", what_to_do="send one")
    content.add(message)
    if content.is_large:
        del message
        await asyncio.to_thread(give_back_free_blocks)  # gRPC reads a message in small pieces


async def _taken(ingress: Ingress, kind: SignalKind, content: Content, envelope: Envelope) -> Outcome:
    """Return what became of a message. Raises :class:`Rejection`, which says where it is kept, and :class:`core.errors.Full`."""
    try:
        ingress.in_flight.count(0, content.size)
        async with ingress.validated(Task(kind, PROTOBUF), content) as validated:
            pieces: list[Any] = validated
            return await ingress.ingest_handler.take_otlp(kind, pieces, envelope)
    except Rejection as rejection:
        if kept := await ingress.ingest_handler.keep(rejection, content, envelope):
            error = replace(rejection.error, message=f"{rejection}; kept as {kept}")
            raise Rejection(rejection.status, error) from rejection
        tell = partial(ingress.refusals.refused, rejection.error.reason, source=envelope.sender.source, peer=envelope.peer, body=content)
        await content.read_by(tell)
        raise
    finally:
        ingress.in_flight.forget(content.size)


def peer_of(name: str) -> str:
    """Return the address in gRPC's name of a peer: ``ipv4:192.0.2.1:5000``, ``ipv6:%5B2001:db8::1%5D:5000``."""
    return unquote(name.partition(":")[2].rpartition(":")[0]).strip("[]")


async def _abort(context: Any, code: grpc.StatusCode, message: str, *, retry_after_seconds: int = 0) -> None:
    """End the call with a status; the rich form of it goes into the trailers, as OTLP wants it."""
    status = Status(code=code.value[0], message=message)
    if retry_after_seconds:
        retry = RetryInfo()
        retry.retry_delay.FromSeconds(retry_after_seconds)
        detail = AnyMessage()
        detail.Pack(retry)
        status.details.append(detail)
    await context.abort(code, message, (("grpc-status-details-bin", status.SerializeToString()),))
