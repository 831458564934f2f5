"""Connections that become WebSockets stay within the bounds of the server that took them."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from core.http.websocket import MESSAGE_MAX_BYTES
from tests.core.http.served import Served, until

HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for message in websocket.iter_bytes():
        await websocket.send_bytes(message)


ECHO = Starlette(routes=[WebSocketRoute("/echo", echo)])


def served() -> Served:
    return Served(ECHO, websockets=True)


def test_it_counts_as_one_connection_of_its_client_until_it_ends() -> None:
    async def run() -> None:
        async with served() as port:
            async with connect(f"ws://127.0.0.1:{port.port}/echo") as one:
                await one.send(b"x")
                assert await one.recv() == b"x"
                assert port.peers == {"127.0.0.1": 1}
                async with connect(f"ws://127.0.0.1:{port.port}/echo"):
                    assert port.peers == {"127.0.0.1": 2}
            await until(lambda: not port.peers)

    asyncio.run(run())


def test_a_client_has_no_more_of_them_than_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.server.may_connect", lambda _, theirs, __: theirs <= 2)

    async def run() -> None:
        async with served() as port:
            url = f"ws://127.0.0.1:{port.port}/echo"
            async with connect(url), connect(url):
                assert b" 503 " in await port.answered(HANDSHAKE)
            await until(lambda: not port.peers)
            assert b" 101 " in await port.answered(HANDSHAKE + b"\r\n")

    asyncio.run(run())


def test_a_message_has_a_size() -> None:
    async def run() -> None:
        async with served() as port, connect(f"ws://127.0.0.1:{port.port}/echo", max_size=None) as one:
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
        async with served() as port:
            assert b" 400 " in await port.answered(HANDSHAKE + body)
            assert port.rejected("protocol_error") == 1

    asyncio.run(run())


def test_what_comes_with_the_handshake_is_not_read_as_http() -> None:
    async def run() -> None:
        async with served() as port:
            answer = await port.answered(HANDSHAKE + b"\r\n" + b"\x82\x81\0\0\0\0x" * 10_000)
            assert b" 101 " in answer
            assert b" 400 " not in answer
            assert not port.rejected("protocol_error")

    asyncio.run(run())
