"""Datagrams of one port, as many at a time as have come, and how many the system dropped because they came faster than they were read."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Self

from collector.receiver import ReceiverContext
from core.telemetry import M

DATAGRAM_MAX_BYTES = 65_535
AT_ONCE = 500
BUFFER_BYTES = 4 << 20
LOOK_SECONDS = 5.0
_TABLES = (Path("/proc/net/udp"), Path("/proc/net/udp6"))


class Datagrams:
    """Opens the port when it is entered. Raises ``OSError`` if it cannot be."""

    def __init__(self, host: str, port: int, context: ReceiverContext) -> None:
        self._address = (host, port)
        self._context = context
        self._come = asyncio.Event()
        self._dropped = 0
        self._looked_at = 0.0

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            self._socket.bind(self._address)
        except OSError:
            self._socket.close()
            raise
        self._inode = str(os.fstat(self._socket.fileno()).st_ino)
        asyncio.get_running_loop().add_reader(self._socket, self._come.set)
        self._context.telemetry.add(M.DATAGRAMS_DROPPED, 0, source=self._context.source.source)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    async def next(self) -> list[tuple[bytes, str]]:
        """Return datagrams and who sent them, at most :data:`AT_ONCE`; none after a while in which none came."""
        await asyncio.sleep(0)  # where they come without end, and none is taken, nothing else would make others' turn come
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._come.wait()
        now = self._context.clock.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._tell_dropped(await asyncio.to_thread(_dropped, self._inode))
        found: list[tuple[bytes, str]] = []
        while len(found) < AT_ONCE:
            try:
                body, peer = self._socket.recvfrom(DATAGRAM_MAX_BYTES)
            except BlockingIOError:
                self._come.clear()
                break
            found.append((body, str(peer[0])))
        return found

    def _tell_dropped(self, dropped: int) -> None:
        new, self._dropped = dropped - self._dropped, dropped
        if new > 0:
            self._context.telemetry.add(M.DATAGRAMS_DROPPED, new, source=self._context.source.source)
            self._context.tell_gap("datagrams came faster than they were read", dropped=new)


def _dropped(inode: str) -> int:
    """Return how many datagrams the system has dropped for a socket; 0 if it does not say."""
    for table in _TABLES:
        with suppress(OSError):
            for line in table.read_text(encoding="ascii").splitlines():
                fields = line.split()
                if len(fields) > 12 and fields[9] == inode:
                    return int(fields[12])
    return 0
