"""Datagrams that come faster than anybody can read them."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from collector.logs.datagrams import AT_ONCE, Datagrams
from tests.collector.receivers.driving import TestIntake, context_of
from tests.ports import free_port

ROUNDS = 20


def test_a_flood_leaves_others_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = ROUNDS * AT_ONCE
    seen: list[int] = []

    def receive(*_: object) -> tuple[bytes, tuple[str, int]]:
        nonlocal left
        if not left:
            raise BlockingIOError
        left -= 1
        return b"x", ("192.0.2.1", 514)

    async def others() -> None:
        while True:
            seen.append(left)
            await asyncio.sleep(0)

    async def scenario() -> None:
        port = free_port()
        with Datagrams("127.0.0.1", port, context_of({"type": "syslog", "port": port}, TestIntake(), tmp_path)) as datagrams:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"x", ("127.0.0.1", port))
            task = asyncio.create_task(others())
            while left:
                await datagrams.next()
            task.cancel()

    monkeypatch.setattr(socket.socket, "recvfrom", receive, raising=False)
    asyncio.run(scenario())
    assert len(set(seen)) >= ROUNDS
