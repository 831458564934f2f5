"""Reads the messages of gRPC calls, two at a time.

A message takes memory as soon as it is read, and nobody can see whether it has begun to arrive.

A sender that sends nothing, or slowly, must not keep the others waiting: connections whose last message arrived in time have turns of their
own, the newest request is read first (one that has waited long is about to give up), and a turn ends while others are waiting.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from core.errors import Full

READ_SECONDS = 10.0
"""How long a message may take to arrive, including its wait for a turn."""
TURNS = 1
"""For each kind of connection. gRPC holds a message three times until it is read: 60 MiB for the largest."""
KNOWN_TURN_SECONDS, STRANGERS_TURN_SECONDS = 2.0, 0.2
"""Minimum length of a turn; it then ends only if somebody is waiting for it."""
WAITING_MAX = 500
KNOWN_MAX = 2000
RETRY_AFTER_SECONDS = 1


class MessageReader:
    """Reads the messages of all connections."""

    def __init__(self) -> None:
        self._known = _Turns(KNOWN_TURN_SECONDS)
        self._strangers = _Turns(STRANGERS_TURN_SECONDS)
        self._delivered: OrderedDict[str, None] = OrderedDict()

    async def read(self, connection: str, context: Any) -> Any:
        """Return the message of a call, or ``grpc.aio.EOF``. ``connection`` names the peer with its port.

        Raises :class:`core.errors.Full` if it did not arrive in time, or its turn went to another.
        """
        turns = self._strangers if self._delivered.pop(connection, connection) else self._known
        try:
            async with asyncio.timeout(READ_SECONDS) as limit:
                await turns.take(limit)
                try:
                    message = await context.read()
                finally:
                    turns.give_back(limit)
        except TimeoutError as error:
            raise Full("the message did not arrive in time", RETRY_AFTER_SECONDS) from error
        self._delivered[connection] = None
        if len(self._delivered) > KNOWN_MAX:
            self._delivered.popitem(last=False)
        return message


class _Turns:
    """Each turn is identified by the time limit of whoever has it or waits for it: rescheduling that sends them away."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._taken: dict[asyncio.Timeout, float] = {}
        self._waiting: dict[asyncio.Timeout, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, limit: asyncio.Timeout) -> None:
        """Wait for a turn, which must be given back. Raises ``CancelledError`` from the time limit."""
        loop = asyncio.get_running_loop()
        if len(self._taken) < TURNS:
            self._taken[limit] = loop.time()
            return
        self._waiting[limit] = waiting = loop.create_future()
        if len(self._waiting) > WAITING_MAX:
            _send_away(next(iter(self._waiting)))
        self._watch()
        try:
            await waiting
        except asyncio.CancelledError:
            self._waiting.pop(limit, None)
            self.give_back(limit)
            raise

    def give_back(self, limit: asyncio.Timeout) -> None:
        """Give the turn to the newest of those waiting."""
        self._taken.pop(limit, None)
        while self._waiting and len(self._taken) < TURNS:
            newest, waiting = self._waiting.popitem()
            if not waiting.done():
                self._taken[newest] = asyncio.get_running_loop().time()
                waiting.set_result(None)
        self._watch()

    def _watch(self) -> None:
        if self._waiting and self._taken and self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(min(self._taken.values()) + self._seconds, self._end_oldest)

    def _end_oldest(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        if self._waiting:
            for limit in [each for each, began in self._taken.items() if now - began >= self._seconds]:
                _send_away(limit)
                self.give_back(limit)
        self._watch()


def _send_away(limit: asyncio.Timeout) -> None:
    if not limit.expired():  # otherwise it is already leaving
        limit.reschedule(asyncio.get_running_loop().time())
