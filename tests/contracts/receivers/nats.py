from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside
from tests.servers.nats import NatsServer

_numbers = itertools.count(1)


class Stream:
    def __init__(self, server: NatsServer) -> None:
        self._server = server
        self._name = f"contract-{next(_numbers)}"
        self.settings: dict[str, Any] = {"type": "nats", "url": "env:TEST_BROKER", "stream": self._name}
        server.create_stream(self._name)

    def put(self, names: list[str]) -> None:
        self._server.send(f"{self._name}.put", *(f'{{"name": "{name}"}}'.encode() for name in names))

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def stream(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _: Path) -> Iterator[Outside]:
    server: NatsServer = request.getfixturevalue("nats_server")
    monkeypatch.setenv("TEST_BROKER", server.url)
    monkeypatch.setattr("collector.receivers.nats.ACKNOWLEDGE_SECONDS", 2.0)
    yield Stream(server)


HARNESS = Harness({"type": "nats", "url": "env:BROKER_URL", "stream": "orders"}, ("url", "stream"), "nats://127.0.0.1:9", stream)
