from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from tests.contracts.receivers.harness import Harness, Outside

_numbers = itertools.count(1)


class Queue:
    def __init__(self, url: str) -> None:
        self._url = url
        self._name = f"contract-{next(_numbers)}"
        self.settings: dict[str, Any] = {"type": "rabbitmq", "url": "env:TEST_BROKER", "queue": self._name}
        self.put([])

    def put(self, names: list[str]) -> None:
        async def publish() -> None:
            async with await aio_pika.connect(self._url) as connection:
                channel = await connection.channel()
                await channel.declare_queue(self._name, durable=True)
                for name in names:
                    message = aio_pika.Message(f'{{"name": "{name}"}}'.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                    await channel.default_exchange.publish(message, self._name)

        asyncio.run(publish())

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def queue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _: Path) -> Iterator[Outside]:
    server = request.getfixturevalue("rabbit_server")
    monkeypatch.setenv("TEST_BROKER", server.url)
    yield Queue(server.url)


HARNESS = Harness(
    {"type": "rabbitmq", "url": "env:BROKER_URL", "queue": "orders"}, ("url", "queue"), "amqp://guest:guest@127.0.0.1:9/", queue
)
