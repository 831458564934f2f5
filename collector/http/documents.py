"""``/v1/documents/{source}``: documents in the format of a source, as many as a body holds."""

from __future__ import annotations

from starlette.responses import Response

from collector.http.events import take_batch
from collector.http.exchange import Endpoint, Exchange, answering
from collector.ingest import validation
from collector.ingest.authentication import sender_of
from collector.ingest.ingress import Ingress
from collector.ingest.uploads import upload_headers
from collector.ingest.validation import Task
from collector.quarantine import MESSAGE
from collector.rejection import reject
from core.signal import SignalKind


def documents_endpoint(ingress: Ingress) -> Endpoint:
    """Return the endpoint of documents."""

    async def receive(exchange: Exchange) -> Response:
        """Return how many documents were taken, and what is wrong with the others."""
        sender = exchange.identify(SignalKind.EVENT).sender
        source = ingress.senders.document_source(exchange.request.path_params["source"], sender)
        envelope = exchange.set_sender(sender_of(source), MESSAGE)
        if envelope.content_type.strip().lower().startswith("multipart/"):  # whose own lines would be read as those of the document
            what = "a form with files in it is not read"
            hint = "send one document, or file of documents, as the body itself (curl --data-binary @FILE)"
            raise reject(415, "unsupported_type", what, field="content-type", what_to_do=hint)

        task = Task(SignalKind.EVENT, validation.DOCUMENTS, envelope.encoding, envelope.content_type, upload_headers(source))
        content = await exchange.read(task.max_bytes)
        async with ingress.validated(task, content) as events:
            return await take_batch(ingress.ingest_handler, events, envelope, envelope.content_type)

    return answering(ingress, receive)
