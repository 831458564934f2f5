"""Handshakes of TLS that never end, beside a real sender's."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from pathlib import Path
from typing import Any, Self

import pytest
import uvloop

from collector.logs import connections
from collector.logs.connections import Connections, listening_at
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, until


class Port:
    """A port at which connections are taken; what is sent over each is in ``got``."""

    def __init__(self, path: Path, certificate: tuple[Path, Path] | None) -> None:
        self.telemetry = Telemetry()
        self.refused: list[str] = []
        self.got: list[bytes] = []
        self.listening = listening_at("127.0.0.1", 0)
        self.address = self.listening.getsockname()
        self.strangers: set[str] = set()
        self._held: list[asyncio.StreamWriter] = []
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*certificate)
        self._context = context_of({"type": "syslog"}, TestIntake(), path / "state", self.telemetry)

    async def __aenter__(self) -> Self:
        taking = Connections(self._context, lambda peer: peer not in self.strangers, lambda peer, _: self.refused.append(peer), self._take)
        self._task = asyncio.create_task(taking.serve(self.listening, self._tls))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        self.listening.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def half_done(self, own_address: str = "127.0.0.1") -> asyncio.StreamReader:
        """Connect, say nothing, and hold on to it."""
        reader, writer = await asyncio.open_connection(*self.address, local_addr=(own_address, 0))
        self._held.append(writer)
        return reader

    async def send(self, body: bytes) -> None:
        _, writer = await asyncio.open_connection(*self.address, ssl=ssl._create_unverified_context() if self._tls else None)
        writer.write(body)
        writer.close()
        await writer.wait_closed()

    @property
    def dropped(self) -> float:
        return self.telemetry.value(M.HANDSHAKES_DROPPED, source="erp")

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: str) -> None:
        try:
            self.got.append(await reader.read())
        finally:
            writer.close()


async def _ended(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(60):
        assert await reader.read() == b""


@pytest.mark.parametrize("loop", [asyncio, uvloop])
def test_a_handshake_that_does_not_end_gives_way_to_another(
    tmp_path: Path, certificate: tuple[Path, Path], loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It held its socket and its memory for ten seconds, and there was no limit to how many did."""
    monkeypatch.setattr(connections, "HANDSHAKES_MAX", 3)

    async def scenario() -> None:
        async with Port(tmp_path, certificate) as port:
            other = await port.half_done("127.0.0.2")
            many = [await port.half_done() for _ in range(5)]
            for reader in many[:3]:
                await _ended(reader)
            assert (port.dropped, port.refused) == (3, ["127.0.0.1"] * 3)
            await port.send(b"order 4711\n")
            await _ended(many[3])
            await until(lambda: bool(port.got))
            assert port.got == [b"order 4711\n"]
            assert not other.at_eof(), "the oldest, of an address that has one alone"

    loop.run(scenario())


@pytest.mark.parametrize("loop", [asyncio, uvloop])
def test_a_stranger_gets_no_handshake_and_what_is_none_is_told(tmp_path: Path, certificate: tuple[Path, Path], loop: Any) -> None:
    async def scenario() -> None:
        async with Port(tmp_path, certificate) as port:
            port.strangers.add("127.0.0.2")
            await _ended(await port.half_done("127.0.0.2"))
            reader, writer = await asyncio.open_connection(*port.address)
            writer.write(b"<14>one\n")
            while not reader.at_eof():
                await reader.read(100)
            writer.close()
            await until(lambda: bool(port.refused))
            assert (port.refused, port.got, port.dropped) == (["127.0.0.1"], [], 0)

    loop.run(scenario())


def test_while_there_is_no_room_for_one_more_connection_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ROOM_SECONDS", 0.01)
    failures = [OSError(errno.EMFILE, "too many open files"), OSError(errno.ECONNABORTED, "gone")]

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        real = loop.sock_accept

        async def accept(listening: socket.socket) -> Any:
            if failures:
                raise failures.pop()
            return await real(listening)

        monkeypatch.setattr(loop, "sock_accept", accept)
        async with Port(tmp_path, None) as port:
            await port.send(b"one")
            await until(lambda: bool(port.got))
            assert port.got == [b"one"]

    asyncio.run(scenario())
