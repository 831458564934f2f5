"""``/metrics`` of every process; on an address that others can reach, it requires a token."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.config import Settings
from core.errors import UsageError
from core.http.guard import Guard, bearer_is
from core.http.names import is_loopback
from core.secrets import resolve_secret
from core.telemetry import Telemetry


class Metrics:
    """The endpoint of one port. ``look`` brings the metrics up to date before they are shown."""

    def __init__(
        self, settings: Settings, listening: str, telemetry: Telemetry, guard: Guard, look: Callable[[], object] = lambda: None
    ) -> None:
        """Raises :class:`core.errors.UsageError` if the token cannot be read."""
        self._token = settings.metrics_token
        self._exposed = not is_loopback(listening) and not settings.insecure
        self._telemetry = telemetry
        self._guard = guard
        self._look = look
        if self._token:
            resolve_secret(self._token)

    async def answer(self, request: Request) -> Response:
        """Answer a scrape."""
        if self._token:
            try:
                token = resolve_secret(self._token)  # read each time: it may have been replaced
            except UsageError as error:
                return PlainTextResponse(f"{error}\n", 503, {"retry-after": "10"})
            if not bearer_is(request, token):
                return self._refused(request)
        elif self._exposed:
            return PlainTextResponse("others can reach this address: set metrics_token, and send it as 'Authorization: Bearer …'\n", 403)
        return Response(await run_in_threadpool(self._text), media_type=CONTENT_TYPE_LATEST)

    def _refused(self, request: Request) -> Response:
        if wait := self._guard.wrong(request):
            return PlainTextResponse("too many wrong tokens from this address\n", 503, {"retry-after": str(wait)})
        return PlainTextResponse("send the value of metrics_token as 'Authorization: Bearer …'\n", 401, {"www-authenticate": "Bearer"})

    def _text(self) -> bytes:
        self._look()
        return generate_latest(self._telemetry.registry)
