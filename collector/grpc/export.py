"""OTLP over gRPC, on raw bytes so that nothing is decoded twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import unquote

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from collector.allocator import give_back_free_blocks
from collector.content import Content
from collector.grpc.message_reader import MessageReader
from collector.ingest_handler import Envelope, Outcome
from collector.ingress import Ingress
from collector.otlp.requests import RESPONSES
from collector.rejection import Rejection, reject
from collector.validation import PROTOBUF, Task
from core.errors import Full
from core.signal import SignalKind

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}


def export_method(ingress: Ingress, kind: SignalKind, reader: MessageReader) -> Callable[[Any, Any], Awaitable[bytes]]:
    """Return the method of one signal, to be registered as one that takes a stream."""
    response_class, rejected_field, _ = RESPONSES[kind]

    async def export(_messages: Any, context: Any) -> bytes:
        # To its sender this is a call with one message. Taken as a stream of one, it is not read before there is room for it.
        peer = peer_of(context.peer())
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        try:
            sender = ingress.identify(metadata.get("authorization"), metadata.get("x-andon-token"), peer)
        except Rejection as rejection:
            ingress.rejections.rejected(rejection.error.reason, peer=peer)
            await _abort(context, _CODES[rejection.status], str(rejection), retry_after_seconds=rejection.retry_after_seconds)
        envelope = Envelope(sender, kind.value, "application/x-protobuf", "", peer, ingress.senders)
        with Content() as content:
            try:
                await _read(reader, context, content)
                outcome = await _taken(ingress, kind, content, envelope)
            except Rejection as rejection:
                await _abort(context, _CODES[rejection.status], str(rejection))
            except Full as full:
                await content.read_by(partial(ingress.rejections.rejected, "full", source=sender.source, peer=peer, body=content))
                await _abort(context, grpc.StatusCode.UNAVAILABLE, str(full), retry_after_seconds=full.retry_after_seconds)
        response = response_class()
        if outcome.rejected:
            setattr(response.partial_success, rejected_field, outcome.rejected)
            response.partial_success.error_message = outcome.message
        return bytes(response.SerializeToString())

    return export


async def _read(reader: MessageReader, context: Any, content: Content) -> None:
    message = await reader.read(context.peer(), context)
    if message is grpc.aio.EOF:
        raise reject(400, "no_message", "there is no message", what_to_do="send one")
    content.add(message)
    if content.is_large:
        del message
        await asyncio.to_thread(give_back_free_blocks)  # gRPC reads a message in small pieces


async def _taken(ingress: Ingress, kind: SignalKind, content: Content, envelope: Envelope) -> Outcome:
    """Return what became of a message. Raises :class:`Rejection`, which says where it is kept, and :class:`core.errors.Full`."""
    try:
        ingress.in_flight.count(0, content.size)
        async with ingress.validated(Task(kind, PROTOBUF), content) as pieces:
            return await ingress.ingest_handler.take_otlp(kind, pieces, envelope)
    except Rejection as rejection:
        if kept := await ingress.ingest_handler.keep(rejection, content, envelope):
            error = replace(rejection.error, message=f"{rejection}; kept as {kept}")
            raise Rejection(rejection.status, error) from rejection
        tell = partial(ingress.rejections.rejected, rejection.error.reason, source=envelope.sender.source, peer=envelope.peer, body=content)
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
