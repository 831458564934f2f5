"""A real Redis on a free loopback port, which writes every change to disk before it answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.process import ServerProcess

START_SECONDS = 30.0


class RedisServer(ServerProcess):
    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        self.run([*place, "--save", "", "--appendonly", "yes", "--appendfsync", "always"], START_SECONDS)


@contextmanager
def redis(folder: Path) -> Iterator[RedisServer]:
    """Yield a running server with its data in ``folder``; end it afterwards."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs Redis: apt package redis-server")
    server = RedisServer(folder, program)
    try:
        server.start()
        yield server
    finally:
        server.kill()
