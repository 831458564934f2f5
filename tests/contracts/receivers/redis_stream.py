from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.contracts.receivers.harness import Harness, Outside

_numbers = itertools.count(1)


class Stream:
    def __init__(self, url: str) -> None:
        self._url = url
        self._name = f"contract-{next(_numbers)}"
        self.settings: dict[str, Any] = {"type": "redis_stream", "url": "env:TEST_BROKER", "stream": self._name}

    def put(self, names: list[str]) -> None:
        with Redis.from_url(self._url) as client:
            for name in names:
                client.xadd(self._name, {"name": name})

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def stream(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _: Path) -> Iterator[Outside]:
    server = request.getfixturevalue("redis_server")
    monkeypatch.setenv("TEST_BROKER", server.url)
    yield Stream(server.url)


HARNESS = Harness({"type": "redis_stream", "url": "env:BROKER_URL", "stream": "orders"}, ("url", "stream"), "redis://127.0.0.1:9/0", stream)
