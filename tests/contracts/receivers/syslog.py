from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.contracts.receivers.harness import Harness, Outside
from tests.ports import free_port


class Sender:
    """Sends over a connection of its own for each call, once somebody listens."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {"type": "syslog", "port": free_port()}
        self.ended = Event()
        self.threads: list[Thread] = []

    def put(self, names: list[str]) -> None:
        self.threads.append(Thread(target=self._send, args=[names]))
        self.threads[-1].start()

    def _send(self, names: list[str]) -> None:
        while not self.ended.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.settings["port"])) as connection:
                connection.sendall(b"".join(f"<14>1 - - - - - - {name}\n".encode() for name in names))
                return
            time.sleep(0.02)

    def name_of(self, event: dict[str, Any]) -> str:
        return str(event["body"])


@contextmanager
def sender(_: pytest.FixtureRequest, __: pytest.MonkeyPatch, ___: Path) -> Iterator[Outside]:
    found = Sender()
    yield found
    found.ended.set()
    for thread in found.threads:
        thread.join()


HARNESS = Harness(
    {"type": "syslog", "port": 6514, "host": "127.0.0.1", "senders": ["10.0.0.0/8"]}, ("port",), "192.0.2.1", sender, acknowledges=False
)
