"""A real NATS server with JetStream on a free loopback port, which keeps its streams over a restart."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import nats
import pytest
from nats.js import JetStreamContext

from tests.servers.process import ServerProcess

START_SECONDS = 30.0
T = TypeVar("T")


@dataclass
class NatsServer(ServerProcess):
    """``login``: the only user. ``configuration``: in the server's own words; ``options``: how the client of tests gets in then."""

    login: tuple[str, str] | None = None
    configuration: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        login = ":".join(quote(word, "") for word in self.login) + "@" if self.login else ""
        return f"nats://{login}127.0.0.1:{self.port}"

    def start(self) -> None:
        login = ["--user", self.login[0], "--pass", self.login[1]] if self.login else []
        (self.folder / "nats.conf").write_text(self.configuration, encoding="utf-8")
        place = ["-c", str(self.folder / "nats.conf"), "-a", "127.0.0.1", "-p", str(self.port)]
        self.run([*place, "-js", "-sd", str(self.folder / "data"), *login], START_SECONDS)

    def do(self, work: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        """Return what ``work`` makes of a connection of its own."""

        async def connected() -> T:
            user, password = self.login or (None, None)
            connection = await nats.connect(f"nats://127.0.0.1:{self.port}", user=user, password=password, **self.options)
            try:
                return await work(connection.jetstream(timeout=30))
            finally:
                await connection.close()

        return asyncio.run(connected())

    def send(self, subject: str, *bodies: bytes, **headers: str) -> None:
        async def publish(stream: JetStreamContext) -> None:
            for body in bodies:
                await stream.publish(subject, body, headers={name.replace("_", "-"): value for name, value in headers.items()} or None)

        self.do(publish)

    def create_stream(self, name: str, **settings: Any) -> None:
        self.do(lambda stream: stream.add_stream(name=name, subjects=[f"{name}.>"], **settings))


@contextmanager
def nats_jetstream(folder: Path) -> Iterator[NatsServer]:
    """Yield a running server with its data in ``folder``; end it afterwards."""
    program = shutil.which("nats-server")
    if program is None:
        pytest.skip("needs NATS: apt package nats-server")
    server = NatsServer(folder, program)
    try:
        server.start()
        yield server
    finally:
        server.kill()
