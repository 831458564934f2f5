"""What stands in queues of RabbitMQ: from its management API where there is one, else what a passive declaration tells.

The latter knows how many messages are ready. Only the management API knows which were delivered and not done, the time of the first message
(classic queues, where senders give one), how many were ever done, and where a queue sends its dead letters.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

import httpx
import msgspec
from aio_pika.abc import AbstractConnection

from collector.brokers.queue_series import QueueState, age_seconds
from collector.brokers.reconnecting import cancel_until_done, without_password
from collector.polling.http_address import server_of
from collector.receiver import ReceiverContext
from core.errors import Retryable
from core.secrets import resolve_secret

LOOK_SECONDS = 10.0
ANSWER_SECONDS = 10.0
ANSWER_MAX_BYTES = 4 << 20
_DONE = ("ack", "deliver_no_ack", "get_no_ack")
_LOG = logging.getLogger("andon.collector.rabbitmq")


@dataclass(frozen=True)
class Watched:
    """Whose state is told: queues of the broker at ``url``, by its ``management`` API if that is given (both references to secrets).

    ``dead_letters``: the dead-letter queue of a queue, where the broker does not say it.
    """

    url: str
    management: str | None
    queues: Sequence[str]
    dead_letters: Mapping[str, str]


@asynccontextmanager
async def telling_queues(connection: AbstractConnection, context: ReceiverContext, watched: Watched) -> AsyncIterator[None]:
    """Tell the states of the queues until the block ends. What cannot be told is logged once, and never keeps messages from being read."""
    task = asyncio.create_task(_Teller(connection, context, watched).run(), name=f"queues-{context.source.source}")
    try:
        yield
    finally:
        await cancel_until_done(task)


async def doubts(watched: Watched) -> list[str]:
    """Return what the management API says against the queues. Raises whatever a broker that does not answer raises."""
    async with _Management(watched) as management:
        described = [await management.described(queue) for queue in watched.queues]
    return [doubt for each in described if (doubt := _doubt(each))]


@dataclass
class _Teller:
    connection: AbstractConnection
    context: ReceiverContext
    watched: Watched
    said: dict[str, str] = field(default_factory=dict)
    """By what it is about, the words that were last logged."""

    async def run(self) -> None:
        while True:
            if self.watched.management:
                await self._by_management()
            else:
                for queue in self.watched.queues:
                    await self._by_declaration(queue)
            await asyncio.sleep(LOOK_SECONDS)

    async def _by_management(self) -> None:
        try:
            async with _Management(self.watched) as management:
                for queue in self.watched.queues:
                    described = await management.described(queue)
                    self._say(f"doubt {queue}", _doubt(described), queue=queue)
                    dead = await management.dead_letters(described, self.watched.dead_letters.get(queue))
                    self.context.tell_queue(_state(described, dead, self.context.clock.now()))
        except Exception as error:  # boundary: what answers may answer anything
            self._say("management", "the management API does not tell what stands in queues", why=_why(error))
        else:
            self._say("management", "")

    async def _by_declaration(self, queue: str) -> None:
        try:
            waiting = await self._ready(queue)
            dead = self.watched.dead_letters.get(queue)
            dead_letters = await self._ready(dead) if dead else None
        except Exception as error:  # boundary: a client of a broker
            self._say(queue, "the broker does not tell what stands in a queue", queue=queue, why=_why(error))
        else:
            self._say(queue, "")
            self.context.tell_queue(QueueState(queue, waiting=waiting, dead_letters=dead_letters))

    async def _ready(self, queue: str) -> int:
        async with await self.connection.channel(publisher_confirms=False) as channel:  # its own: a missing queue closes it
            declared = await channel.declare_queue(queue, passive=True, timeout=ANSWER_SECONDS)
            return int(declared.declaration_result.message_count or 0)

    def _say(self, about: str, what: str, **fields: Any) -> None:
        """Log what is wrong if it is not what was said before; nothing, once it is right again."""
        words = f"{what} {fields}" if what else ""
        if words and self.said.get(about) != words:
            _LOG.warning(what, extra={"fields": {"source": self.context.source.source, **fields}})
        self.said[about] = words


class _Management:
    """A session with the management API. Raises ``httpx.HTTPError`` or :class:`core.errors.Retryable` if it does not answer."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    async def __aenter__(self) -> Self:
        address, url = await asyncio.to_thread(lambda: (resolve_secret(self._watched.management or ""), resolve_secret(self._watched.url)))
        server_of(address)
        parts = urlsplit(address)
        self._virtual_host = quote(unquote(urlsplit(url).path[1:]) or "/", safe="")
        self._client = httpx.AsyncClient(
            base_url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}/api/",
            auth=(unquote(parts.username or ""), unquote(parts.password or "")),
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def described(self, queue: str) -> dict[str, Any]:
        """Return what the broker says of a queue."""
        found: dict[str, Any] = await self._asked(f"queues/{self._virtual_host}/{quote(queue, safe='')}")
        return found

    async def dead_letters(self, described: Mapping[str, Any], named: str | None) -> int | None:
        """Return how many messages are in the dead-letter queue of a queue; None if it has none that is known."""
        queues = [named] if named else await self._dead_letter_queues(described)
        ready = [(await self.described(queue)).get("messages", 0) for queue in queues]
        return sum(ready) if ready else None

    async def _dead_letter_queues(self, described: Mapping[str, Any]) -> list[str]:
        exchange, key = _of(described, "dead-letter-exchange"), _of(described, "dead-letter-routing-key")
        if exchange is None:
            return []
        if exchange == "":  # the default exchange routes to the queue that is named like the key
            return [str(key)] if key else []
        bindings = await self._asked(f"exchanges/{self._virtual_host}/{quote(str(exchange), safe='')}/bindings/source")
        bound = [each for each in bindings if each.get("destination_type") == "queue"]
        exactly = [each for each in bound if key and each.get("routing_key") == key]
        return sorted({str(each["destination"]) for each in exactly or bound})

    async def _asked(self, path: str) -> Any:
        async with self._client.stream("GET", path) as response:
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > ANSWER_MAX_BYTES:
                    raise Retryable(f"the management API answers with more than {ANSWER_MAX_BYTES >> 20} MiB")
            if response.status_code != httpx.codes.OK:
                raise Retryable(f"the management API answers {response.status_code} to {path}")
        return msgspec.json.decode(body)


def _why(error: Exception) -> str:
    return without_password(str(error)) or type(error).__name__


def _of(described: Mapping[str, Any], name: str) -> Any:
    """Return what a queue's own arguments say, else its policy."""
    arguments = described.get("arguments") or {}
    return arguments.get(f"x-{name}", (described.get("effective_policy_definition") or {}).get(name))


def _doubt(described: Mapping[str, Any]) -> str:
    """Return what speaks against a queue: messages that a reader gives back too often are dropped where no dead-letter exchange is."""
    if described.get("type") != "quorum" or _of(described, "dead-letter-exchange") is not None:
        return ""
    limit = _of(described, "delivery-limit")
    if limit is None and not described.get("delivery_limit"):
        return ""
    return (
        f"quorum queue '{described.get('name')}' drops a message after {limit or described['delivery_limit']} deliveries, because it has no"
        " dead-letter exchange; give it one (x-dead-letter-exchange, or a policy)"
    )


def _state(described: Mapping[str, Any], dead_letters: int | None, now: datetime) -> QueueState:
    stats = described.get("message_stats") or {}
    return QueueState(
        str(described.get("name", "")),
        waiting=described.get("messages_ready"),
        unacknowledged=described.get("messages_unacknowledged"),
        oldest_seconds=_oldest_seconds(described, now),
        dead_letters=dead_letters,
        done=sum(int(stats.get(name, 0)) for name in _DONE),
    )


def _oldest_seconds(described: Mapping[str, Any], now: datetime) -> float | None:
    first = described.get("head_message_timestamp")
    if isinstance(first, int):
        return age_seconds(first * 1000, now)
    return None if described.get("messages") else 0.0
