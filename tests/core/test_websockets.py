"""Connections that become WebSockets stay within the bounds of the server that took them."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from typing import Any, Self

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from core.clock import SystemClock
from core.http.hosts import Hosts
from core.http.server import make_server
from core.http.websocket import MESSAGE_MAX_BYTES
from core.rejection_log import RejectionLog
from core.telemetry import M, Telemetry

HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for message in websocket.iter_bytes():
        await websocket.send_bytes(message)


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what the server counts has no event to wait for
            await asyncio.sleep(0.01)


class Served:
    """A server of ``echo`` in the test's own loop."""

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        app = Starlette(routes=[WebSocketRoute("/echo", echo)])
        self.server = make_server(app, Hosts([]), RejectionLog(SystemClock(), self.telemetry), websockets=True)
        self.bound = socket.create_server(("127.0.0.1", 0))
        self.port = self.bound.getsockname()[1]

    @property
    def peers(self) -> Counter[str]:
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


def test_it_counts_as_one_connection_of_its_client_until_it_ends() -> None:
    async def run() -> None:
        async with Served() as served:
            async with connect(f"ws://127.0.0.1:{served.port}/echo") as one:
                await one.send(b"x")
                assert await one.recv() == b"x"
                assert served.peers == {"127.0.0.1": 1}
                async with connect(f"ws://127.0.0.1:{served.port}/echo"):
                    assert served.peers == {"127.0.0.1": 2}
            await until(lambda: not served.peers)

    asyncio.run(run())


def test_a_client_has_no_more_of_them_than_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.server.may_connect", lambda _, theirs, __: theirs <= 2)

    async def run() -> None:
        async with Served() as served:
            url = f"ws://127.0.0.1:{served.port}/echo"
            async with connect(url), connect(url):
                assert b" 503 " in await served.answered(HANDSHAKE)
            await until(lambda: not served.peers)
            assert b" 101 " in await served.answered(HANDSHAKE + b"\r\n")

    asyncio.run(run())


def test_a_message_has_a_size() -> None:
    async def run() -> None:
        async with Served() as served, connect(f"ws://127.0.0.1:{served.port}/echo", max_size=None) as one:
            await one.send(bytes(MESSAGE_MAX_BYTES))
            assert len(await one.recv()) == MESSAGE_MAX_BYTES
            await one.send([bytes(MESSAGE_MAX_BYTES), b"x"])  # in two fragments
            with pytest.raises(ConnectionClosedError) as caught:
                await one.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1009

    asyncio.run(run())


@pytest.mark.parametrize("body", [b"content-length: 5\r\n\r\nab", b"transfer-encoding: chunked\r\n\r\n5\r\nab"])
def test_no_body_stands_before_it(body: bytes) -> None:
    async def run() -> None:
        async with Served() as served:
            assert b" 400 " in await served.answered(HANDSHAKE + body)
            assert served.telemetry.value(M.REJECTED_REQUESTS, source="", reason="protocol_error") == 1

    asyncio.run(run())


def test_what_comes_with_the_handshake_is_not_read_as_http() -> None:
    async def run() -> None:
        async with Served() as served:
            answer = await served.answered(HANDSHAKE + b"\r\n" + b"\x82\x81\0\0\0\0x" * 10_000)
            assert b" 101 " in answer
            assert b" 400 " not in answer
            assert not served.telemetry.value(M.REJECTED_REQUESTS, source="", reason="protocol_error")

    asyncio.run(run())
