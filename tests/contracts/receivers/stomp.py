from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside
from tests.servers.activemq import ActiveMqServer

_numbers = itertools.count(1)


class Queue:
    def __init__(self, server: ActiveMqServer) -> None:
        self._server = server
        self._name = f"/queue/contract-{next(_numbers)}"
        self.settings: dict[str, Any] = {"type": "stomp", "url": "env:TEST_BROKER", "destination": self._name}

    def put(self, names: list[str]) -> None:
        self._server.send(self._name, *(f'{{"name": "{name}"}}' for name in names))

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def queue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _: Path) -> Iterator[Outside]:
    server = request.getfixturevalue("activemq_server")
    monkeypatch.setenv("TEST_BROKER", server.url)
    yield Queue(server)


HARNESS = Harness(
    {"type": "stomp", "url": "env:BROKER_URL", "destination": "/queue/orders"}, ("url", "destination"), "stomp://127.0.0.1:9", queue
)
