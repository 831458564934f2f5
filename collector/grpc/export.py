"""OTLP over gRPC, on raw bytes, so that nothing is decoded twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self
from urllib.parse import unquote

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from collector.grpc.message_reader import MessageReader
from collector.ingest.allocator import give_back_free_blocks
from collector.ingest.content import Content
from collector.ingest.handler import Envelope
from collector.ingest.ingress import Ingress
from collector.ingest.validation import PROTOBUF, Task
from collector.otlp.requests import RESPONSES
from collector.rejection import Rejection, no_room, reject
from core.errors import Full
from core.signal import SignalKind

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}
CANCELLED_WITHIN_SECONDS = 1.0
"""How long gRPC may take to cancel a call whose message it does not deliver."""


def export_method(ingress: Ingress, kind: SignalKind, reader: MessageReader) -> Callable[[Any, Any], Awaitable[bytes]]:
    """Return the method of one signal, to be registered as one that takes a stream.

    To its sender this is a call with one message. Treated as a stream of one, it is not read before there is room for it.
    """
    response_class, rejected_field, _ = RESPONSES[kind]

    async def export(_messages: Any, context: Any) -> bytes:
        with _Call(ingress, kind, context) as call:
            try:
                try:
                    envelope = call.identify()
                    content = await call.read(reader)
                    async with ingress.validated(Task(kind, PROTOBUF), content) as pieces:
                        outcome = await ingress.ingest_handler.take_otlp(kind, pieces, envelope)
                except Rejection as rejection:
                    await call.reject(rejection)
            except Full as full:
                await call.reject(no_room(full))
        response = response_class()
        if outcome.rejected:
            setattr(response.partial_success, rejected_field, outcome.rejected)
            response.partial_success.error_message = outcome.message
        return bytes(response.SerializeToString())

    return export


class _Call:
    """A call and what is known about it so far; its message is held until the block ends."""

    def __init__(self, ingress: Ingress, kind: SignalKind, context: Any) -> None:
        self._ingress = ingress
        self._kind = kind
        self._context = context
        self._peer = peer_of(context.peer())
        self._envelope: Envelope | None = None
        self._content: Content | None = None
        self._counted_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ingress.in_flight.forget(self._counted_bytes)
        if self._content is not None:
            self._content.close()

    def identify(self) -> Envelope:
        """Return the envelope of the message according to the call's token. Raises as :meth:`Ingress.identify` does."""
        metadata = {key: value for key, value in self._context.invocation_metadata() or () if isinstance(value, str)}
        sender = self._ingress.identify(metadata.get("authorization"), metadata.get("x-andon-token"), self._peer)
        self._envelope = Envelope(sender, self._kind.value, "application/x-protobuf", "", self._peer, self._ingress.senders)
        return self._envelope

    async def read(self, reader: MessageReader) -> Content:
        """Return the message. Raises :class:`Rejection` if there is none, and :class:`core.errors.Full`."""
        message = await reader.read(self._context.peer(), self._context)
        if message is grpc.aio.EOF:
            await self._tell_unread()
            raise reject(400, "no_message", "there is no message", what_to_do="send one")
        self._content = Content(message)
        if self._content.is_large:
            del message
            await asyncio.to_thread(give_back_free_blocks)  # gRPC reads a message in small pieces
        self._counted_bytes = self._content.size
        self._ingress.in_flight.count(0, self._counted_bytes)
        return self._content

    async def _tell_unread(self) -> None:
        """Return if the sender ended its call without a message; count one that gRPC does not deliver, for which it cancels the call."""
        try:
            await asyncio.sleep(CANCELLED_WITHIN_SECONDS)
        except asyncio.CancelledError:
            unread = reject(413, "unread_message", "the message is too large, or its sender broke off", what_to_do="send smaller batches")
            await self._ingress.quarantine_or_log(unread, self._peer, self._envelope, None)
            raise

    async def reject(self, rejection: Rejection) -> None:
        """Quarantine the message or log it as rejected, and end the call. Raises :class:`core.errors.Full`."""
        quarantine_id = await self._ingress.quarantine_or_log(rejection, self._peer, self._envelope, self._content)
        message = f"{rejection}; kept as {quarantine_id}" if quarantine_id else str(rejection)
        await _abort(self._context, _CODES[rejection.status], message, retry_after_seconds=rejection.retry_after_seconds)


def peer_of(name: str) -> str:
    """Return the address in gRPC's name of a peer: ``ipv4:192.0.2.1:5000``, ``ipv6:%5B2001:db8::1%5D:5000``."""
    return unquote(name.partition(":")[2].rpartition(":")[0]).strip("[]")


async def _abort(context: Any, code: grpc.StatusCode, message: str, *, retry_after_seconds: int = 0) -> None:
    """End the call with a status; its rich form goes into the trailers, as OTLP requires."""
    status = Status(code=code.value[0], message=message)
    if retry_after_seconds:
        retry = RetryInfo()
        retry.retry_delay.FromSeconds(retry_after_seconds)
        detail = AnyMessage()
        detail.Pack(retry)
        status.details.append(detail)
    await context.abort(code, message, (("grpc-status-details-bin", status.SerializeToString()),))
