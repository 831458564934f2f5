from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from collector.backoff import Backoff
from collector.brokers.reconnecting import end_when_cancelled, reconnect_for_ever, without_password
from tests.collector.receivers.driving import TestIntake, context_of, losing_a_cancellation, until

_LOG = logging.getLogger("andon.collector.test")


def test_it_reads_again_after_a_loss_and_after_an_end_and_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    attempts = 0

    async def session(backoff: Backoff) -> None:
        nonlocal attempts
        attempts += 1
        backoff.reset()
        if attempts == 1:
            raise OSError("amqp://andon:hunter2@broker/ refused")

    async def scenario() -> None:
        context = context_of({"type": "topics"}, TestIntake(), tmp_path / "state")
        task = asyncio.create_task(reconnect_for_ever(context, session, (OSError,), _LOG, topic="orders"))
        await until(lambda: attempts >= 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with caplog.at_level(logging.WARNING, "andon.collector.test"):
        asyncio.run(scenario())

    said = [record.__dict__["fields"] for record in caplog.records]
    assert said[0]["why"] == "OSError: amqp://andon:…@broker/ refused"
    assert (said[1]["why"], said[1]["source"], said[1]["topic"]) == ("the connection was closed", "erp", "orders")


def test_an_error_that_no_connection_raises_is_not_swallowed(tmp_path: Path) -> None:
    async def session(_: Backoff) -> None:
        raise ZeroDivisionError

    context = context_of({"type": "topics"}, TestIntake(), tmp_path / "state")
    with pytest.raises(ZeroDivisionError):
        asyncio.run(reconnect_for_ever(context, session, (OSError,), _LOG))


def test_a_cancellation_that_a_client_loses_or_makes_an_error_of_ends_the_reading(tmp_path: Path) -> None:
    waits: list[str] = []

    async def reads() -> None:
        wait = losing_a_cancellation(asyncio.Event().wait, True)
        try:
            while True:
                waits.append("an answer")
                await wait()
        except asyncio.CancelledError as error:
            raise OSError("the connection is lost") from error

    async def session(_: Backoff) -> None:
        await end_when_cancelled(reads())

    async def scenario() -> None:
        context = context_of({"type": "topics"}, TestIntake(), tmp_path / "state")
        task = asyncio.create_task(reconnect_for_ever(context, session, (OSError,), _LOG))
        await until(lambda: bool(waits))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 30)

    asyncio.run(scenario())
    assert len(waits) == 2


def test_a_cancellation_that_a_client_lost_while_it_connected_ends_all_before_it_reads(tmp_path: Path) -> None:
    seen: list[str] = []

    async def reads() -> None:
        seen.append("read")

    async def session(_: Backoff) -> None:
        seen.append("connect")
        await losing_a_cancellation(asyncio.Event().wait, True)()
        await end_when_cancelled(reads())

    async def loses(_: Backoff) -> None:
        seen.append("connect")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise OSError("the connection is lost") from error

    async def scenario(attempt: Callable[[Backoff], Awaitable[None]]) -> None:
        seen.clear()
        context = context_of({"type": "topics"}, TestIntake(), tmp_path / "state")
        task = asyncio.create_task(reconnect_for_ever(context, attempt, (OSError,), _LOG))
        await until(lambda: bool(seen))
        task.cancel()
        await asyncio.wait({task}, timeout=30)
        assert task.cancelled()
        assert seen == ["connect"]

    for attempt in (session, loses):
        asyncio.run(scenario(attempt))


def test_a_password_in_a_message_is_not_repeated() -> None:
    assert without_password("no answer from redis://:hunter2@host:6379/0") == "no answer from redis://:…@host:6379/0"
    assert (
        without_password("no answer from mongodb+srv+with+driver://me:hunter2@host") == "no answer from mongodb+srv+with+driver://me:…@host"
    )
    assert (
        without_password("no answer from amqp://me:hunt@er/2@host/x, amqp://me:p@other")
        == "no answer from amqp://me:…@host/x, amqp://me:…@other"
    )
    for words in ("a" * 200_000, "a://:" * 40_000):
        before = time.process_time()
        assert without_password(words) == words
        assert time.process_time() - before < 5  # it was a minute, for words that a broker chose
