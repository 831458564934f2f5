"""``/v1/events``: CloudEvents, single or in a batch."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector import cloud_events
from collector.cloud_events import BadEvent
from collector.http.exchange import Endpoint, Exchange, answering
from collector.ingest import validation
from collector.ingest.handler import Envelope, IngestHandler
from collector.ingest.ingress import Ingress
from collector.ingest.validation import Task
from core.signal import Record, SignalKind

PORTION_EVENTS = 500
"""The part of a batch that is taken at once; other senders are served between two parts. A sender that is told to come back sends all of
it, and the store recognises each event."""


def events_endpoint(ingress: Ingress) -> Endpoint:
    """Return the endpoint of events."""

    async def receive(exchange: Exchange) -> Response:
        form = _form_of(exchange)

        envelope = exchange.identify(SignalKind.EVENT)

        task = Task(SignalKind.EVENT, form, envelope.encoding, envelope.content_type, exchange.request.headers.items())
        content = await exchange.read(task.max_bytes)
        async with ingress.validated(task, content) as events:
            if form == validation.BATCH:
                return await take_batch(ingress.ingest_handler, events, envelope, cloud_events.STRUCTURED)
            await ingress.ingest_handler.take_event(events[0], envelope)

        return JSONResponse({"accepted": 1})

    return answering(ingress, receive)


async def allow_deliveries(request: Request) -> Response:
    """Answer the handshake by which a sender of CloudEvents asks whether it may deliver here.

    Source: HTTP 1.1 Web Hooks for Event Delivery, section 4. Whether a delivery is taken is decided by its token or signature; the
    handshake only says that this address expects some.
    """
    origin = request.headers.get("webhook-request-origin")
    if origin is None:
        return Response(status_code=405, headers={"Allow": "POST"})
    rate = request.headers.get("webhook-request-rate", "*")
    return Response(headers={"Allow": "POST", "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": rate})


def _form_of(exchange: Exchange) -> str:
    """Return the form of an event that a request has, according to its headers."""
    headers = exchange.request.headers
    if exchange.media_type in {cloud_events.STRUCTURED, cloud_events.BATCH}:
        if "ce-specversion" in headers:
            return validation.TWICE
        return validation.BATCH if exchange.media_type == cloud_events.BATCH else validation.STRUCTURED
    return validation.BINARY if "ce-specversion" in headers or "ce-id" in headers else validation.NONE


async def take_batch(handler: IngestHandler, events: list[bytes | BadEvent], envelope: Envelope, bad_type: str) -> Response:
    """Journal the good events of a request, quarantine the bad ones as of content type ``bad_type``, and return the answer."""
    quarantined: list[dict[str, Any]] = []
    for first in range(0, len(events), PORTION_EVENTS):
        records: list[Record] = []
        for index, event in enumerate(events[first : first + PORTION_EVENTS], first):
            if isinstance(event, bytes):
                records.append(handler.event_record(event, envelope))
                continue
            error, raw = event
            quarantine_id, record = handler.quarantine(error, raw, envelope, bad_type)
            records.append(record)
            quarantined.append({"index": index, "id": quarantine_id, "error": error.message, "field": error.field})
        await handler.take(records)
    return JSONResponse({"accepted": len(events) - len(quarantined), "quarantined": quarantined})
