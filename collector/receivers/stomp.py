"""STOMP: subscribes to a queue or topic of ActiveMQ, Artemis or any other broker of JMS messages, and acknowledges once it is on disk.

A CloudEvent is taken as it is; any other message becomes one event for each of its documents: JSON, text or what the source's ``format``
reads is its ``data``, other bytes ``data_base64``. JMS properties are headers, ``JMSType`` is the type, and ``JMSTimestamp`` the
time. A topic is read by a durable subscription where ``durable`` names one: the broker then keeps what is sent while we are away.

A broker gives STOMP only texts and bytes: the body of an ObjectMessage, or of ActiveMQ's MapMessage, comes empty. Such a message is an
event with its properties and without ``data``; it is counted (``andon_empty_messages_total``), and told once per connection.

On failure: a full journal holds the batch, and the broker stops sending at ``prefetch``; an unusable message goes to quarantine and is then
acknowledged; a lost connection is retried for ever, and the broker sends again what was not acknowledged, under the same id.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

import stomp
from pydantic import Field, field_validator, model_validator
from stomp.exception import StompException
from stomp.utils import Frame

from collector.backoff import Backoff
from collector.brokers.activemq_queues import Place, Watched, doubts, telling_queues
from collector.brokers.reconnecting import reconnect_for_ever
from collector.brokers.stomp_connection import ANSWER_SECONDS, connect
from collector.message import Message, MessageSettings, records_of
from collector.plugin_settings import Reference
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from core.clock import EPOCH
from core.errors import AndonError, Retryable
from core.telemetry import M

CHECK_SECONDS = 5.0
_OWN_HEADERS = {
    "ack", "content-length", "content-type", "correlation-id", "destination", "expires", "message-id", "persistent", "priority", "redelivered",
    "subscription", "timestamp", "type", "JMSXDeliveryCount", "destination-type", "__AMQ_CID",
}  # fmt: skip
_ARTEMIS_ID = re.compile(r"\d+,(\d+)", re.ASCII)
_ERRORS = (StompException, AndonError, OSError, ValueError)
_LOG = logging.getLogger("andon.collector.stomp")


class StompSettings(MessageSettings):
    """Settings under ``receiver:``.

    The address is ``stomp://user:password@host:61613``, or ``stomps://host:61614?cafile=PATH&certfile=PATH&keyfile=PATH``. ``destination``
    is ``/queue/NAME`` or ``/topic/NAME``; of an Artemis whose acceptor has no prefixes for them ``NAME`` alone, which is a queue, or
    with ``durable`` a topic. ``durable`` names a durable subscription to a topic, and ``client_id`` us; else that is made of the source's
    name. ``selector`` is a JMS selector. ``prefetch`` limits how many unacknowledged messages we hold.

    The secret behind ``management`` is where ActiveMQ or Artemis is managed by HTTP: ``http://user:password@broker:8161/api/jolokia``, of
    Artemis ``…/console/jolokia``. With it, what waits in the queue or for the durable subscription is told, and in the queues that
    ``watch`` names besides: those that other systems read. A queue is named without ``/queue/``. ``dead_letters`` maps a queue to its
    dead-letter queue.
    """

    places: ClassVar[tuple[str, ...]] = ("destination",)
    destination: str = Field(min_length=1, max_length=1024)
    event_source: str = "{destination}"
    durable: str = Field(default="", max_length=255)
    client_id: str = Field(default="", max_length=255)
    selector: str = ""
    prefetch: int = Field(default=500, ge=1, le=10_000)
    watch: list[str] = Field(default_factory=list)
    dead_letters: dict[str, str] = Field(default_factory=dict)
    management: Reference | None = None

    @field_validator("destination")
    @classmethod
    def _kind(cls, text: str) -> str:
        if (text.startswith("/") and not text.startswith(("/queue/", "/topic/"))) or text.endswith("/"):
            raise ValueError("write /queue/NAME or /topic/NAME, or for Artemis without prefixes NAME")
        return text

    @model_validator(mode="after")
    def _somebody_tells(self) -> StompSettings:
        if (self.watch or self.dead_letters) and self.management is None:
            raise ValueError("only the broker's management tells what waits in queues; write management: env:NAME beside watch")
        if unknown := sorted(set(self.dead_letters) - {place.name for place in self.told("")}):
            raise ValueError(f"dead_letters names '{unknown[0]}', whose state is not told; write it under watch, without /queue/")
        return self

    def told(self, client_id: str) -> list[Place]:
        """Return the queues, and the durable subscription, whose state is told; ``client_id``: ours at the broker."""
        name = self.destination.removeprefix("/queue/").removeprefix("/topic/")
        ours = Place(name, client_id, self.durable) if self.durable else Place(name)
        mine = [] if self.destination.startswith("/topic/") and not self.durable else [ours]  # such a topic keeps nothing
        return list(dict.fromkeys([*mine, *map(Place, self.watch)])) if self.management else []


class StompReceiver:
    """Reads one destination per source."""

    name = "stomp"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(StompSettings, settings)

    def queues(self, settings: dict[str, Any]) -> list[str]:
        """Return the queues whose state is told, and the topic of a durable subscription; none without ``management``."""
        return [place.name for place in parse_settings(StompSettings, settings).told("")]

    def untold(self, settings: dict[str, Any]) -> str:
        """Return why nobody tells what waits; nothing with ``management``."""
        told = parse_settings(StompSettings, settings).management is not None
        return "" if told else "ActiveMQ and Artemis tell it where its receiver names their management"

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        """Return which queues of others the broker does not have, as its management says; nothing without one."""
        given = parse_settings(StompSettings, settings)
        watched = Watched(given.url, given.management or "", list(map(Place, given.watch)), given.dead_letters)
        return asyncio.run(doubts(watched)) if watched.places else []

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; reconnect for ever."""
        settings = parse_settings(StompSettings, context.source.receiver or {})
        reading = partial(_connected, context, settings)
        watched = Watched(settings.url, settings.management or "", settings.told(_client_id(context, settings)), settings.dead_letters)
        async with telling_queues(context, watched):  # also while the broker refuses us, who are not all that read it
            await reconnect_for_ever(context, reading, _ERRORS, _LOG, destination=settings.destination)


RECEIVER = StompReceiver()


async def _connected(context: ReceiverContext, settings: StompSettings, backoff: Backoff) -> None:
    """Read over one connection until it is lost."""
    inbox = _Inbox()
    connection = await asyncio.to_thread(connect, settings.url, inbox, _client_id(context, settings) if settings.durable else "")
    try:
        await inbox.answered()
        await asyncio.to_thread(_subscribe, connection, settings)
        await inbox.answered()
        context.tell_up(up=True)
        _LOG.info("reading", extra={"fields": {"source": context.source.source, "destination": settings.destination}})
        told_empty = False
        while True:
            batch = await inbox.batch()
            if batch:
                records = records_of([message_of(frame, settings) for frame in batch], context, settings)
                await context.accept(records, inbox.check)
                await asyncio.to_thread(connection.ack, batch[-1].headers["ack"])  # and with it all before
                told_empty = _tell_empty(context, settings, batch, told=told_empty)
            backoff.reset()
    finally:
        inbox.close()
        await asyncio.shield(asyncio.wait({asyncio.ensure_future(asyncio.to_thread(connection.transport.disconnect_socket))}, timeout=2.0))


def _client_id(context: ReceiverContext, settings: StompSettings) -> str:
    return settings.client_id or f"andon-{context.source.source}"


def _tell_empty(context: ReceiverContext, settings: StompSettings, batch: list[Frame], *, told: bool) -> bool:
    """Count the messages without a body, and say what to do about the first one; return whether that has been said."""
    empty = [frame for frame in batch if not frame.body]
    if not empty:
        return told
    context.telemetry.add(M.EMPTY_MESSAGES, len(empty), source=context.source.source)
    if not told:
        fields = {
            "source": context.source.source,
            "destination": settings.destination,
            "message_id": empty[0].headers.get("message-id", ""),
        }
        _LOG.warning(
            "a message came without a body; if it is an ObjectMessage or a MapMessage, let its sender write a TextMessage or a BytesMessage"
            " instead, because the broker gives no other to STOMP",
            extra={"fields": fields},
        )
    return True


def _subscribe(connection: stomp.Connection12, settings: StompSettings) -> None:
    most = str(settings.prefetch)
    # each broker has its own name for the same: ActiveMQ, RabbitMQ; Artemis counts bytes
    headers = {"activemq.prefetchSize": most, "prefetch-count": most, "consumer-window-size": str(1024 * settings.prefetch)}
    if settings.durable:
        headers |= {"activemq.subscriptionName": settings.durable, "durable-subscription-name": settings.durable}
    if not settings.destination.startswith("/"):
        headers["subscription-type"] = "MULTICAST" if settings.durable else "ANYCAST"
    if settings.selector:
        headers["selector"] = settings.selector
    connection.subscribe(settings.destination, "andon", ack="client", headers=headers | {"receipt": "subscribed"})


class _Inbox(stomp.ConnectionListener):  # type: ignore[misc]  # the client has no types
    """What the client's thread hears, handed to the event loop that made it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._answers = 0
        self._held: deque[Frame] = deque()
        self._lost: Exception | None = None

    async def answered(self) -> None:
        """Wait for the broker's next answer: that we are connected, or subscribed."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while not self._answers:
                    await self._change()
        except TimeoutError as error:
            raise Retryable(f"the broker did not answer within {ANSWER_SECONDS:.0f} seconds") from error
        self._answers -= 1

    async def batch(self) -> list[Frame]:
        """Return what has arrived, in order; an empty list if nothing came for a while. Raises once the connection is lost."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                while not self._held:
                    await self._change()
        except TimeoutError:
            return []
        self.check()
        taken = list(self._held)
        self._held.clear()
        return taken

    def check(self) -> None:
        """Raise if the connection is lost."""
        if self._lost is not None:
            raise self._lost

    def close(self) -> None:
        """Hear nothing more."""
        self._lost = self._lost or Retryable("closed")

    async def _change(self) -> None:
        self.check()
        self._changed.clear()
        await self._changed.wait()
        self.check()

    def _tell(self, what: Callable[[], object]) -> None:
        def done() -> None:
            what()
            self._changed.set()

        if self._lost is None:
            self._loop.call_soon_threadsafe(done)

    def _lose(self, why: str) -> None:
        self._lost = self._lost or Retryable(why)

    def _answer(self) -> None:
        self._answers += 1

    def on_connected(self, frame: Frame) -> None:  # noqa: ARG002 - the client calls it so
        """Count the answer."""
        self._tell(self._answer)

    def on_receipt(self, frame: Frame) -> None:  # noqa: ARG002 - the client calls it so
        """Count the answer."""
        self._tell(self._answer)

    def on_message(self, frame: Frame) -> None:
        """Hold a message."""
        self._tell(partial(self._held.append, frame))

    def on_error(self, frame: Frame) -> None:
        """Take the broker's refusal as the end of the connection, which it is."""
        self._tell(partial(self._lose, f"the broker refused: {str(frame.headers.get('message', ''))[:500]}"))

    def on_heartbeat_timeout(self) -> None:
        """Take silence as the end of the connection."""
        self._tell(partial(self._lose, "the broker is silent"))

    def on_disconnected(self) -> None:
        """Take the end of the connection."""
        self._tell(partial(self._lose, "the broker closed the connection"))


def message_of(frame: Frame, settings: StompSettings) -> Message:
    """Return what the broker delivered, as every broker's messages are read."""
    said = frame.headers
    body = frame.body
    return Message(
        body if isinstance(body, bytes) else str(body or "").encode(),
        {"destination": settings.destination},
        headers={name: value for name, value in said.items() if name not in _OWN_HEADERS},
        content_type=said.get("content-type", ""),
        message_id=_id(said.get("message-id", ""), said.get("timestamp", "")),
        type=said.get("type", ""),
        correlation_id=said.get("correlation-id", ""),
        time=_time(said.get("timestamp", "")),
    )


def _id(given: str, timestamp: str) -> str:
    """Return the id that a message has in every delivery.

    Artemis says the number of our subscription, which differs after each reconnection, and that of the message, which begins again where
    the broker's disk does.
    """
    of_artemis = _ARTEMIS_ID.fullmatch(given)
    return f"{of_artemis[1]}@{timestamp}" if of_artemis else given


def _time(milliseconds: str) -> datetime | None:
    """Return a JMS timestamp; None for 0, which says that there is none, and for what is no number."""
    try:
        return EPOCH + timedelta(milliseconds=int(milliseconds)) if int(milliseconds) > 0 else None
    except (ValueError, OverflowError):
        return None
