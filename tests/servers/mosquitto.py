"""A real Mosquitto on free loopback ports, which keeps its sessions and their messages over a stop."""

from __future__ import annotations

import os
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
class MosquittoServer:
    """``tls`` is a certificate and its key: with it, the server also listens in TLS."""

    folder: Path
    program: str
    tls: tuple[Path, Path] | None = None
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 1",
            "max_queued_messages 100000",
            *(["user root"] if os.geteuid() == 0 else []),
        ]
        if self.tls:
            lines += [f"listener {self.tls_port} 127.0.0.1", f"certfile {self.tls[0]}", f"keyfile {self.tls[1]}"]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines), encoding="ascii")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([self.program, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log)
        wait_until(lambda: listens(self.port), START_SECONDS, f"Mosquitto listens; its log is {self.folder / 'log'}")

    def stop(self) -> None:
        """End it in good order: what it has is there again after ``start``."""
        if self.process is not None:
            self.process.terminate()
            self._ended()

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self._ended()

    def _ended(self) -> None:
        assert self.process is not None
        self.process.wait(60)
        self.process = None


@contextmanager
def mosquitto(folder: Path, tls: tuple[Path, Path] | None = None) -> Iterator[MosquittoServer]:
    """Yield a running server with its data in ``folder``; end it afterwards."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("needs Mosquitto: apt package mosquitto")
    server = MosquittoServer(folder, program, tls)
    try:
        server.start()
        yield server
    finally:
        server.kill()
