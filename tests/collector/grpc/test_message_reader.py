"""Messages over gRPC are read a few at a time, and whoever is silent keeps nobody waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from collector.grpc import message_reader
from collector.grpc.message_reader import TURNS, MessageReader
from core.errors import Full
from tests.collector.conftest import Running
from tests.collector.grpc.test_export import EXPORT
from tests.collector.requests import spans
from tests.waiting import wait_until

PATIENCE_SECONDS = 60.0


class Call:
    """A call whose message comes when the test says so; it notes when it is read."""

    def __init__(self) -> None:
        self.read_now = asyncio.Event()
        self.comes = asyncio.Event()
        self.reading = False

    async def read(self) -> bytes:
        self.reading = True
        self.read_now.set()
        try:
            await self.comes.wait()
        finally:
            self.reading = False
        return b"message"


def begin(turns: MessageReader, connection: str, call: Call) -> asyncio.Task[Any]:
    return asyncio.create_task(turns.read(connection, call))


def test_only_a_few_are_read_at_a_time_and_the_newest_comes_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_reader, "STRANGERS_TURN_SECONDS", 3600.0)

    async def scenario() -> None:
        turns, calls = MessageReader(), [Call() for _ in range(6)]
        tasks = [begin(turns, f"c{number}", call) for number, call in enumerate(calls)]
        await asyncio.gather(*(call.read_now.wait() for call in calls[:TURNS]))
        await asyncio.sleep(0)
        calls[0].comes.set()
        assert await tasks[0] == b"message"
        await calls[-1].read_now.wait()
        assert [call.reading for call in calls] == [False] + [True] * (TURNS - 1) + [False] * (5 - TURNS) + [True]
        for call in calls:
            call.comes.set()
        assert await asyncio.gather(*tasks) == [b"message"] * 6

    asyncio.run(scenario())


def test_who_is_silent_is_sent_away_only_where_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_reader, "STRANGERS_TURN_SECONDS", 0.01)

    async def scenario() -> None:
        turns, silent, more = MessageReader(), [Call() for _ in range(TURNS)], [Call() for _ in range(2 * TURNS)]
        tasks = [begin(turns, f"s{number}", call) for number, call in enumerate(silent)]
        await asyncio.gather(*(call.read_now.wait() for call in silent))
        await asyncio.sleep(0.05)
        assert all(call.reading for call in silent), "nobody waits"
        others = [begin(turns, f"m{number}", call) for number, call in enumerate(more)]
        for task in tasks:
            with pytest.raises(Full, match="did not arrive in time"):
                await task
        for call in more:
            call.comes.set()
        found = await asyncio.gather(*others, return_exceptions=True)
        assert found.count(b"message") >= TURNS

    asyncio.run(scenario())


def test_a_call_that_is_cancelled_leaves_its_turn_to_the_next() -> None:
    async def scenario() -> None:
        turns, calls = MessageReader(), [Call() for _ in range(TURNS + 2)]
        tasks = [begin(turns, f"c{number}", call) for number, call in enumerate(calls)]
        await asyncio.gather(*(call.read_now.wait() for call in calls[:TURNS]))
        await asyncio.sleep(0)
        for task in (tasks[0], tasks[TURNS]):  # one that reads, one that waits
            task.cancel()
        calls[-1].comes.set()
        assert await tasks[-1] == b"message"

    asyncio.run(scenario())


def test_no_message_comes_too_late_to_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_reader, "READ_SECONDS", 0.01)
    with pytest.raises(Full) as caught:
        asyncio.run(MessageReader().read("c", Call()))
    assert caught.value.retry_after_seconds == 1


def test_silent_streams_keep_no_other_sender_waiting(collector: Running) -> None:
    """Each of them would be waited for 10 seconds."""
    address, over = f"127.0.0.1:{collector.engine.grpc_port}", threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait()
        yield from ()

    body = spans(count=1).SerializeToString()
    with ExitStack() as stack:
        channels = [stack.enter_context(grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])) for _ in range(5)]
        known, stranger, *silent = channels
        known.unary_unary(EXPORT)(body, timeout=PATIENCE_SECONDS)
        stack.callback(over.set)
        held = [channel.stream_unary(EXPORT).future(nothing(), timeout=3600) for channel in silent for _ in range(20)]
        for _ in range(20):
            known.unary_unary(EXPORT)(body, timeout=PATIENCE_SECONDS)
        wait_until(lambda: stranger.unary_unary(EXPORT)(body, timeout=PATIENCE_SECONDS) == b"", PATIENCE_SECONDS, "a stranger is heard")
        for call in held:
            call.cancel()
    assert len(collector.records()) == 22
