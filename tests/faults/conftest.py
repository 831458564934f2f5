"""The broker of the tests that take every road."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aio_pika
import pytest

from tests.faults.ledger import QUEUE
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture
def broker(rabbit_server: RabbitServer) -> Iterator[RabbitServer]:
    """The session's RabbitMQ; what a test leaves in the queue goes with it."""
    yield rabbit_server
    asyncio.run(_delete_queue(rabbit_server.url))


async def _delete_queue(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        await (await connection.channel()).queue_delete(QUEUE)
