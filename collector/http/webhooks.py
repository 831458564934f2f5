"""``/v1/webhooks/{source}``: signed webhooks, each delivery once."""

from __future__ import annotations

import hashlib
import logging
from functools import partial

from starlette.responses import JSONResponse, Response

from collector.http.exchange import Endpoint, Exchange, answering
from collector.http.webhook_signatures import delivery_headers, unused_type
from collector.ingest import validation
from collector.ingest.authentication import sender_of
from collector.ingest.content import Content
from collector.ingest.ingress import Ingress
from collector.ingest.validation import Task
from collector.quarantine import WEBHOOK
from collector.rejection import Rejection
from core.catalog.source import Source
from core.signal import SignalKind

_LOG = logging.getLogger("andon.collector")


def webhook_endpoint(ingress: Ingress) -> Endpoint:
    """Return the endpoint of deliveries."""

    def verify(exchange: Exchange, content: Content) -> tuple[Source, str, bytes]:
        """Return the source, the delivery's own id and its body's fingerprint: only the raw body proves the sender."""
        raw, name = content.whole(), exchange.request.path_params["source"]
        try:
            source, delivery = ingress.webhooks.verify(name, exchange.request.headers, raw, ingress.ingest_handler.now() // 1000)
        except Rejection as rejection:
            raise ingress.noted(rejection, exchange.peer) from None
        return source, delivery, hashlib.sha256(raw).digest()

    told: set[str] = set()

    def warned(exchange: Exchange, source: Source, event: bytes) -> dict[str, str]:
        """Return what to add to the answer if the delivery's own type goes unused; each source is logged once."""
        unused = unused_type(source, exchange.request.headers, event)
        if not unused:
            return {}
        warning = f"the delivery's own type '{unused[:100]}' is not used; write {{type}} in the 'type' of the source's webhook to use it"
        if source.source not in told:
            told.add(source.source)
            _LOG.warning(warning, extra={"fields": {"source": source.source}})
        return {"warning": warning}

    async def receive(exchange: Exchange) -> Response:
        """Return 200, also for a delivery that came before. Raises a rejection of 401 or 404, and :class:`core.errors.Full` (503)."""
        content = await exchange.read(validation.JSON_MAX_BYTES)

        source, delivery, fingerprint = await content.read_by(partial(verify, exchange, content))
        if ingress.webhooks.seen.is_replay(source.source, delivery, fingerprint):
            return JSONResponse({"accepted": 0, "replayed": True})
        envelope = exchange.set_sender(sender_of(source), WEBHOOK)

        attributes = delivery_headers(source, delivery, exchange.request.headers)
        task = Task(SignalKind.EVENT, validation.DELIVERY, envelope.encoding, envelope.content_type, attributes)
        async with ingress.validated(task, content) as events:
            await ingress.ingest_handler.take_event(events[0], envelope)
            warning = warned(exchange, source, events[0])

        # only now that it is on disk: a delivery that was refused must be able to come again
        ingress.webhooks.seen.remember(source.source, delivery, fingerprint)
        return JSONResponse({"accepted": 1, **warning})

    return answering(ingress, receive)
