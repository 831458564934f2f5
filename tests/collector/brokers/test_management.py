"""Looking at queues beside the reading: what is said once, and a broker's HTTP API that answers too much, or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from collector.brokers import management
from collector.brokers.management import ManagementApi, SaidOnce, why
from core.errors import Retryable
from tests.collector.receivers.driving import TestIntake, context_of


def test_what_is_wrong_is_said_again_only_if_it_changes_or_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    once = SaidOnce(context_of({"type": "test"}, TestIntake(), tmp_path), logging.getLogger("andon.test"))
    for what in ("refused", "refused", "gone", "", "gone"):
        once.say("management", what, queue="orders")
    once.say("orders", "gone", queue="orders")
    assert [record.message for record in caplog.records] == ["refused", "gone", "gone", "gone"]
    assert caplog.records[0].fields == {"source": "erp", "queue": "orders"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(403), "answers 403 to queues/orders"),
        (httpx.Response(200, stream=httpx.ByteStream(b"[" + b" " * management.ANSWER_MAX_BYTES)), "answers with more than 4 MiB"),
        (httpx.Response(200, stream=httpx.ByteStream(b"{}"), headers={"content-encoding": "gzip, gzip"}), r"compressed \(gzip, gzip\)"),
    ],
)
def test_an_answer_that_is_no_use_says_why(answer: httpx.Response, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_MANAGEMENT", "http://andon:a%2Fb@broker:8161/console/jolokia/")
    asked: list[httpx.Request] = []

    def answered(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    client = httpx.AsyncClient
    monkeypatch.setattr(httpx, "AsyncClient", lambda **given: client(**given, transport=httpx.MockTransport(answered)))

    async def ask() -> None:
        async with ManagementApi("env:TEST_MANAGEMENT") as api:
            await api._asked("queues/orders")

    with pytest.raises(Retryable, match=said):
        asyncio.run(ask())
    assert str(asked[0].url) == "http://broker:8161/console/jolokia/queues/orders"
    assert (asked[0].headers["origin"], asked[0].headers["authorization"]) == ("http://broker:8161", "Basic YW5kb246YS9i")


def test_an_answer_that_comes_byte_by_byte_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part came in time, so the teller waited for ever and said nothing."""

    class Drop(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0.001)

    monkeypatch.setenv("TEST_MANAGEMENT", "http://broker:15672")
    monkeypatch.setattr(management, "ANSWER_SECONDS", 0.1)
    client = httpx.AsyncClient
    slow = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drop()))
    monkeypatch.setattr(httpx, "AsyncClient", lambda **given: client(**given, transport=slow))

    async def ask() -> None:
        async with ManagementApi("env:TEST_MANAGEMENT") as api:
            await api._asked("queues/orders")

    with pytest.raises(httpx.ReadTimeout, match="no whole answer"):
        asyncio.run(ask())


def test_no_password_is_told() -> None:
    assert "hunter2" not in why(ValueError("http://andon:hunter2@broker refuses"))
    assert why(ValueError()) == "ValueError"
