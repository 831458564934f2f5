"""The HTTP door: OTLP, CloudEvents, webhooks, health and metrics.

HTTP and gRPC are not plug-ins of ``receivers/``: a pull receiver is named by one source and may be there any number of times, while a door
is there once, serves all sources, and is where tokens and TLS are enforced.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec
from google.rpc.status_pb2 import Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from collector import cloud_events, otlp_json
from collector.admission import HTTP_BODY_MAX_BYTES
from collector.aside import ENCODED_LARGE_BYTES, JSON_LARGE_BYTES, beside
from collector.authentication import Sender, Senders, sender_of
from collector.desk import Desk, Envelope, Outcome
from collector.encoding import decode
from collector.http_body import Body, InFlight
from collector.json_guard import check_json
from collector.otlp_requests import RESPONSES
from collector.quarantine import WEBHOOK
from collector.rejection import Complaint, Rejection, refused
from collector.webhooks import DELIVERY_HEADERS, Webhooks
from core.catalog.source import Source
from core.errors import Full
from core.http.metrics import Metrics
from core.limits import FailedAttempts
from core.refusals import Refusals
from core.signal import Record, SignalKind
from core.telemetry import Telemetry

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
# google.rpc.Code of each HTTP status, for OTLP senders
_CODES = {400: 3, 401: 16, 404: 5, 408: 4, 413: 8, 415: 3, 503: 14}
Handler = Callable[[Request, bytes, Envelope], Awaitable[Response]]
Proof = Callable[[bytes], Envelope]


class Doors:
    """What the handlers share. ``senders`` and ``webhooks`` are replaced when the catalog is reloaded."""

    def __init__(
        self, desk: Desk, senders: Senders, webhooks: Webhooks, telemetry: Telemetry, failures: FailedAttempts, refusals: Refusals
    ) -> None:
        self.desk = desk
        self.senders = senders
        self.webhooks = webhooks
        self.telemetry = telemetry
        self.in_flight = InFlight()
        self.failures = failures
        self.refusals = refusals
        self.problem: Callable[[], str] = lambda: ""

    def identify(self, authorization: str | None, andon_token: str | None, peer: str) -> Sender:
        """Return the sender of a request. Raises :class:`Rejection`: 401, or 503 for a peer whose credentials were wrong too often.

        A good credential passes whatever else came from its address: behind one address there may be many.
        """
        with self.watching(peer):
            return self.senders.identify(authorization, andon_token)

    @contextmanager
    def watching(self, peer: str) -> Iterator[None]:
        """Count a wrong credential against its peer."""
        try:
            yield
        except Rejection as rejection:
            if rejection.status == 404 or not (wait := self.failures.note(peer)):
                raise
            complaint = Complaint("auth_rate_limited", "too many wrong credentials from this address", "authorization", f"wait {wait} s")
            raise Rejection(503, complaint, keep=False, retry_after_seconds=wait) from rejection


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
    doors: Doors, request: Request, envelope: Envelope, handle: Handler, explain: Callable[..., Response], prove: Proof | None = None
) -> Response:
    """Read and decode the body, let ``handle`` answer, and turn every refusal into an answer that says what was wrong.

    ``prove`` returns the envelope of a sender who is known by the raw body alone, and refuses a stranger before anything is decoded or kept.
    """
    raw: bytes | None = None
    try:
        async with Body(request, doors.in_flight) as body:
            raw = await body.read()
            if prove is not None:
                envelope = prove(raw)
            try:
                # inflating lets go of the interpreter, and the other senders need not wait
                large = bool(envelope.encoding) and len(raw) > ENCODED_LARGE_BYTES
                body_bytes = await beside(large, decode, raw, envelope.encoding, HTTP_BODY_MAX_BYTES)
                return await handle(request, body_bytes, envelope)
            except Rejection as rejection:
                kept = await _keep(doors, rejection, raw, envelope)
                return explain(rejection.status, rejection.complaint, quarantine_id=kept, retry_after_seconds=rejection.retry_after_seconds)
    except Rejection as rejection:
        _tell(doors, rejection.complaint.reason, envelope, raw)
        return explain(rejection.status, rejection.complaint, retry_after_seconds=rejection.retry_after_seconds)
    except Full as full:
        _tell(doors, "full", envelope, raw)
        complaint = Complaint("full", str(full), what_to_do=f"send the same again after {full.retry_after_seconds} s")
        return explain(503, complaint, retry_after_seconds=full.retry_after_seconds)


async def _keep(doors: Doors, rejection: Rejection, raw: bytes, envelope: Envelope) -> str:
    if not rejection.keep:
        _tell(doors, rejection.complaint.reason, envelope, raw)
        return ""
    return await doors.desk.keep(rejection, raw, envelope)


def _tell(doors: Doors, reason: str, envelope: Envelope, raw: bytes | None) -> None:
    doors.refusals.refused(reason, source=envelope.sender.source, peer=envelope.peer, body=raw)


def _identified(doors: Doors, request: Request) -> Sender:
    return doors.identify(request.headers.get("authorization"), request.headers.get("x-andon-token"), _peer(request))


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _otlp(doors: Doors, kind: SignalKind) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request, body: bytes, envelope: Envelope) -> Response:
        is_json = _media_type(request) == JSON
        protobuf = await beside(len(body) > JSON_LARGE_BYTES, otlp_json.convert, kind, body) if is_json and body else body
        return _otlp_success(kind, await doors.desk.take_otlp(kind, protobuf, envelope), is_json=is_json)

    async def endpoint(request: Request) -> Response:
        media_type = _media_type(request)
        explain = _explain_protobuf if media_type == PROTOBUF else _explain_json
        sender = None
        try:
            sender = _identified(doors, request)
            if media_type not in {PROTOBUF, JSON}:
                raise refused(415, "unsupported_type", "OTLP is application/x-protobuf or application/json", field="content-type")
        except Rejection as rejection:
            doors.refusals.refused(rejection.complaint.reason, source=sender.source if sender else "", peer=_peer(request))
            return explain(rejection.status, rejection.complaint, retry_after_seconds=rejection.retry_after_seconds)
        return await _guarded(doors, request, _envelope(doors, request, sender, kind.value), handle, explain)

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


def _explain_protobuf(status: int, complaint: Complaint, *, quarantine_id: str = "", retry_after_seconds: int = 0) -> Response:
    parts = [complaint.message, complaint.what_to_do, f"kept as {quarantine_id}" if quarantine_id else ""]
    message = Status(code=_CODES[status], message="; ".join(part for part in parts if part))
    return Response(message.SerializeToString(), status, _retry(retry_after_seconds), PROTOBUF)


def _explain_json(status: int, complaint: Complaint, *, quarantine_id: str = "", retry_after_seconds: int = 0) -> Response:
    content = {
        "error": complaint.message,
        "field": complaint.field,
        "what_to_do": complaint.what_to_do,
        "quarantine_id": quarantine_id,
        # what OTLP/JSON senders look for: google.rpc.Status
        "code": _CODES[status],
        "message": complaint.message,
    }
    return JSONResponse(content, status, _retry(retry_after_seconds))


def _retry(seconds: int) -> dict[str, str] | None:
    return {"Retry-After": str(seconds)} if seconds else None


def _events(doors: Doors) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request, body: bytes, envelope: Envelope) -> Response:
        media_type = _media_type(request)
        structured = media_type in {cloud_events.STRUCTURED, cloud_events.BATCH}
        if structured and "ce-specversion" in request.headers:
            raise cloud_events.bad("the event is either in the headers or in the body, not in both", "ce-specversion")
        if media_type == cloud_events.BATCH:
            return await _take_batch(doors.desk, await beside(len(body) > JSON_LARGE_BYTES, cloud_events.parse_batch, body), envelope)
        if media_type == cloud_events.STRUCTURED:
            event = await beside(len(body) > JSON_LARGE_BYTES, cloud_events.parse_structured, body)
        elif "ce-specversion" in request.headers or "ce-id" in request.headers:
            event = await beside(
                len(body) > JSON_LARGE_BYTES, cloud_events.parse_binary, request.headers.items(), envelope.content_type, body
            )
        else:
            raise refused(
                415,
                "unsupported_type",
                "this is not a CloudEvent",
                field="content-type",
                what_to_do=f"send {cloud_events.STRUCTURED}, {cloud_events.BATCH} or ce- headers",
            )
        await doors.desk.take([_event_record(doors.desk, envelope, event)])
        return JSONResponse({"accepted": 1})

    async def endpoint(request: Request) -> Response:
        try:
            sender = _identified(doors, request)
        except Rejection as rejection:
            doors.refusals.refused(rejection.complaint.reason, peer=_peer(request))
            return _explain_json(rejection.status, rejection.complaint, retry_after_seconds=rejection.retry_after_seconds)
        return await _guarded(doors, request, _envelope(doors, request, sender, SignalKind.EVENT.value), handle, _explain_json)

    return endpoint


def _event_record(desk: Desk, envelope: Envelope, event: bytes) -> Record:
    sender = envelope.sender_of((cloud_events.source_of(event),))
    return Record(SignalKind.EVENT, sender.source, sender.lane, desk.now(), 1, event)


async def _take_batch(desk: Desk, parts: list[Any], envelope: Envelope) -> Response:
    records: list[Record] = []
    quarantined: list[dict[str, Any]] = []
    for index, part in enumerate(parts):
        if isinstance(part, bytes):
            records.append(_event_record(desk, envelope, part))
            continue
        complaint, raw = part
        quarantine_id, record = desk.quarantine(complaint, raw, envelope)
        records.append(record)
        quarantined.append({"index": index, "id": quarantine_id, "error": complaint.message, "field": complaint.field})
    if records:
        await desk.take(records)
    return JSONResponse({"accepted": len(parts) - len(quarantined), "quarantined": quarantined})


def _webhook(doors: Doors) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request, body: bytes, envelope: Envelope) -> Response:
        source, delivery = request.state.delivery
        if doors.webhooks.seen.is_replay(source.source, delivery, body):
            return JSONResponse({"accepted": 0, "replayed": True})
        event = await beside(len(body) > JSON_LARGE_BYTES, _delivered_event, request, source, delivery, body)
        await doors.desk.take([_event_record(doors.desk, envelope, event)])
        doors.webhooks.seen.remember(source.source, delivery, body)
        return JSONResponse({"accepted": 1})

    async def endpoint(request: Request) -> Response:
        envelope = _envelope(doors, request, Sender("", doors.senders.default.lane), WEBHOOK)

        def prove(raw: bytes) -> Envelope:
            with doors.watching(envelope.peer):
                verified = doors.webhooks.verify(request.path_params["source"], request.headers, raw, doors.desk.now() // 1000)
            request.state.delivery = verified
            return replace(envelope, sender=sender_of(verified[0]))

        return await _guarded(doors, request, envelope, handle, _explain_json, prove)

    return endpoint


def _delivered_event(request: Request, source: Source, delivery: str, body: bytes) -> bytes:
    """Return a verified delivery as an event. Raises :class:`Rejection` (400) when its body is no JSON."""
    data = check_json(body)
    assert source.webhook is not None  # noqa: S101 - verified before
    event_type = ".".join(part for part in (source.webhook.type, _payload_type(request, data)) if part)
    attributes = {"id": delivery, "source": f"/webhooks/{source.source}", "type": event_type, "datacontenttype": JSON}
    return cloud_events.make_event(attributes, data)


def _payload_type(request: Request, data: bytes) -> str:
    if event := request.headers.get("x-github-event"):
        return event
    payload = msgspec.json.decode(data)
    found = payload.get("type") if isinstance(payload, dict) else None
    return found if isinstance(found, str) else ""
