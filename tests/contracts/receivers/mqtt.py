from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.contracts.receivers.harness import Harness, Outside

_numbers = itertools.count(1)


class Topic:
    """The session is made before anything is put: a broker keeps nothing for a client that it does not know."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._name = f"contract/{next(_numbers)}"
        self.settings: dict[str, Any] = {
            "type": "mqtt",
            "url": "env:TEST_BROKER",
            "topics": [self._name],
            "client_id": self._name.replace("/", "-"),
            "version": "3.1.1",
        }
        client = Client(CallbackAPIVersion.VERSION2, self.settings["client_id"], clean_session=False, protocol=MQTTProtocolVersion.MQTTv311)
        client.on_connect = lambda *_: client.subscribe(self._name, 1)
        client.on_subscribe = lambda *_: client.disconnect()
        client.connect("127.0.0.1", port)
        client.loop_forever()

    def put(self, names: list[str]) -> None:
        messages = [(self._name, f'{{"name": "{name}"}}', 1, False) for name in names]
        publish.multiple(messages, hostname="127.0.0.1", port=self._port)

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["data"]["name"])


@contextmanager
def topic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _: Path) -> Iterator[Outside]:
    server = request.getfixturevalue("mosquitto_server")
    monkeypatch.setenv("TEST_BROKER", server.url)
    yield Topic(server.port)


HARNESS = Harness({"type": "mqtt", "url": "env:BROKER_URL", "topics": ["plant/+/orders/#"]}, ("url", "topics"), "mqtt://127.0.0.1:9", topic)
