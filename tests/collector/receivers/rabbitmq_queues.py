"""Queues of a real RabbitMQ, and what comes of the messages that are put into one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aio_pika
from aio_pika.abc import AbstractRobustChannel

from collector.receivers.rabbitmq import RECEIVER
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.rabbitmq import RabbitServer


def settings(queue: str, **more: Any) -> dict[str, Any]:
    return {"type": "rabbitmq", "url": "env:TEST_BROKER", "queue": queue, **more}


async def on_channel(server: RabbitServer, work: Callable[[Any], Awaitable[None]]) -> None:
    async with await aio_pika.connect(server.url) as connection:
        await work(await connection.channel())


async def send(server: RabbitServer, queue: str, *messages: aio_pika.Message) -> None:
    async def work(channel: AbstractRobustChannel) -> None:
        await channel.declare_queue(queue, durable=True)
        for message in messages:
            message.delivery_mode = aio_pika.DeliveryMode.PERSISTENT
            await channel.default_exchange.publish(message, queue)

    await on_channel(server, work)


def receive(server: RabbitServer, tmp_path: Path, queue: str, *messages: aio_pika.Message, **more: Any) -> TestIntake:
    intake = TestIntake()

    async def scenario() -> None:
        await send(server, queue, *messages)
        async with running(RECEIVER, context_of(settings(queue, **more), intake, tmp_path / "state")):
            await until(lambda: len(intake.accepted) >= len(messages))

    asyncio.run(scenario())
    return intake
