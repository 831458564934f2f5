"""Connections at one port, over TLS if there is a certificate. Who does not end a handshake keeps nobody else out.

Of the handshakes that are under way there are few: one more ends the oldest of the address that has most of them.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable

from collector.receiver import ReceiverContext
from core.telemetry import M

HANDSHAKE_SECONDS = 10.0
HANDSHAKES_MAX = 100
"""Each takes a quarter of a mebibyte."""
READ_BYTES = 32 << 10
ROOM_SECONDS = 1.0
_BACKLOG = 100
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_GONE = {errno.ECONNABORTED, errno.EPROTO}
_LOG = logging.getLogger("andon.collector.syslog")
Take = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]


def listening_at(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address of this machine. Raises ``OSError`` if it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.setblocking(False)
    return listening


class Connections:
    """Takes the connections of those who ``may_send``, by their address, and hands each to ``take``, which closes it.

    ``refuse`` is told of an address whose handshake did not end, and why.
    """

    def __init__(self, context: ReceiverContext, may_send: Callable[[str], bool], refuse: Callable[[str, str], None], take: Take) -> None:
        self._context = context
        self._may_send = may_send
        self._refuse = refuse
        self._take = take
        self._taken: set[asyncio.Task[None]] = set()
        self._handshakes: dict[asyncio.Task[None], str] = {}

    async def serve(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Take connections until cancelled, which ends them all. Raises ``OSError`` if the port fails."""
        if tls:
            self._context.telemetry.add(M.HANDSHAKES_DROPPED, 0, source=self._context.source.source)
        try:
            while True:
                connection, peer = await self._next(listening)
                if not self._may_send(peer):
                    connection.close()
                    continue
                task = asyncio.create_task(self._connected(connection, peer, tls))
                self._taken.add(task)
                task.add_done_callback(self._taken.discard)
                if tls:
                    self._begin_handshake(task, peer)
        finally:
            for task in self._taken:
                task.cancel()
            await asyncio.gather(*self._taken, return_exceptions=True)

    async def _next(self, listening: socket.socket) -> tuple[socket.socket, str]:
        """Return the next connection and its address; while there is no room for one more, wait."""
        while True:
            try:
                connection, address = await asyncio.get_running_loop().sock_accept(listening)
            except OSError as error:
                if error.errno not in _NO_ROOM | _GONE:
                    raise
                if error.errno in _NO_ROOM:
                    fields = {"source": self._context.source.source, "why": str(error)}
                    _LOG.error("no sender of syslog can connect now, trying again", extra={"fields": fields})
                    await asyncio.sleep(ROOM_SECONDS)
            else:
                return connection, str(address[0])

    def _begin_handshake(self, task: asyncio.Task[None], peer: str) -> None:
        if len(self._handshakes) >= HANDSHAKES_MAX:
            most = Counter(self._handshakes.values()).most_common(1)[0][0]
            oldest = next(task for task, other in self._handshakes.items() if other == most)
            oldest.cancel()
            del self._handshakes[oldest]
            self._context.telemetry.add(M.HANDSHAKES_DROPPED, source=self._context.source.source)
            self._refuse(most, f"more than {HANDSHAKES_MAX} handshakes were under way, and most of this address")
        self._handshakes[task] = peer
        task.add_done_callback(lambda task: self._handshakes.pop(task, None))

    async def _connected(self, connection: socket.socket, peer: str, tls: ssl.SSLContext | None) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - it is one
        reader = asyncio.StreamReader(limit=READ_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=tls, ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None
            )
        except (OSError, ssl.SSLError) as error:
            self._refuse(peer, f"its handshake failed: {error}")
            return
        self._handshakes.pop(task, None)
        await self._take(reader, asyncio.StreamWriter(transport, protocol, reader, loop), peer)
