from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from collector.backoff import Backoff
from collector.reconnecting import reconnect_for_ever, without_password
from tests.collector.receivers.driving import TestIntake, context_of, until

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


def test_a_password_in_a_message_is_not_repeated() -> None:
    assert without_password("no answer from redis://:hunter2@host:6379/0") == "no answer from redis://:…@host:6379/0"
