from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside
from tests.servers.kafka import KafkaServer

_numbers = itertools.count(1)


class Topic:
    def __init__(self, server: KafkaServer) -> None:
        self._server = server
        self._name = f"contract-{next(_numbers)}"
        self.settings: dict[str, Any] = {"type": "kafka", "url": "env:TEST_BROKER", "topics": [self._name], "group": f"of-{self._name}"}
        server.create_topic(self._name)

    def put(self, names: list[str]) -> None:
        self._server.send(self._name, *(f'{{"name": "{name}"}}'.encode() for name in names))

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def topic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _: Path) -> Iterator[Outside]:
    server: KafkaServer = request.getfixturevalue("kafka_server")
    monkeypatch.setenv("TEST_BROKER", server.url)
    yield Topic(server)


HARNESS = Harness({"type": "kafka", "url": "env:BROKER_URL", "topics": ["orders"]}, ("url", "topics"), "kafka://127.0.0.1:9", topic)
