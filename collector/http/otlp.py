"""``/v1/traces``, ``/v1/logs`` and ``/v1/metrics``: OTLP in protobuf or JSON."""

from __future__ import annotations

from starlette.responses import Response

from collector.http.exchange import Endpoint, Exchange, answering
from collector.http.responses import JSON, PROTOBUF, accept_json, accept_protobuf, explain_protobuf
from collector.ingest import validation
from collector.ingest.ingress import Ingress
from collector.ingest.validation import Task
from collector.rejection import reject
from core.signal import SignalKind

_FORMS = {PROTOBUF: validation.PROTOBUF, JSON: validation.JSON}


def otlp_endpoint(ingress: Ingress, kind: SignalKind) -> Endpoint:
    """Return the endpoint of one signal."""

    async def export(exchange: Exchange) -> Response:
        form = _FORMS.get(exchange.media_type)
        if form == validation.PROTOBUF:
            exchange.explain = explain_protobuf

        envelope = exchange.identify(kind)
        if form is None:
            raise reject(415, "unsupported_type", "OTLP must be application/x-protobuf or application/json", field="content-type")

        task = Task(kind, form, envelope.encoding)
        content = await exchange.read(task.max_bytes)
        async with ingress.validated(task, content) as pieces:
            outcome = await ingress.ingest_handler.take_otlp(kind, pieces, envelope)

        return accept_protobuf(kind, outcome) if form == validation.PROTOBUF else accept_json(kind, outcome)

    return answering(ingress, export)
