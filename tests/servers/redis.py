"""A real Redis on a free loopback port, which writes every change to disk before it answers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port, listens
from tests.waiting import wait_until

START_SECONDS = 30.0


@dataclass
class RedisServer:
    folder: Path
    program: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: listens(self.port), START_SECONDS, f"Redis listens; its log is {self.folder / 'log'}")

    def kill(self) -> None:
        """End it as a crash would; what it has is there again after ``start``."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None


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
