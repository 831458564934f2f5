"""A connection to RabbitMQ whose calls are awaited, over a client that calls back.

Messages are given to a plain function, without a task for each: they are most of what a connection carries.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import pika
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.exceptions import NackError

from collector.brokers.address import read_address
from core.errors import Permanent, Retryable

ANSWER_SECONDS = 15.0
CLOSE_SECONDS = 2.0
logging.getLogger("pika").setLevel(logging.CRITICAL)  # the client logs each error that it raises, too


def parameters_of(url: str, name: str) -> pika.ConnectionParameters:
    """Return what an address says: ``amqp://user:password@host/virtual-host``, or ``amqps://``. Reads the files of TLS it names.

    ``?auth=external`` logs in by the certificate of ``certfile``; ``?heartbeat=`` is in seconds. ``name`` is shown in the broker's list of
    connections. Raises as :func:`collector.brokers.address.read_address` does.
    """
    address = read_address(url, ("amqp", 5672), ("amqps", 5671), {"auth", "heartbeat"})
    options = address.options
    if not options.get("heartbeat", "0").isdecimal():
        raise Permanent("the address of the broker must say 'heartbeat' in seconds")
    by_password = pika.PlainCredentials(address.user or "guest", address.password or "guest")
    return pika.ConnectionParameters(
        address.host,
        address.port,
        unquote(urlsplit(url.strip()).path[1:]) or "/",
        pika.credentials.ExternalCredentials() if options.get("auth") == "external" else by_password,
        heartbeat=int(options["heartbeat"]) if "heartbeat" in options else None,
        ssl_options=pika.SSLOptions(address.tls, address.host) if address.tls else None,
        socket_timeout=ANSWER_SECONDS,
        stack_timeout=ANSWER_SECONDS,
        client_properties={"connection_name": name},
    )


class RabbitmqChannel:
    """A channel. Once it is closed, every call raises why: an error of the client (``pika.exceptions.AMQPError``).

    A call that is not answered in time raises TimeoutError.
    """

    def __init__(self, client: AsyncioConnection) -> None:
        self._answers: set[asyncio.Future[Any]] = set()
        self._when_closed: list[Callable[[], None]] = []
        self._opened = self._awaited()
        self._channel = client.channel(on_open_callback=partial(_answer, self._opened))
        self._channel.add_on_close_callback(self._close)

    async def open(self) -> Self:
        """Return the channel once it is open."""
        await self._within(self._opened)
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.is_open:
            self._channel.close()

    @property
    def is_open(self) -> bool:
        """Whether it has not been closed."""
        return bool(self._channel.is_open)

    def when_closed(self, call: Callable[[], None]) -> None:
        """Call this once the channel is closed, by whomever."""
        self._when_closed.append(call)

    async def declare(self, queue: str, *, durable: bool = True, arguments: Mapping[str, Any]) -> None:
        """Make a queue unless it is there as it is wanted."""
        await self._asked(self._channel.queue_declare, queue, durable=durable, arguments=dict(arguments))

    async def described(self, queue: str) -> pika.spec.Queue.DeclareOk:
        """Return how many messages are ready in a queue (``message_count``), and how many read it (``consumer_count``)."""
        return await self._asked(self._channel.queue_declare, queue, passive=True)

    async def bind(self, queue: str, exchange: str, routing_key: str) -> None:
        """Have an exchange route messages to a queue."""
        await self._asked(self._channel.queue_bind, queue, exchange, routing_key)

    async def look_for_exchange(self, exchange: str) -> None:
        """Raise unless there is this exchange."""
        await self._asked(self._channel.exchange_declare, exchange, passive=True)

    async def consume(self, queue: str, take: Callable[..., None], prefetch: int, arguments: Mapping[str, Any]) -> None:
        """Have ``take(_, method, properties, body)`` called with every message; ``prefetch`` of them may be unacknowledged."""
        await self._asked(self._channel.basic_qos, prefetch_count=prefetch)
        await self._asked(self._channel.basic_consume, queue, take, arguments=dict(arguments))

    def acknowledge(self, delivery_tag: int) -> None:
        """Acknowledge a message and all before it."""
        self._channel.basic_ack(delivery_tag, multiple=True)

    async def publish(self, exchange: str, routing_key: str, body: bytes, properties: pika.BasicProperties) -> bool:
        """Return whether a queue took a message, once the broker has confirmed it; it gives back what none takes.

        To be called once for a channel. Raises NackError if the broker refuses it.
        """
        confirmed, given_back = self._awaited(), []
        self._channel.add_on_return_callback(lambda *_: given_back.append(True))
        await self._asked(self._channel.confirm_delivery, partial(_answer, confirmed))
        self._channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
        if isinstance((await self._within(confirmed)).method, pika.spec.Basic.Nack):
            raise NackError([])
        return not given_back

    async def _asked(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Return what the broker answers to a call."""
        answer = self._awaited()
        method(*arguments, **named, callback=partial(_answer, answer))
        return (await self._within(answer)).method

    def _awaited(self) -> asyncio.Future[Any]:
        answer = asyncio.get_running_loop().create_future()
        self._answers.add(answer)
        return answer

    async def _within(self, answer: asyncio.Future[Any]) -> Any:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        finally:
            self._answers.discard(answer)

    def _close(self, _: object, why: Exception) -> None:
        for answer in self._answers:
            _fail(answer, why)
        for call in self._when_closed:
            call()


class RabbitmqConnection:
    """An open connection."""

    def __init__(self, client: AsyncioConnection) -> None:
        self._client = client

    async def channel(self) -> RabbitmqChannel:
        """Return a new channel; leave it (``async with``) to close it before the connection is. Raises as a channel does."""
        return await RabbitmqChannel(self._client).open()


@asynccontextmanager
async def connected(parameters: pika.ConnectionParameters) -> AsyncIterator[RabbitmqConnection]:
    """Connect until the block ends: it is always closed, which returns what was not acknowledged.

    Raises :class:`Retryable` if it cannot be opened.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Any] = loop.create_future()
    closed: asyncio.Future[Any] = loop.create_future()

    def not_opened(_: object, why: Exception) -> None:
        _fail(opened, why)
        _answer(closed, None)

    client = AsyncioConnection(
        parameters,
        on_open_callback=partial(_answer, opened),
        on_open_error_callback=not_opened,
        on_close_callback=lambda *_: _answer(closed, None),
        custom_ioloop=loop,
    )
    try:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await opened
        except Exception as error:  # boundary: the client raises anything that a network or TLS does
            cause = _cause(error)
            raise Retryable(f"the broker cannot be reached: {type(cause).__name__}: {cause}") from error
        yield RabbitmqConnection(client)
    finally:
        if not client.is_closed and not client.is_closing:
            client.close()
        await asyncio.shield(asyncio.wait({closed}, timeout=CLOSE_SECONDS))


def _cause(error: BaseException) -> BaseException:
    """Return what the client's attempts to connect failed of in the end."""
    while True:
        within = [*getattr(error, "exceptions", ()), getattr(error, "exception", None), *error.args]
        inner = next((each for each in reversed(within) if isinstance(each, Exception)), None)
        if inner is None:
            return error
        error = inner


def _answer(awaited: asyncio.Future[Any], answer: Any) -> None:
    if not awaited.done():
        awaited.set_result(answer)


def _fail(awaited: asyncio.Future[Any], why: Exception) -> None:
    if not awaited.done():
        awaited.set_exception(why)
        awaited.exception()  # nobody may wait for it any more
