"""One request to the HTTP server and its answer.

An endpoint reads from top to bottom: content type, sender, body, validation, journal, answer. A webhook's sender is known by the signature
of its body, which is read first there. Whatever an endpoint raises on the way ends here, as an answer that says what is wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from collector.http.body import Body
from collector.http.responses import explain_json
from collector.http.webhook_signatures import DELIVERY_HEADERS
from collector.ingest.authentication import Sender
from collector.ingest.content import Content
from collector.ingest.handler import Envelope
from collector.ingest.ingress import Ingress
from collector.quarantine import WEBHOOK
from collector.rejection import Rejection, no_room
from core.errors import Full
from core.signal import SignalKind

Endpoint = Callable[[Request], Awaitable[Response]]


class Exchange:
    """A request and what is known about it so far. ``explain`` renders a rejection, with the id under which its body is in quarantine."""

    def __init__(self, ingress: Ingress, request: Request) -> None:
        self.request = request
        # one pass over them: ``request.headers`` goes through all of them at every look; the first of several counts there, too
        self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.scope["headers"])}
        self.media_type = self._headers.get("content-type", "").partition(";")[0].strip().lower()
        self.peer = request.client.host if request.client else ""
        self.explain: Callable[[Rejection, str], Response] = explain_json
        self.body = Body(request, ingress.in_flight)
        self._ingress = ingress
        self._envelope: Envelope | None = None
        self._content: Content | None = None

    def identify(self, kind: SignalKind) -> Envelope:
        """Return the envelope of a request according to its token. Raises as :meth:`Ingress.identify` does."""
        sender = self._ingress.identify(self._headers.get("authorization"), self._headers.get("x-andon-token"), self.peer)
        return self.set_sender(sender, kind.value)

    def set_sender(self, sender: Sender, kind: str) -> Envelope:
        """Return the envelope of a request whose sender is proven; from now on the request counts as the sender's."""
        headers = self._headers
        more = kind in {SignalKind.EVENT.value, WEBHOOK}  # OTLP says everything in its body
        kept = {name: headers[name] for name in reversed(headers) if name in DELIVERY_HEADERS or name.startswith("ce-")} if more else {}
        content_type, encoding = headers.get("content-type", ""), headers.get("content-encoding", "")
        self._envelope = Envelope(sender, kind, content_type, encoding, self.peer, self._ingress.senders, kept)
        return self._envelope

    async def read(self, max_bytes: int) -> Content:
        """Return the body as it was sent. Raises as :meth:`collector.http.body.Body.read` does."""
        self._content = await self.body.read(max_bytes)
        return self._content

    async def reject(self, rejection: Rejection) -> Response:
        """Quarantine the body or log it as rejected, and return the answer. Raises :class:`core.errors.Full`."""
        quarantine_id = await self._ingress.quarantine_or_log(rejection, self.peer, self._envelope, self._content)
        return self.explain(rejection, quarantine_id)


def answering(ingress: Ingress, answer: Callable[[Exchange], Awaitable[Response]]) -> Endpoint:
    """Return the endpoint that gives this answer, or the answer to a rejection or a lack of room on the way.

    These are raised as :class:`Rejection` and :class:`core.errors.Full`.
    """

    async def endpoint(request: Request) -> Response:
        exchange = Exchange(ingress, request)
        async with exchange.body:
            try:
                try:
                    return await answer(exchange)
                except Rejection as rejection:
                    return await exchange.reject(rejection)
            except Full as full:
                return await exchange.reject(no_room(full))

    return endpoint
