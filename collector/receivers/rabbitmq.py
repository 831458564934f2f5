"""RabbitMQ: consumes a queue and acknowledges a message only once it is on disk.

A CloudEvent is taken as it is; any other message becomes one event for each of its documents: JSON, text or what the source's ``format``
reads is its ``data``, other bytes ``data_base64``. CloudEvents in AMQP have ``cloudEvents:`` headers. The routing key becomes an
attribute. Timestamps are seconds, as AMQP says, or milli-, micro- or nanoseconds, as some publishers send them. Of a stream, the broker
keeps no position for us: we keep the offset of the last message on disk, and what the stream dropped after it is told as a gap.

On failure: a full journal holds the batch, and the broker stops sending at ``prefetch``; an unusable message goes to quarantine and is then
acknowledged; a lost connection or queue is retried for ever, and the broker redelivers what was not acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from functools import lru_cache, partial
from typing import Any, ClassVar, Literal

import msgspec
from pika.exceptions import AMQPError, ChannelClosedByBroker
from pydantic import BaseModel, ConfigDict, Field

from collector.backoff import Backoff
from collector.brokers.rabbitmq_connection import RabbitmqChannel, RabbitmqConnection, connected, parameters_of
from collector.brokers.rabbitmq_decoding import ReadProperties, read_every_message
from collector.brokers.rabbitmq_queues import Watched, doubts, telling_queues
from collector.brokers.reconnecting import end_when_cancelled, reconnect_for_ever
from collector.message import Message, MessageSettings, records_of
from collector.plugin_settings import Reference
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from core.errors import AndonError, Retryable
from core.secrets import resolve_secret

CHECK_SECONDS = 5.0
FIRST_SECONDS = 2.0
PRECONDITION_FAILED = 406
BATCH_MAX_BYTES = 16 << 20
GATHER_SECONDS = 0.002
"""How long more messages are waited for: without it a burst comes in batches of a few, each synced to disk."""
_BROKER_ERRORS = (AMQPError, AndonError, OSError, RuntimeError, ValueError)
"""What a lost, refused or garbled connection to a broker raises; some of the client's errors are Python's own."""
_LOG = logging.getLogger("andon.collector.rabbitmq")


class Binding(BaseModel):
    """Which messages of an exchange are routed to a queue that we declare ourselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exchange: str
    routing_key: str = "#"


class RabbitmqSettings(MessageSettings):
    """Settings under ``receiver:``.

    The address is ``amqp://user:password@host:5672/virtual-host``, or ``amqps://host:5671/…?cafile=PATH&certfile=PATH&keyfile=PATH``;
    ``auth=external`` logs in by that certificate, and ``heartbeat`` is in seconds.

    The queue must exist unless ``declare`` is true; ``prefetch`` limits how many unacknowledged messages we hold. A stream is read from its
    beginning the first time or, with ``from: new``, from what comes then.

    What waits in the queue is told, and in those that ``watch`` names besides: queues that other systems read. The secret behind
    ``management`` is the address of the broker's management API (``http://user:password@broker:15672``); without it the broker tells only
    how many messages are ready. ``dead_letters`` maps a queue to its dead-letter queue where the broker does not say so itself.
    """

    places: ClassVar[tuple[str, ...]] = ("routing_key", "exchange", "queue")
    queue: str = Field(min_length=1, max_length=255)
    prefetch: int = Field(default=500, ge=1, le=10_000)
    event_source: str = "/queues/{queue}"
    from_: Literal["beginning", "new"] = Field(default="beginning", alias="from")
    declare_: bool = Field(default=False, alias="declare")
    durable: bool = True
    arguments: dict[str, str | int | bool] = Field(default_factory=dict)
    bindings: list[Binding] = Field(default_factory=list)
    watch: list[str] = Field(default_factory=list)
    dead_letters: dict[str, str] = Field(default_factory=dict)
    management: Reference | None = None

    @property
    def told(self) -> list[str]:
        """The queues whose state is told."""
        return list(dict.fromkeys([self.queue, *self.watch]))


class RabbitmqReceiver:
    """Reads one queue per source."""

    name = "rabbitmq"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(RabbitmqSettings, settings)

    def queues(self, settings: dict[str, Any]) -> list[str]:
        """Return the queues whose state is told."""
        return parse_settings(RabbitmqSettings, settings).told

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        """Return what the broker's management API says against its queues; nothing without one."""
        given = parse_settings(RabbitmqSettings, settings)
        return asyncio.run(doubts(_watched(given))) if given.management else []

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; reconnect for ever."""
        settings = parse_settings(RabbitmqSettings, context.source.receiver or {})
        read_every_message()
        await reconnect_for_ever(context, partial(_connected, context, settings), _BROKER_ERRORS, _LOG, queue=settings.queue)


RECEIVER = RabbitmqReceiver()


async def _connected(context: ReceiverContext, settings: RabbitmqSettings, backoff: Backoff) -> None:
    """Read over one connection until it is lost."""
    url = await asyncio.to_thread(resolve_secret, settings.url)
    parameters = await asyncio.to_thread(parameters_of, url, f"andon {context.source.source}")
    async with connected(parameters) as connection, telling_queues(connection, context, _watched(settings)):
        await end_when_cancelled(_read(connection, context, settings, backoff))


def _watched(settings: RabbitmqSettings) -> Watched:
    return Watched(settings.url, settings.management, settings.told, settings.dead_letters)


async def _read(connection: RabbitmqConnection, context: ReceiverContext, settings: RabbitmqSettings, backoff: Backoff) -> None:
    position = _Position(context, settings)
    channel, arrived = await _consumed(connection, settings, position)
    context.tell_up(up=True)
    _LOG.info("reading", extra={"fields": {"source": context.source.source, "queue": settings.queue}})
    while True:
        batch = await arrived.batch()
        if not batch:
            await _check_consumer(channel, settings)
            backoff.reset()
            continue
        records = records_of([delivery.message for delivery in batch], context, settings)
        await context.accept(records, partial(_check_open, channel))
        position.save(batch[-1])
        channel.acknowledge(batch[-1].tag)
        backoff.reset()


class Delivery(msgspec.Struct, gc=False):
    """A message, the ``tag`` that acknowledges it and all before it, and its ``offset`` in a stream."""

    message: Message
    tag: int
    offset: int | None


class Arrived:
    """Messages of a queue in the order in which they came, until the channel closes; ``most`` of them are a batch."""

    def __init__(self, queue: str, most: int) -> None:
        self._queue = queue
        self._most = most
        self._waiting: deque[Delivery] = deque()
        self._some, self._enough, self._closed = asyncio.Event(), asyncio.Event(), False

    def put(self, _: object, method: Any, properties: ReadProperties, body: bytes) -> None:
        """Take a message. Nothing is kept of the client's own objects: the more there are, the more often Python looks for garbage."""
        self._waiting.append(Delivery(message_of(method, properties, body, self._queue), method.delivery_tag, offset_of(properties)))
        self._some.set()
        if len(self._waiting) >= self._most:
            self._enough.set()

    def close(self) -> None:
        """Say that the channel is closed: what has not been taken comes again."""
        self._closed = True
        self._some.set()
        self._enough.set()

    async def batch(self) -> list[Delivery]:
        """Return what has arrived; an empty list if nothing came for a while. Raises :class:`Retryable` if the channel is closed."""
        if not await _within(CHECK_SECONDS, self._some):
            return []
        await _within(GATHER_SECONDS, self._enough)
        if self._closed:
            raise Retryable("the broker closed the channel")
        batch: list[Delivery] = []
        size = 0
        while self._waiting and len(batch) < self._most and size < BATCH_MAX_BYTES:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].message.body)
        if not self._waiting:
            self._some.clear()
        if len(self._waiting) < self._most:
            self._enough.clear()
        return batch


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Return whether it happens in this time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


class _Position:
    """The offset of the last message of a stream that is on disk; queues that are no streams have none."""

    def __init__(self, context: ReceiverContext, settings: RabbitmqSettings) -> None:
        self._context = context
        self._settings = settings
        self._file = context.state / "offset.json"
        self.is_stream = True  # until the broker says otherwise
        self.last: int | None = None
        with contextlib.suppress(FileNotFoundError):
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self.last = kept["offset"] if kept["queue"] == settings.queue else None

    def next(self) -> int | str:
        """Return where to go on: an offset, or the broker's word."""
        return self.last + 1 if self.last is not None else {"beginning": "first", "new": "next"}[self._settings.from_]

    def save(self, delivery: Delivery) -> None:
        """Keep the offset of a message that is on disk; what a crash loses of that is read again, and known by its offset."""
        if not self.is_stream:
            return
        self.last = delivery.offset
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps({"queue": self._settings.queue, "offset": self.last}), encoding="utf-8")
        beside.replace(self._file)

    def look_for_gap(self, first: int | None) -> None:
        """Tell that the stream no longer has what comes after our position; ``first`` is what it begins with now."""
        if self.last is not None and first is not None and first > self.last + 1:
            what = "the stream dropped messages before they were read"
            self._context.tell_gap(what, queue=self._settings.queue, after=self.last, until=first)


async def _consumed(connection: RabbitmqConnection, settings: RabbitmqSettings, position: _Position) -> tuple[RabbitmqChannel, Arrived]:
    """Return a channel that consumes the queue, and where its messages arrive.

    A broker does not say whether a queue is a stream, but refuses an offset for one that is none.
    """
    arguments: dict[str, Any] = {"x-stream-offset": position.next()}
    while True:
        channel, arrived = await connection.channel(), Arrived(settings.queue, settings.prefetch)
        channel.when_closed(arrived.close)
        await _find_queue(channel, settings)
        try:
            await channel.consume(settings.queue, arrived.put, settings.prefetch, arguments)
        except ChannelClosedByBroker as error:
            if error.reply_code != PRECONDITION_FAILED or not arguments or "x-stream-offset" not in error.reply_text:
                raise
            arguments, position.is_stream = {}, False
            continue
        if position.is_stream:
            position.look_for_gap(await _first_offset(connection, settings))
        return channel, arrived


async def _first_offset(connection: RabbitmqConnection, settings: RabbitmqSettings) -> int | None:
    """Return the offset of the first message that a stream has; None if it has none."""
    found: asyncio.Queue[int | None] = asyncio.Queue()
    async with await connection.channel() as channel:
        await channel.consume(
            settings.queue, lambda _, __, properties, ___: found.put_nowait(offset_of(properties)), 1, {"x-stream-offset": "first"}
        )
        try:
            return await asyncio.wait_for(found.get(), FIRST_SECONDS)
        except TimeoutError:
            return None


def offset_of(properties: ReadProperties) -> int | None:
    """Return the offset of a message of a stream; None for any other."""
    offset = properties.headers.get("x-stream-offset") if properties.headers else None
    return offset if isinstance(offset, int) else None


async def _find_queue(channel: RabbitmqChannel, settings: RabbitmqSettings) -> None:
    if not settings.declare_:
        await channel.described(settings.queue)
        return
    await channel.declare(settings.queue, durable=settings.durable, arguments=settings.arguments)
    for binding in settings.bindings:
        await channel.bind(settings.queue, binding.exchange, binding.routing_key)


async def _check_consumer(channel: RabbitmqChannel, settings: RabbitmqSettings) -> None:
    """Raise if the queue is gone or nobody reads it any more: a broker that deletes a queue does not close the channel."""
    if not (await channel.described(settings.queue)).consumer_count:
        raise Retryable("the broker ended our consumer because the queue was deleted and recreated")


def _check_open(channel: RabbitmqChannel) -> None:
    if not channel.is_open:
        raise Retryable("the broker closed the channel while the journal was full")


def message_of(method: Any, properties: ReadProperties, body: bytes, queue: str) -> Message:
    """Return what the broker delivered, as every broker's messages are read."""
    offset = offset_of(properties)
    place, extensions = _place(method.exchange, queue, method.routing_key)
    return Message(
        body,
        place,
        headers=properties.headers or {},
        content_type=properties.content_type or "",
        content_encoding=properties.content_encoding or "",
        message_id=properties.message_id or "",
        identity="" if offset is None else f"{queue}/{offset}",
        type=properties.type or "",
        correlation_id=properties.correlation_id or "",
        time=properties.timestamp,
        extensions=extensions,
        ce_prefixes=("cloudEvents:", "cloudEvents_"),
        unreadable=properties.unreadable,
    )


@lru_cache(maxsize=1000)
def _place(exchange: str, queue: str, routing_key: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return where a message was read, and its attribute of that; messages of one kind share them."""
    return {"exchange": exchange, "queue": queue, "routing_key": routing_key}, {"routingkey": routing_key}
