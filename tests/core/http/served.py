"""A server in the test's own loop, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from typing import Any, Self

from starlette.types import ASGIApp

from core.clock import SystemClock
from core.http.hosts import Hosts
from core.http.server import make_server
from core.rejection_log import RejectionLog
from core.telemetry import M, Telemetry


async def until(condition: Any) -> None:
    """Wait for what the server does, which has no event to wait for."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what the server counts has no event to wait for
            await asyncio.sleep(0.01)


class Served:
    """A server for ``app``, which answers to loopback and to ``names``; ``options`` are those of :func:`core.http.server.make_server`."""

    def __init__(self, app: ASGIApp, names: tuple[str, ...] = (), **options: Any) -> None:
        self.telemetry = Telemetry()
        self.server = make_server(app, Hosts(names), RejectionLog(SystemClock(), self.telemetry), **options)
        self.bound = socket.create_server(("127.0.0.1", 0))
        self.port = self.bound.getsockname()[1]

    @property
    def peers(self) -> Counter[str]:
        """Number of open connections by client, as the server counts them."""
        protocol: Any = self.server.config.http_protocol_class
        return protocol.peers  # type: ignore[no-any-return]  # the class is made at run time

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.server.serve(sockets=[self.bound]))
        await until(lambda: self.server.started)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.should_exit = True
        await self.task

    async def answered(self, sent: bytes) -> bytes:
        """Send to a connection of its own and return the first bytes that come back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        answer = await reader.read(1000)
        writer.close()
        return answer

    def rejected(self, reason: str) -> float:
        """Return how many requests were refused for this reason so far."""
        return self.telemetry.value(M.REJECTED_REQUESTS, source="", reason=reason)
