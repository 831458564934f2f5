"""How messages of RabbitMQ that come together become a batch, which is synced to disk once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pika import spec

from collector.brokers.rabbitmq_decoding import ReadProperties
from collector.receivers import rabbitmq
from collector.receivers.rabbitmq import Arrived
from core.errors import Retryable

AN_HOUR = 3600.0


def put(arrived: Arrived, *bodies: bytes) -> None:
    for body in bodies:
        arrived.put(None, spec.Basic.Deliver(exchange="", routing_key=""), ReadProperties(), body)


async def batch_of(arrived: Arrived) -> list[bytes]:
    return [delivery.message.body for delivery in await arrived.batch()]


async def a_few_turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def run(scenario: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(bounded())


def test_a_message_alone_waits_no_longer_than_a_burst_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "CHECK_SECONDS", AN_HOUR)

    async def scenario() -> None:
        arrived = Arrived("orders", 500)
        for body in (b"before it waits", b"again"):
            put(arrived, body)
            assert await batch_of(arrived) == [body]
        waiting = asyncio.create_task(batch_of(arrived))
        await a_few_turns()
        put(arrived, b"while it waits")
        assert await waiting == [b"while it waits"]

    run(scenario())


def test_a_burst_is_one_batch_and_is_not_waited_for_once_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gathering, the first message of a burst was a batch of its own, and the rest came in batches of a few."""
    monkeypatch.setattr(rabbitmq, "GATHER_SECONDS", AN_HOUR)

    async def scenario() -> None:
        arrived, sent = Arrived("orders", 5), [bytes([number]) for number in range(7)]
        waiting = asyncio.create_task(batch_of(arrived))
        for body in sent:
            put(arrived, body)
            await a_few_turns()
        assert await waiting == sent[:5]
        monkeypatch.setattr(rabbitmq, "GATHER_SECONDS", 0.0)
        assert await batch_of(arrived) == sent[5:]

    run(scenario())


def test_large_messages_fill_a_batch_before_many_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "BATCH_MAX_BYTES", 10)

    async def scenario() -> None:
        arrived = Arrived("orders", 500)
        put(arrived, b"123456", b"123456", b"1")
        assert await batch_of(arrived) == [b"123456", b"123456"]
        assert await batch_of(arrived) == [b"1"]

    run(scenario())


def test_nothing_for_a_while_is_an_empty_batch_and_a_closed_channel_ends_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "CHECK_SECONDS", 0.0)

    async def scenario() -> None:
        arrived = Arrived("orders", 500)
        assert await batch_of(arrived) == []
        monkeypatch.setattr(rabbitmq, "CHECK_SECONDS", AN_HOUR)
        monkeypatch.setattr(rabbitmq, "GATHER_SECONDS", AN_HOUR)
        waiting = asyncio.create_task(batch_of(arrived))
        await a_few_turns()
        put(arrived, b"it comes again")
        await a_few_turns()
        arrived.close()
        with pytest.raises(Retryable, match="closed the channel"):
            await waiting

    run(scenario())
