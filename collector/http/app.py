"""The paths of the HTTP server and the endpoint behind each."""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from collector.http.documents import documents_endpoint
from collector.http.events import allow_deliveries, events_endpoint
from collector.http.exchange import Exchange, answering
from collector.http.otlp import otlp_endpoint
from collector.http.webhooks import webhook_endpoint
from collector.ingest.ingress import Ingress
from collector.otlp.requests import RESPONSES
from collector.rejection import reject
from core.http.metrics import Metrics

_PATHS = [*(f"/v1/{kind.value}" for kind in RESPONSES), "/v1/events", "/v1/documents/SOURCE", "/v1/webhooks/SOURCE"]
_SIGNAL_PATH = re.compile("|".join(re.escape(path) for path in _PATHS[:-2]))


def make_app(ingress: Ingress, metrics: Metrics) -> ASGIApp:
    """Return the ASGI application. OTLP, with thousands of requests a second, takes a shortcut past routing and middleware."""
    endpoints = {f"/v1/{kind.value}": otlp_endpoint(ingress, kind) for kind in RESPONSES}
    short = {path + slash: endpoint for path, endpoint in endpoints.items() for slash in ("", "/")}
    endpoints |= {
        "/v1/events": events_endpoint(ingress),
        "/v1/documents/{source}": documents_endpoint(ingress),
        "/v1/webhooks/{source}": webhook_endpoint(ingress),
    }
    routes = [
        *(Route(path + slash, endpoint, methods=["POST"]) for path, endpoint in endpoints.items() for slash in ("", "/")),
        *(
            Route(path + slash, allow_deliveries, methods=["OPTIONS"])
            for path in ("/v1/events", "/v1/webhooks/{source}")
            for slash in ("", "/")
        ),
        Route("/healthz", lambda _request: JSONResponse({"status": "ok"})),
        Route("/readyz", lambda _request: _readiness(ingress)),
        Route("/metrics", metrics.answer),
    ]
    unknown = answering(ingress, _unknown_path)

    async def not_found(request: Request, _error: Exception) -> Response:
        return await unknown(request)

    others = Starlette(routes=routes, exception_handlers={404: not_found})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = short.get(scope["path"]) if scope["method"] == "POST" else None
        if endpoint is None:
            await others(scope, receive, send)
        else:
            await (await endpoint(Request(scope, receive)))(scope, receive, send)

    return app


async def _unknown_path(exchange: Exchange) -> Response:
    """Tell a sender that nothing takes what it sends: most often an SDK or a Collector added the path to one that was there already."""
    path = exchange.request.url.path
    found = _SIGNAL_PATH.search(path)
    hint = f"set the endpoint so that {found[0]} follows the port at once" if found else f"send to {', '.join(_PATHS)}"
    raise reject(404, "unknown_path", f"nothing is taken at '{path[:200]}'", field="path", what_to_do=hint)


def _readiness(ingress: Ingress) -> Response:
    problem = ingress.problem()
    return JSONResponse({"ready": not problem, "problems": [problem] if problem else []}, 503 if problem else 200)
