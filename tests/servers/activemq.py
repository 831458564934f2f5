"""A real ActiveMQ with a STOMP door on free loopback ports, which keeps its messages over a restart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.stomp import StompServer

START_SECONDS = 90.0
HOME = Path("/usr/share/activemq")


class ActiveMqServer(StompServer):
    def start(self) -> None:
        broker = f"broker:(stomp://127.0.0.1:{self.port})?persistent=true&useJmx=false"
        places = [f"-Dactivemq.home={HOME}", f"-Dactivemq.base={self.folder}", f"-Dactivemq.data={self.folder}"]
        arguments = ["-Xmx256m", *places, "-jar", str(HOME / "bin" / "activemq.jar"), "start", broker]
        self.run(arguments, START_SECONDS, {**os.environ, "HOME": str(self.folder)})


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
