"""The HTTP door: OTLP, CloudEvents, webhooks, health and metrics.

HTTP and gRPC are not plug-ins of ``receivers/``: a pull receiver is named by one source and may be there any number of times, while a door
is there once, serves all sources, and is where tokens and TLS are enforced.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from google.rpc.status_pb2 import Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from collector import cloud_events, validation
from collector.authentication import Sender, Senders, sender_of
from collector.content import Content
from collector.http_body import Body, InFlight
from collector.ingest_handler import Envelope, IngestHandler, Outcome
from collector.offload import Offload
from collector.otlp.requests import RESPONSES
from collector.quarantine import WEBHOOK
from collector.rejection import Rejection, ValidationError, refused
from collector.validation import Task, Validated, validate_small
from collector.webhooks import DELIVERY_HEADERS, Webhooks, delivery_headers
from core.errors import Full
from core.http.metrics import Metrics
from core.limits import FailedAttempts
from core.refusals import Refusals
from core.signal import Record, SignalKind
from core.telemetry import Telemetry

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
PORTION_EVENTS = 500
"""Of a batch, what is taken together; between two portions the others are served. Who is told to come again sends all, and the store knows each."""
# google.rpc.Code of each HTTP status, for OTLP senders
_CODES = {400: 3, 401: 16, 404: 5, 408: 4, 413: 8, 415: 3, 503: 14}
Handler = Callable[[list[Validated], Envelope], Awaitable[Response]]
Proof = Callable[[Content], Envelope | Response]


class Doors:
    """What the handlers share. ``senders`` and ``webhooks`` are replaced when the catalog is reloaded."""

    def __init__(
        self,
        ingest_handler: IngestHandler,
        senders: Senders,
        webhooks: Webhooks,
        telemetry: Telemetry,
        failures: FailedAttempts,
        refusals: Refusals,
    ) -> None:
        self.ingest_handler = ingest_handler
        self.senders = senders
        self.webhooks = webhooks
        self.telemetry = telemetry
        self.in_flight = InFlight()
        self.offload = Offload()
        self.failures = failures
        self.refusals = refusals
        self.problem: Callable[[], str] = lambda: ""

    def identify(self, authorization: str | None, andon_token: str | None, peer: str) -> Sender:
        """Return the sender of a request. Raises :class:`Rejection`: 401, or 503 for a peer whose credentials were wrong too often.

        A good credential passes whatever else came from its address: behind one address there may be many.
        """
        with self.watching(peer):
            return self.senders.identify(authorization, andon_token)

    @asynccontextmanager
    async def validated(self, task: Task, content: Content) -> AsyncIterator[list[Validated]]:
        """Give what became of a body: at once where that takes no time, or offloaded. Raises :class:`Rejection` and :class:`core.errors.Full`."""
        validated = validate_small(task, content)
        if validated is not None:
            yield validated
            return
        async with self.offload.validated(task, content) as validated:
            yield validated

    @contextmanager
    def watching(self, peer: str) -> Iterator[None]:
        """Count a wrong credential against its peer."""
        try:
            yield
        except Rejection as rejection:
            if rejection.status == 404 or not (wait := self.failures.note(peer)):
                raise
            error = ValidationError("auth_rate_limited", "too many wrong credentials from this address", "authorization", f"wait {wait} s")
            raise Rejection(503, error, keep=False, retry_after_seconds=wait) from rejection


def make_app(doors: Doors, metrics: Metrics) -> ASGIApp:
    """Return the ASGI application. OTLP, which comes thousands of times a second, takes the short way in, past routing and middleware."""
    short = {f"/v1/{kind.value}": _otlp(doors, kind) for kind in RESPONSES}
    routes = [
        *(Route(path, endpoint, methods=["POST"]) for path, endpoint in short.items()),
        Route("/v1/events", _events(doors), methods=["POST"]),
        Route("/v1/webhooks/{source}", _webhook(doors), methods=["POST"]),
        Route("/healthz", lambda _request: JSONResponse({"status": "ok"})),
        Route("/readyz", lambda _request: _readiness(doors)),
        Route("/metrics", metrics.answer),
    ]
    others = Starlette(routes=routes)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = short.get(scope["path"]) if scope["method"] == "POST" else None
        if endpoint is None:
            await others(scope, receive, send)
        else:
            await (await endpoint(Request(scope, receive)))(scope, receive, send)

    return app


def _readiness(doors: Doors) -> Response:
    problem = doors.problem()
    return JSONResponse({"ready": not problem, "problems": [problem] if problem else []}, 503 if problem else 200)


def _envelope(doors: Doors, request: Request, sender: Sender, kind: str) -> Envelope:
    headers = request.headers
    more = kind in {SignalKind.EVENT.value, WEBHOOK}  # OTLP says all in its body
    kept = {name: headers[name] for name in headers if name in DELIVERY_HEADERS or name.startswith("ce-")} if more else {}
    return Envelope(sender, kind, headers.get("content-type", ""), headers.get("content-encoding", ""), _peer(request), doors.senders, kept)


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


async def _guarded(
    doors: Doors,
    request: Request,
    envelope: Envelope,
    task: Task,
    handle: Handler,
    explain: Callable[..., Response],
    prove: Proof | None = None,
) -> Response:
    """Read and validate the body, let ``handle`` answer, and turn every refusal into an answer that says what was wrong.

    ``prove`` returns the envelope of a sender who is known by the raw body alone, and refuses a stranger before anything is decoded or kept.
    """
    content: Content | None = None
    async with Body(request, doors.in_flight, task.max_bytes) as body:
        try:
            content = await body.read()
            if prove is not None:
                proven = await content.read_by(prove, content)
                if isinstance(proven, Response):
                    return proven
                envelope = proven
            try:
                async with doors.validated(task, content) as validated:
                    return await handle(validated, envelope)
            except Rejection as rejection:
                kept = await _keep(doors, rejection, content, envelope)
                return explain(rejection.status, rejection.error, quarantine_id=kept, retry_after_seconds=rejection.retry_after_seconds)
        except Rejection as rejection:
            await _tell(doors, rejection.error.reason, envelope, content)
            return explain(rejection.status, rejection.error, retry_after_seconds=rejection.retry_after_seconds)
        except Full as full:
            await _tell(doors, "full", envelope, content)
            error = ValidationError("full", str(full), what_to_do=f"send the same again after {full.retry_after_seconds} s")
            return explain(503, error, retry_after_seconds=full.retry_after_seconds)


async def _keep(doors: Doors, rejection: Rejection, content: Content, envelope: Envelope) -> str:
    if not rejection.keep:
        await _tell(doors, rejection.error.reason, envelope, content)
        return ""
    return await doors.ingest_handler.keep(rejection, content, envelope)


async def _tell(doors: Doors, reason: str, envelope: Envelope, content: Content | None) -> None:
    tell = partial(doors.refusals.refused, reason, source=envelope.sender.source, peer=envelope.peer, body=content)
    await content.read_by(tell) if content is not None else tell()


def _identified(doors: Doors, request: Request) -> Sender:
    return doors.identify(request.headers.get("authorization"), request.headers.get("x-andon-token"), _peer(request))


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _otlp(doors: Doors, kind: SignalKind) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        media_type = _media_type(request)
        explain = _explain_protobuf if media_type == PROTOBUF else _explain_json
        sender = None
        try:
            sender = _identified(doors, request)
            if media_type not in {PROTOBUF, JSON}:
                raise refused(415, "unsupported_type", "OTLP is application/x-protobuf or application/json", field="content-type")
        except Rejection as rejection:
            doors.refusals.refused(rejection.error.reason, source=sender.source if sender else "", peer=_peer(request))
            return explain(rejection.status, rejection.error, retry_after_seconds=rejection.retry_after_seconds)
        envelope = _envelope(doors, request, sender, kind.value)
        is_json = media_type == JSON

        async def handle(validated: list[Any], envelope: Envelope) -> Response:
            return _otlp_success(kind, await doors.ingest_handler.take_otlp(kind, validated, envelope), is_json=is_json)

        task = Task(kind, validation.JSON if is_json else validation.PROTOBUF, envelope.encoding)
        return await _guarded(doors, request, envelope, task, handle, explain)

    return endpoint


def _otlp_success(kind: SignalKind, outcome: Outcome, *, is_json: bool) -> Response:
    response_class, rejected_field, json_field = RESPONSES[kind]
    if is_json:
        partial = {"partialSuccess": {json_field: str(outcome.rejected), "errorMessage": outcome.message}} if outcome.rejected else {}
        return JSONResponse(partial)
    response = response_class()
    if outcome.rejected:
        setattr(response.partial_success, rejected_field, outcome.rejected)
        response.partial_success.error_message = outcome.message
    return Response(response.SerializeToString(), media_type=PROTOBUF)


def _explain_protobuf(status: int, error: ValidationError, *, quarantine_id: str = "", retry_after_seconds: int = 0) -> Response:
    parts = [error.message, error.what_to_do, f"kept as {quarantine_id}" if quarantine_id else ""]
    message = Status(code=_CODES[status], message="; ".join(part for part in parts if part))
    return Response(message.SerializeToString(), status, _retry(retry_after_seconds), PROTOBUF)


def _explain_json(status: int, error: ValidationError, *, quarantine_id: str = "", retry_after_seconds: int = 0) -> Response:
    content = {
        "error": error.message,
        "field": error.field,
        "what_to_do": error.what_to_do,
        "quarantine_id": quarantine_id,
        # what OTLP/JSON senders look for: google.rpc.Status
        "code": _CODES[status],
        "message": error.message,
    }
    return JSONResponse(content, status, _retry(retry_after_seconds))


def _retry(seconds: int) -> dict[str, str] | None:
    return {"Retry-After": str(seconds)} if seconds else None


def _events(doors: Doors) -> Callable[[Request], Awaitable[Response]]:
    async def handle(validated: list[Any], envelope: Envelope) -> Response:
        if envelope.content_type.partition(";")[0].strip().lower() == cloud_events.BATCH:
            return await _take_batch(doors.ingest_handler, validated, envelope)
        await doors.ingest_handler.take([_event_record(doors.ingest_handler, envelope, event) for event in validated])
        return JSONResponse({"accepted": 1})

    async def endpoint(request: Request) -> Response:
        try:
            sender = _identified(doors, request)
        except Rejection as rejection:
            doors.refusals.refused(rejection.error.reason, peer=_peer(request))
            return _explain_json(rejection.status, rejection.error, retry_after_seconds=rejection.retry_after_seconds)
        envelope = _envelope(doors, request, sender, SignalKind.EVENT.value)
        task = Task(SignalKind.EVENT, _form(request), envelope.encoding, envelope.content_type, request.headers.items())
        return await _guarded(doors, request, envelope, task, handle, _explain_json)

    return endpoint


def _form(request: Request) -> str:
    """Return which of an event's forms a request has by its headers."""
    media_type = _media_type(request)
    if media_type in {cloud_events.STRUCTURED, cloud_events.BATCH}:
        if "ce-specversion" in request.headers:
            return validation.TWICE
        return validation.BATCH if media_type == cloud_events.BATCH else validation.STRUCTURED
    return validation.BINARY if "ce-specversion" in request.headers or "ce-id" in request.headers else validation.NONE


def _event_record(handler: IngestHandler, envelope: Envelope, event: bytes) -> Record:
    sender = envelope.sender_of((cloud_events.source_of(event),))
    return Record(SignalKind.EVENT, sender.source, sender.lane, handler.now(), 1, event)


async def _take_batch(handler: IngestHandler, validated: list[Any], envelope: Envelope) -> Response:
    quarantined: list[dict[str, Any]] = []
    for first in range(0, len(validated), PORTION_EVENTS):
        records: list[Record] = []
        for index, event in enumerate(validated[first : first + PORTION_EVENTS], first):
            if isinstance(event, bytes):
                records.append(_event_record(handler, envelope, event))
                continue
            error, raw = event
            quarantine_id, record = handler.quarantine(error, raw, envelope)
            records.append(record)
            quarantined.append({"index": index, "id": quarantine_id, "error": error.message, "field": error.field})
        await handler.take(records)
    return JSONResponse({"accepted": len(validated) - len(quarantined), "quarantined": quarantined})


def _webhook(doors: Doors) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        envelope = _envelope(doors, request, Sender("", doors.senders.default.lane), WEBHOOK)
        headers: list[tuple[str, str]] = []
        task = Task(SignalKind.EVENT, validation.DELIVERY, envelope.encoding, envelope.content_type, headers)
        delivered: list[tuple[str, str, bytes]] = []

        def prove(content: Content) -> Envelope | Response:
            raw = content.whole()
            with doors.watching(envelope.peer):
                source, delivery = doors.webhooks.verify(
                    request.path_params["source"], request.headers, raw, doors.ingest_handler.now() // 1000
                )
            fingerprint = hashlib.sha256(raw).digest()
            if doors.webhooks.seen.is_replay(source.source, delivery, fingerprint):
                return JSONResponse({"accepted": 0, "replayed": True})
            delivered.append((source.source, delivery, fingerprint))
            headers.extend(delivery_headers(source, delivery, request.headers))
            return replace(envelope, sender=sender_of(source))

        async def handle(validated: list[Any], envelope: Envelope) -> Response:
            await doors.ingest_handler.take([_event_record(doors.ingest_handler, envelope, event) for event in validated])
            doors.webhooks.seen.remember(*delivered[0])
            return JSONResponse({"accepted": 1})

        return await _guarded(doors, request, envelope, task, handle, _explain_json, prove)

    return endpoint
