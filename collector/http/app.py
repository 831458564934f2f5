"""The paths of the HTTP server and the endpoint behind each."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from collector.http.events import events_endpoint
from collector.http.otlp import otlp_endpoint
from collector.http.webhooks import webhook_endpoint
from collector.ingress import Ingress
from collector.otlp.requests import RESPONSES
from core.http.metrics import Metrics


def make_app(ingress: Ingress, metrics: Metrics) -> ASGIApp:
    """Return the ASGI application. OTLP, with thousands of requests a second, takes a shortcut past routing and middleware."""
    short = {f"/v1/{kind.value}": otlp_endpoint(ingress, kind) for kind in RESPONSES}
    routes = [
        *(Route(path, endpoint, methods=["POST"]) for path, endpoint in short.items()),
        Route("/v1/events", events_endpoint(ingress), methods=["POST"]),
        Route("/v1/webhooks/{source}", webhook_endpoint(ingress), methods=["POST"]),
        Route("/healthz", lambda _request: JSONResponse({"status": "ok"})),
        Route("/readyz", lambda _request: _readiness(ingress)),
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


def _readiness(ingress: Ingress) -> Response:
    problem = ingress.problem()
    return JSONResponse({"ready": not problem, "problems": [problem] if problem else []}, 503 if problem else 200)
