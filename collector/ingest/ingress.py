"""What the HTTP and the gRPC server share: who sends, how much is in flight, what is valid, and where it goes next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from collector.http.webhook_signatures import Webhooks
from collector.ingest.authentication import Sender, Senders
from collector.ingest.content import Content
from collector.ingest.handler import Envelope, IngestHandler
from collector.ingest.in_flight import InFlight
from collector.ingest.offload import Offload
from collector.ingest.validation import Task, Validated, size_of, takes_a_while, validate_small
from collector.rejection import Rejection, ValidationError
from core.limits import FailedAttempts
from core.rejection_log import RejectionLog


class Ingress:
    """Shared by both servers. ``senders`` and ``webhooks`` are replaced when the catalog is reloaded."""

    def __init__(
        self, ingest_handler: IngestHandler, senders: Senders, webhooks: Webhooks, failures: FailedAttempts, rejections: RejectionLog
    ) -> None:
        self.ingest_handler = ingest_handler
        self.senders = senders
        self.webhooks = webhooks
        self.in_flight = InFlight()
        self.offload = Offload()
        self._turn = asyncio.Lock()
        self.failures = failures
        self.rejections = rejections
        self.problem: Callable[[], str] = lambda: ""

    def identify(self, authorization: str | None, andon_token: str | None, peer: str) -> Sender:
        """Return the sender of a request. Raises :class:`Rejection`: 401, or 503 for a peer whose credentials were wrong too often.

        A correct credential is accepted whatever else came from its address, because one address may serve many senders.
        """
        try:
            return self.senders.identify(authorization, andon_token)
        except Rejection as rejection:
            raise self.noted(rejection, peer) from None

    async def quarantine_or_log(self, rejection: Rejection, peer: str, envelope: Envelope | None, content: Content | None) -> str:
        """Quarantine what was rejected and return its id, or log it as rejected and return nothing.

        ``envelope`` is None while the sender is unknown, ``content`` until the body has been read completely. Raises
        :class:`core.errors.Full`.
        """
        if envelope is not None and content is not None and rejection.keep:
            return await self.ingest_handler.keep(rejection, content, envelope)
        source = envelope.sender.source if envelope is not None else ""
        tell = partial(self.rejections.rejected, rejection.error.reason, source=source, peer=peer, body=content)
        await content.read_by(tell) if content is not None else tell()
        return ""

    def noted(self, rejection: Rejection, peer: str) -> Rejection:
        """Count a wrong credential against its peer, and return the rejection that it gets."""
        if rejection.status == 404 or not (wait := self.failures.note(peer)):
            return rejection
        error = ValidationError("auth_rate_limited", "too many wrong credentials from this address", "authorization", f"wait {wait} s")
        return Rejection(503, error, keep=False, retry_after_seconds=wait)

    @asynccontextmanager
    async def validated(self, task: Task, content: Content) -> AsyncIterator[list[Any]]:
        """Yield the content of a body once it is validated: at once if that takes no time, otherwise offloaded.

        A request in OTLP becomes a list of :class:`collector.otlp.admission.Admitted`; anything else becomes events as JSON and, in a
        batch, :data:`collector.cloud_events.BadEvent`. Raises :class:`Rejection` and :class:`core.errors.Full`.
        """
        validated = await self._validate_in_turn(task, content) if takes_a_while(task, content) else validate_small(task, content)
        if validated is None:
            async with self.offload.validated(task, content) as validated:
                yield validated
            return
        size = max(content.size, size_of(validated))  # what was compressed is larger until it is on disk
        try:
            self.in_flight.count(content.size, size)
            yield validated
        finally:
            self.in_flight.count(size, content.size)

    async def _validate_in_turn(self, task: Task, content: Content) -> list[Validated] | None:
        """Validate after whoever came before: many that come at once must not keep the event loop from the short requests between them."""
        async with self._turn:
            try:
                return validate_small(task, content)
            finally:
                await asyncio.sleep(0)
