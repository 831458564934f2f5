"""The answers of the HTTP server, in JSON and in the form that OTLP requires."""

from __future__ import annotations

from google.rpc.status_pb2 import Status
from starlette.responses import JSONResponse, Response

from collector.ingest.handler import Outcome
from collector.otlp.requests import RESPONSES
from collector.rejection import Rejection
from core.signal import SignalKind

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
# google.rpc.Code of each HTTP status, for OTLP senders
_CODES = {400: 3, 401: 16, 404: 5, 408: 4, 413: 8, 415: 3, 503: 14}

_ACCEPTED = Response(b"", media_type=PROTOBUF)
"""The answer to a request without a fault, for any signal: an empty message."""


def accept_protobuf(kind: SignalKind, outcome: Outcome) -> Response:
    """Return the answer in protobuf to an OTLP request that was journalled, in whole or in part."""
    if not outcome.rejected:
        return _ACCEPTED
    response_class, rejected_field, _ = RESPONSES[kind]
    response = response_class()
    setattr(response.partial_success, rejected_field, outcome.rejected)
    response.partial_success.error_message = outcome.message
    return Response(response.SerializeToString(), media_type=PROTOBUF)


def accept_json(kind: SignalKind, outcome: Outcome) -> Response:
    """Return the answer in JSON to an OTLP request that was journalled, in whole or in part."""
    _, _, rejected_field = RESPONSES[kind]
    partial = {"partialSuccess": {rejected_field: str(outcome.rejected), "errorMessage": outcome.message}} if outcome.rejected else {}
    return JSONResponse(partial)


def explain_protobuf(rejection: Rejection, quarantine_id: str) -> Response:
    """Return the answer to a rejected OTLP request in protobuf: google.rpc.Status."""
    error = rejection.error
    parts = [error.message, error.what_to_do, f"kept as {quarantine_id}" if quarantine_id else ""]
    message = Status(code=_CODES[rejection.status], message="; ".join(part for part in parts if part))
    return Response(message.SerializeToString(), rejection.status, _retry(rejection), PROTOBUF)


def explain_json(rejection: Rejection, quarantine_id: str) -> Response:
    """Return the answer to a rejected request in JSON, which is also a google.rpc.Status."""
    error = rejection.error
    content = {
        "error": error.message,
        "field": error.field,
        "what_to_do": error.what_to_do,
        "quarantine_id": quarantine_id,
        "code": _CODES[rejection.status],
        "message": error.message,
    }
    return JSONResponse(content, rejection.status, _retry(rejection))


def _retry(rejection: Rejection) -> dict[str, str] | None:
    return {"Retry-After": str(rejection.retry_after_seconds)} if rejection.retry_after_seconds else None
