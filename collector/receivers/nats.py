"""NATS JetStream: fetches what a stream holds as a durable consumer and acknowledges a message only once it is on disk.

A CloudEvent is taken as it is; any other message becomes one event for each of its documents: JSON, text or what the source's ``format``
reads is its ``data``, other bytes ``data_base64``. ``content-type`` and ``content-encoding`` are read from headers of these names. Its id
is its ``Nats-Msg-Id``, else ``stream/sequence@time``: the time tells a stream that is made anew from the old one. A consumer that does
not exist is made, and reads all that the stream has; one that was deleted is made again, and what it reads once more has the same ids.

On failure: a full journal holds the batch, and nothing more is fetched; an unusable message goes to quarantine and is then acknowledged; a
lost connection, stream or consumer is tried again for ever, and the server delivers again what was not acknowledged within
``ACKNOWLEDGE_SECONDS``. Messages that the stream dropped before they were read are told in the log and counted, if the consumer reads all
of the stream and the stream does not keep only the newest messages of each subject.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError
from pydantic import AwareDatetime, Field

from collector.backoff import Backoff
from collector.brokers.address import read_address
from collector.brokers.nats_message import Told, message_of, told_of
from collector.brokers.queue_series import QueueState
from collector.brokers.reconnecting import end_when_cancelled, reconnect_for_ever
from collector.message import MessageSettings, records_of
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from core.errors import AndonError, Retryable
from core.secrets import resolve_secret

LOOK_SECONDS = 15.0
FETCH_SECONDS = 5.0
ANSWER_SECONDS = 15.0
ACKNOWLEDGE_SECONDS = 60.0
BATCH_MAX = 500
BATCH_MAX_BYTES = 16 << 20
_ERRORS = (nats.errors.Error, AndonError, OSError, RuntimeError, ValueError)
_LOG = logging.getLogger("andon.collector.nats")


class NatsSettings(MessageSettings):
    """Settings under ``receiver:``.

    The secret behind ``url`` is ``nats://user:password@server``, ``nats://token@server``, or ``tls://server?cafile=PATH``; in either
    scheme ``credentials=PATH`` names the file of a user's JWT, and ``nkey=PATH`` that of a seed.
    ``consumer`` is ``andon-SOURCE`` unless given. ``subject`` restricts it (``orders.>``), and ``start`` is the time from which messages
    are read; both hold for a consumer that is made. ``watch`` names other consumers of this stream whose lag is measured, such as that of
    the system behind them.
    """

    places: ClassVar[tuple[str, ...]] = ("stream", "subject")
    stream: str = Field(min_length=1)
    subject: str = ""
    consumer: str = Field(default="", pattern=r"^[^\s.*>/\\]*$")
    start: AwareDatetime | None = None
    watch: list[str] = Field(default_factory=list)
    event_source: str = "/streams/{stream}"


class NatsReceiver:
    """Reads one stream per source."""

    name = "nats"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(NatsSettings, settings)

    def queues(self, settings: dict[str, Any]) -> list[str]:
        """Return the stream, whose consumers' lag is told."""
        return [parse_settings(NatsSettings, settings).stream]

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; reconnect for ever."""
        settings = parse_settings(NatsSettings, context.source.receiver or {})
        await reconnect_for_ever(context, partial(_connected, context, settings), _ERRORS, _LOG, stream=settings.stream)


RECEIVER = NatsReceiver()


@dataclass
class _Place:
    """Up to where the consumer has come: in what it was given, and in the stream."""

    delivered: int
    sequence: int


async def _connected(context: ReceiverContext, settings: NatsSettings, backoff: Backoff) -> None:
    """Read over one connection until it is lost."""
    url = await asyncio.to_thread(resolve_secret, settings.url)
    address = await asyncio.to_thread(read_address, url, ("nats", 4222), ("tls", 4222), {"credentials", "nkey"})
    connection = _Client()
    await connection.connect(
        f"{'tls' if address.tls else 'nats'}://{address.host}:{address.port}",
        user=address.user if address.password else None,
        password=address.password or None,
        token=None if address.password else address.user or None,
        tls=address.tls,
        name=f"andon {context.source.source}",
        allow_reconnect=False,  # reconnecting is ours: with jitter, without an end, and with what the secret says by then
        max_reconnect_attempts=1,
        reconnect_time_wait=0,
        connect_timeout=int(ANSWER_SECONDS),
        user_credentials=address.options.get("credentials"),
        nkeys_seed=address.options.get("nkey"),
        error_cb=_note,
    )
    try:
        await end_when_cancelled(_read(connection, context, settings, backoff))
    finally:
        await asyncio.shield(asyncio.wait({asyncio.ensure_future(_end(connection))}, timeout=2.0))


class _Client(Client):
    """Reads every subject; bytes that are no UTF-8 are halves of characters in it, which no event can hold.

    The client would end the connection over such a message, which the server then delivers again, for ever.
    """

    def _build_message(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None) -> Msg:
        message: Msg = super()._build_message(sid, b"", reply, data, headers)
        message.subject = subject.decode("utf-8", "surrogateescape")
        return message


async def _read(connection: Client, context: ReceiverContext, settings: NatsSettings, backoff: Backoff) -> None:
    stream = connection.jetstream(timeout=ANSWER_SECONDS)
    consumer = settings.consumer or f"andon-{context.source.source}"
    found = await _find_consumer(stream, consumer, settings)
    place = _Place(found.delivered.consumer_seq, found.delivered.stream_seq) if found.delivered else _Place(0, 0)
    subscription = await stream.pull_subscribe_bind(consumer, settings.stream)
    context.tell_up(up=True)
    _LOG.info("reading", extra={"fields": {"source": context.source.source, "stream": settings.stream, "consumer": consumer}})
    loop, looked, wanted = asyncio.get_running_loop(), 0.0, BATCH_MAX // 8
    while True:
        batch = await _batch(subscription, wanted)
        if batch:
            told = [told_of(each) for each in batch]
            await _tell_gaps(context, stream, settings, place, told)
            await context.accept(records_of(map(message_of, batch, told), context, settings))
            for each in batch:
                await each.ack()
            wanted = max(1, min(BATCH_MAX, BATCH_MAX_BYTES * len(batch) // (sum(len(each.data) for each in batch) + 1)))
        else:
            await stream.consumer_info(settings.stream, consumer)  # raises if it was deleted: nobody tells who asks it for messages
        if loop.time() - looked >= LOOK_SECONDS:
            for reader in (consumer, *settings.watch):
                await _measure(context, stream, settings.stream, reader)
            looked = loop.time()
        backoff.reset()


async def _end(connection: Client) -> None:
    if connection.is_connected:
        await connection.flush(2)  # what was acknowledged last
    await connection.close()


async def _note(error: Exception) -> None:
    """Say nothing: the next call raises it."""
    _LOG.debug("the client tells of an error", extra={"fields": {"why": str(error)}})


async def _find_consumer(stream: JetStreamContext, consumer: str, settings: NatsSettings) -> ConsumerInfo:
    """Return the consumer, which is made if it does not exist. Raises :class:`Retryable` if it is not one that we can read with."""
    try:
        found: ConsumerInfo = await stream.consumer_info(settings.stream, consumer)
    except NotFoundError:
        await stream.stream_info(settings.stream)  # or the error would not say that it is the stream that is missing
        begin = DeliverPolicy.BY_START_TIME if settings.start else DeliverPolicy.ALL
        wanted = ConsumerConfig(
            durable_name=consumer,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACKNOWLEDGE_SECONDS,
            filter_subject=settings.subject or None,
            deliver_policy=begin,
            opt_start_time=settings.start.isoformat() if settings.start else None,  # type: ignore[arg-type]  # it is sent as it is
        )
        made: ConsumerInfo = await stream.add_consumer(settings.stream, wanted)
        return made
    config = found.config
    if config.deliver_subject or config.ack_policy != AckPolicy.EXPLICIT:
        raise Retryable(f"the consumer '{consumer}' does not wait to be asked, or for each acknowledgement; name another")
    if settings.subject and config.filter_subject != settings.subject:
        raise Retryable(f"the consumer '{consumer}' reads '{config.filter_subject or '>'}', not '{settings.subject}'; name another")
    return found


async def _batch(subscription: JetStreamContext.PullSubscription, most: int) -> list[Msg]:
    try:
        return await subscription.fetch(most, FETCH_SECONDS)
    except nats.errors.TimeoutError:
        return []


async def _tell_gaps(
    context: ReceiverContext, stream: JetStreamContext, settings: NatsSettings, place: _Place, batch: Sequence[Told]
) -> None:
    """Tell what the stream dropped between two messages that nobody else can have read; ``place`` is moved behind the batch."""
    for now in batch:
        next_one, is_next = place.sequence + 1, now.delivered == place.delivered + 1
        if now.sequence < next_one:  # delivered again
            place.delivered = max(place.delivered, now.delivered)
            continue
        if now.sequence > next_one and is_next and place.delivered and not settings.subject:
            info = await stream.stream_info(settings.stream)
            oldest = info.state.first_seq
            if oldest > next_one and (info.config.max_msgs_per_subject or 0) <= 0:
                fields = {"stream": settings.stream, "first": next_one, "last": min(oldest, now.sequence) - 1}
                context.tell_gap("the stream dropped them before they were read", **fields)
        place.delivered, place.sequence = now.delivered, now.sequence


async def _measure(context: ReceiverContext, stream: JetStreamContext, name: str, reader: str) -> None:
    """Tell what waits for a consumer, and how old it is."""
    try:
        found = await stream.consumer_info(name, reader)
    except NotFoundError:
        _LOG.warning("a consumer does not exist", extra={"fields": {"source": context.source.source, "stream": name, "consumer": reader}})
        return
    unacknowledged, waiting = found.num_ack_pending or 0, found.num_pending or 0
    oldest = await _oldest_seconds(context, stream, found) if waiting or unacknowledged else 0.0
    done = found.delivered.stream_seq - unacknowledged if found.delivered else None
    context.tell_queue(QueueState(name, reader, waiting, unacknowledged, oldest, done=done))


async def _oldest_seconds(context: ReceiverContext, stream: JetStreamContext, reader: ConsumerInfo) -> float:
    """Return the age of the oldest message that a consumer has not acknowledged."""
    done = reader.ack_floor.stream_seq if reader.ack_floor else 0
    try:
        message = await stream.get_msg(reader.stream_name, done + 1, reader.config.filter_subject or ">", next=True)
    except NotFoundError:
        return 0.0  # it was acknowledged or dropped meanwhile
    return max(0.0, (context.clock.now() - message.time).total_seconds()) if message.time else 0.0
