"""What stands in queues of RabbitMQ: from its management API where there is one, else what a passive declaration tells.

The latter knows how many messages are ready. Only the management API knows which were delivered and not done, the time of the first message
(classic queues, where senders give one), how many were ever done, and where a queue sends its dead letters.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

from collector.brokers.management import ManagementApi, NoSuchThing, SaidOnce, looking, why
from collector.brokers.queue_series import QueueState, age_seconds
from collector.brokers.rabbitmq_connection import RabbitmqConnection
from collector.receiver import ReceiverContext
from core.secrets import resolve_secret

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
async def telling_queues(connection: RabbitmqConnection, context: ReceiverContext, watched: Watched) -> AsyncIterator[None]:
    """Tell the states of the queues until the block ends. What cannot be told is logged once, and never keeps messages from being read."""
    async with looking(_Teller(connection, context, watched).look, context.source.source):
        yield


async def doubts(watched: Watched) -> list[str]:
    """Return what the management API says against the queues. Raises whatever a broker that does not answer raises."""
    async with _Management(watched) as management:
        described = [await management.described(queue) for queue in watched.queues]
    return [doubt for each in described if (doubt := _doubt(each))]


class _Teller:
    def __init__(self, connection: RabbitmqConnection, context: ReceiverContext, watched: Watched) -> None:
        self.connection, self.context, self.watched = connection, context, watched
        self._say = SaidOnce(context, _LOG).say

    async def look(self) -> None:
        if self.watched.management:
            await self._by_management()
        else:
            for queue in self.watched.queues:
                await self._by_declaration(queue)

    async def _by_management(self) -> None:
        try:
            async with _Management(self.watched) as management:
                for queue in self.watched.queues:
                    await self._one_by_management(management, queue)
        except Exception as error:  # boundary: what answers may answer anything
            self._say("management", "the management API does not tell what stands in queues", why=why(error))
        else:
            self._say("management", "")

    async def _one_by_management(self, management: _Management, queue: str) -> None:
        """Tell the state of one queue. One that is missing, or has no dead-letter queue yet, hides nothing of the others."""
        missing = ""
        try:
            described = await management.described(queue)
            self._say(f"doubt {queue}", _doubt(described), queue=queue)
            try:
                dead = await management.dead_letters(described, self.watched.dead_letters.get(queue))
            except NoSuchThing as error:
                dead, missing = None, str(error)
            self.context.tell_queue(_state(described, dead, self.context.clock.now()))
        except NoSuchThing as error:
            missing = str(error)
        self._say(f"missing {queue}", missing and "the broker has no such queue, at least not yet", queue=queue, why=missing)

    async def _by_declaration(self, queue: str) -> None:
        try:
            waiting = await self._ready(queue)
            dead = self.watched.dead_letters.get(queue)
            dead_letters = await self._ready(dead) if dead else None
        except Exception as error:  # boundary: a client of a broker
            self._say(queue, "the broker does not tell what stands in a queue", queue=queue, why=why(error))
        else:
            self._say(queue, "")
            self.context.tell_queue(QueueState(queue, waiting=waiting, dead_letters=dead_letters))

    async def _ready(self, queue: str) -> int:
        async with await self.connection.channel() as channel:  # its own: a missing queue closes it
            return int((await channel.described(queue)).message_count)


class _Management(ManagementApi):
    """A session with the management API about the queues of a virtual host."""

    def __init__(self, watched: Watched) -> None:
        super().__init__(watched.management or "", "api/")
        self._url = watched.url

    async def __aenter__(self) -> Self:
        url = await asyncio.to_thread(resolve_secret, self._url)
        self._virtual_host = quote(unquote(urlsplit(url).path[1:]) or "/", safe="")
        return await super().__aenter__()

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
