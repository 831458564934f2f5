"""A real ActiveMQ with a STOMP door on free loopback ports, which keeps its messages over a restart."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import stomp

from tests.ports import free_port, listens
from tests.waiting import wait_until

START_SECONDS = 90.0
HOME = Path("/usr/share/activemq")


@dataclass
class ActiveMqServer:
    folder: Path
    java: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"stomp://127.0.0.1:{self.port}"

    def start(self) -> None:
        broker = f"broker:(stomp://127.0.0.1:{self.port})?persistent=true&useJmx=false"
        command = [self.java, "-Xmx256m", f"-Dactivemq.home={HOME}", f"-Dactivemq.base={self.folder}", f"-Dactivemq.data={self.folder}"]
        command += ["-jar", str(HOME / "bin" / "activemq.jar"), "start", broker]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env={**os.environ, "HOME": str(self.folder)})
        wait_until(lambda: listens(self.port), START_SECONDS, f"ActiveMQ listens; its log is {self.folder / 'log'}")

    def send(self, destination: str, *bodies: str | bytes, **headers: str) -> None:
        """Publish persistent messages; they are on the broker's disk once this returns."""
        client = stomp.Connection12([("127.0.0.1", self.port)], vhost="localhost")
        client.connect(wait=True)
        for body in bodies:
            client.send(destination, body, headers={"persistent": "true", **headers})
        client.disconnect(receipt="all")

    def kill(self) -> None:
        """End it as a crash would; what it has is there again after ``start``."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None


@contextmanager
def activemq(folder: Path) -> Iterator[ActiveMqServer]:
    """Yield a running server with its data in ``folder``; end it afterwards."""
    java = shutil.which("java")
    if java is None or not (HOME / "bin" / "activemq.jar").exists():
        pytest.skip("needs ActiveMQ: apt packages activemq and default-jre-headless")
    server = ActiveMqServer(folder, java)
    try:
        server.start()
        yield server
    finally:
        server.kill()
