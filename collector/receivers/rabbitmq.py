"""RabbitMQ: consumes a queue and acknowledges a message only once it is on disk.

A message becomes one event. CloudEvents in AMQP (structured, batch, or ``cloudEvents:`` headers) are taken as they are. The id of any other
message is ``message_id``, else a hash of queue, routing key, headers and body, so that a redelivery is the same event: two messages that
are alike in all of these count as one. Scalar headers and the routing key become extension attributes (``traceparent`` and ``baggage`` keep
their names, others lose everything but letters and digits); the body is ``data`` if it is JSON or text, else ``data_base64``. Timestamps
are seconds, as AMQP says, or milli-, micro- or nanoseconds, as some publishers send them.

On failure: a full journal holds the batch, and the broker stops sending at ``prefetch``; an unusable message goes to quarantine and is then
acknowledged; a lost connection or queue is retried for ever, and the broker redelivers what was not acknowledged.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import aio_pika
import pamqp.decode
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError
from pamqp.exceptions import PAMQPException
from pydantic import BaseModel, ConfigDict, Field, field_validator

from collector.backoff import Backoff
from collector.cloud_events import BATCH, STRUCTURED, parse_batch, parse_binary, parse_structured
from collector.json_guard import check_json
from collector.quarantine import MESSAGE
from collector.receiver import ReceiverContext
from collector.receiver_settings import ReceiverSettings, parse_settings
from collector.rejection import Rejection, ValidationError
from core.clock import EPOCH
from core.errors import AndonError, Retryable
from core.secrets import resolve_secret
from core.signal import Record, SignalKind

CHECK_SECONDS = 5.0
ANSWER_SECONDS = 15.0
MESSAGE_MAX_BYTES = 16 << 20
BATCH_MAX_BYTES = 16 << 20
_PLACEHOLDER = re.compile(r"\{(type|routing_key|exchange|queue|headers\.[^{}]+)\}")
_OWN_ATTRIBUTES = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "database64"}
_HEADERS_MAX = 64
_BROKER_ERRORS = (AMQPError, PAMQPException, AndonError, OSError, RuntimeError, ValueError)
"""What a lost, refused or garbled connection to a broker raises; some of the client's errors are Python's own."""
_LOG = logging.getLogger("andon.collector.rabbitmq")


class Binding(BaseModel):
    """Which messages of an exchange are routed to a queue that we declare ourselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exchange: str
    routing_key: str = "#"


class RabbitmqSettings(ReceiverSettings):
    """Settings under ``receiver:``.

    The queue must exist unless ``declare`` is true; ``prefetch`` limits how many unacknowledged messages we hold.
    """

    queue: str = Field(min_length=1, max_length=255)
    prefetch: int = Field(default=500, ge=1, le=10_000)
    event_type: str = "{type}"
    event_source: str = "/queues/{queue}"
    declare_: bool = Field(default=False, alias="declare")
    durable: bool = True
    arguments: dict[str, str | int | bool] = Field(default_factory=dict)
    bindings: list[Binding] = Field(default_factory=list)

    @field_validator("event_type", "event_source")
    @classmethod
    def _only_known_places(cls, text: str) -> str:
        if not text or set("{}") & set(_PLACEHOLDER.sub("", text)):
            raise ValueError("write text with {type}, {routing_key}, {exchange}, {queue} or {headers.NAME}")
        return text


class RabbitmqReceiver:
    """Reads one queue per source."""

    name = "rabbitmq"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(RabbitmqSettings, settings)

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; reconnect for ever."""
        settings = parse_settings(RabbitmqSettings, context.source.receiver or {})
        _read_every_timestamp()
        backoff = Backoff()
        fields: dict[str, Any] = {"source": context.source.source, "queue": settings.queue}
        while True:
            try:
                await _connected(context, settings, backoff)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                why = "the connection was closed"  # the client cancels its own calls when the connection is lost
            except _BROKER_ERRORS as error:  # whatever it was, the next attempt may work
                why = f"{type(error).__name__}: {_without_password(str(error))}"
            finally:
                context.tell_up(up=False)
            waiting = backoff.next()
            _LOG.warning(
                "the queue cannot be read, trying again", extra={"fields": {**fields, "why": why, "wait_seconds": round(waiting, 1)}}
            )
            await asyncio.sleep(waiting)


RECEIVER = RabbitmqReceiver()


_strict_timestamp = pamqp.decode.timestamp


def _timestamp(value: bytes) -> tuple[int, datetime]:
    """Return the 8 bytes read and the time. What the client cannot read as (milli)seconds is in microseconds, else in nanoseconds.

    Every 64-bit number is a time in one of these units (the largest is in 2554). Raises ValueError for less than 8 bytes.
    """
    try:
        return _strict_timestamp(value)
    except (ValueError, OverflowError, OSError):  # the last two come from the system's calendar, for years it does not support
        if len(value) < 8:
            raise
    number = int.from_bytes(value[:8], "big")
    try:
        return 8, EPOCH + timedelta(microseconds=number)
    except OverflowError:
        return 8, EPOCH + timedelta(microseconds=number // 1000)


def _read_every_timestamp() -> None:
    """Make the client read every timestamp, in a message and in its headers, for the whole process.

    The client decodes while it reads the connection: an error there ends the connection before we have a message to quarantine, and the
    broker redelivers the same one for ever.
    """
    pamqp.decode.METHODS["timestamp"] = _timestamp
    pamqp.decode.TABLE_MAPPING[b"T"] = _timestamp


async def _connected(context: ReceiverContext, settings: RabbitmqSettings, backoff: Backoff) -> None:
    """Read over one connection until it is lost; it is always closed, which returns what was not acknowledged."""
    url = await asyncio.to_thread(resolve_secret, settings.url)
    connection = await aio_pika.connect(
        url, timeout=ANSWER_SECONDS, client_properties={"connection_name": f"andon {context.source.source}"}
    )
    try:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=settings.prefetch)
        queue = await _find_queue(channel, settings)
        arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        channel.close_callbacks.add(lambda *_: arrived.put_nowait(None))
        await queue.consume(arrived.put)
        context.tell_up(up=True)
        _LOG.info("reading", extra={"fields": {"source": context.source.source, "queue": settings.queue}})
        while True:
            batch = await _batch(arrived, settings.prefetch)
            if not batch:
                await _check_consumer(channel, settings)
                backoff.reset()
                continue
            records = [record for message in batch for record in records_of(message, context, settings)]
            await context.accept(records, partial(_check_open, channel))
            await batch[-1].ack(multiple=True)
            backoff.reset()
    finally:
        await asyncio.shield(asyncio.wait({asyncio.ensure_future(connection.close())}, timeout=2.0))


async def _find_queue(channel: AbstractChannel, settings: RabbitmqSettings) -> AbstractQueue:
    if not settings.declare_:
        return await channel.declare_queue(settings.queue, passive=True, timeout=ANSWER_SECONDS)
    queue = await channel.declare_queue(
        settings.queue, durable=settings.durable, arguments=dict(settings.arguments), timeout=ANSWER_SECONDS
    )
    for binding in settings.bindings:
        await queue.bind(binding.exchange, binding.routing_key, timeout=ANSWER_SECONDS)
    return queue


async def _check_consumer(channel: AbstractChannel, settings: RabbitmqSettings) -> None:
    """Raise if the queue is gone or nobody reads it any more: a broker that deletes a queue does not close the channel."""
    queue = await channel.declare_queue(settings.queue, passive=True, timeout=ANSWER_SECONDS)
    if not queue.declaration_result.consumer_count:
        raise Retryable("the broker ended our consumer because the queue was deleted and recreated")


async def _batch(arrived: asyncio.Queue[AbstractIncomingMessage | None], most: int) -> list[AbstractIncomingMessage]:
    """Return what has arrived, in order; an empty list if nothing came for a while. Raises :class:`Retryable` if the channel closed."""
    batch: list[AbstractIncomingMessage] = []
    size = 0
    try:
        message = await asyncio.wait_for(arrived.get(), CHECK_SECONDS)
    except TimeoutError:
        return batch
    while True:
        if message is None:
            raise Retryable("the broker closed the channel")
        batch.append(message)
        size += len(message.body)
        if len(batch) >= most or size >= BATCH_MAX_BYTES or arrived.empty():
            return batch
        message = arrived.get_nowait()


def _check_open(channel: AbstractChannel) -> None:
    if channel.is_closed:
        raise Retryable("the broker closed the channel while the journal was full")


def records_of(message: AbstractIncomingMessage, context: ReceiverContext, settings: RabbitmqSettings) -> list[Record]:
    """Return the records of one message: its event or events, and the parts that go to quarantine."""

    def kept(error: ValidationError, body: bytes, content_type: str) -> Record:
        kind = SignalKind.EVENT.value if content_type.partition(";")[0].strip() in {STRUCTURED, BATCH} else MESSAGE
        return context.quarantined(error, body, kind=kind, content_type=content_type, peer=f"amqp:{settings.queue}")

    whole = message.content_type or ""
    try:
        events = _events(message, settings)
    except Rejection as rejection:
        return [kept(rejection.error, message.body, whole)]
    except ValueError as error:  # a text that UTF-8 cannot express; it must not hold up the queue
        return [kept(ValidationError("unreadable_message", f"{type(error).__name__}: {error}"), message.body, whole)]
    return [context.event(event) if isinstance(event, bytes) else kept(*event, STRUCTURED) for event in events]


def _events(message: AbstractIncomingMessage, settings: RabbitmqSettings) -> list[bytes | tuple[ValidationError, bytes]]:
    if len(message.body) > MESSAGE_MAX_BYTES:
        raise Rejection(
            413, ValidationError("too_large", f"a message may have at most {MESSAGE_MAX_BYTES} bytes, this one has {len(message.body)}")
        )
    content_type = (message.content_type or "").strip()
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == BATCH:
        return parse_batch(message.body)
    if media_type == STRUCTURED:
        return [parse_structured(message.body)]
    headers = {str(name): value for name, value in (message.headers or {}).items()}
    attributes = {
        name[len("cloudEvents:") :].lower(): _text(value)
        for name, value in headers.items()
        if name.startswith(("cloudEvents:", "cloudEvents_"))
    }
    if "specversion" not in attributes:
        attributes = _attributes(message, headers, settings)
        if not content_type and not _is_json(message.body):
            content_type = "application/octet-stream"
    else:
        for name in ("traceparent", "tracestate", "baggage"):
            if name in headers:
                attributes.setdefault(name, _text(headers[name]))
    return [parse_binary(((f"ce-{name}", quote(value)) for name, value in attributes.items()), content_type, message.body)]


def _attributes(message: AbstractIncomingMessage, headers: dict[str, Any], settings: RabbitmqSettings) -> dict[str, str]:
    """Return the CloudEvents attributes of a message that is not a CloudEvent."""
    words = {
        "type": message.type or message.routing_key or settings.queue,
        "routing_key": message.routing_key or "",
        "exchange": message.exchange or "",
        "queue": settings.queue,
    }

    def filled(template: str) -> str:
        return _PLACEHOLDER.sub(
            lambda found: words[found[1]] if found[1] in words else _text(headers.get(found[1].partition(".")[2], "")), template
        )

    attributes = {}
    for name, value in list(headers.items())[:_HEADERS_MAX]:
        plain = re.sub(r"[^a-z0-9]", "", name.lower())[:64]
        if plain and plain not in _OWN_ATTRIBUTES and isinstance(value, (str, bytes, int, float, datetime)):
            attributes[plain] = _text(value)
    if message.routing_key:
        attributes["routingkey"] = message.routing_key
    if message.correlation_id:
        attributes["correlationid"] = str(message.correlation_id)
    if message.timestamp is not None:
        attributes["time"] = _text(message.timestamp)
    attributes |= {
        "specversion": "1.0",
        "id": message.message_id or _hash(message, headers, settings.queue),
        "source": filled(settings.event_source),
        "type": filled(settings.event_type) or settings.queue,
    }
    return attributes


def _hash(message: AbstractIncomingMessage, headers: dict[str, Any], queue: str) -> str:
    # What the broker adds on a redelivery (x-delivery-count, x-death …) is not part of the message.
    own = sorted((name, _text(value)) for name, value in headers.items() if not name.startswith("x-"))
    stamp = "" if message.timestamp is None else _text(message.timestamp)
    known = [queue, message.routing_key or "", message.correlation_id or "", stamp, own]
    return hashlib.sha256(json.dumps(known).encode() + b"\0" + message.body).hexdigest()[:40]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return str(value)


def _is_json(body: bytes) -> bool:
    try:
        check_json(body)
    except Rejection:
        return False
    return True


def _without_password(text: str) -> str:
    return re.sub(r"(amqps?://[^:/@\s]*):[^@\s]*@", r"\1:…@", text)
