"""A real ActiveMQ with a STOMP door on free loopback ports, which keeps its messages over a restart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.artemis import POM
from tests.servers.java import JVM, Jolokia, class_path, jolokia
from tests.servers.stomp import StompServer

START_SECONDS = 90.0
HOME = Path("/usr/share/activemq")


@dataclass
class ActiveMqServer(StompServer):
    console: Jolokia | None = None

    @property
    def management(self) -> Jolokia:
        """The door of its console, which Debian's package has not; it comes with the packages of Artemis."""
        if self.console is None:
            pytest.skip(f"needs packages of Maven: mvn -f {POM} dependency:build-classpath")
        return self.console

    def start(self) -> None:
        broker = f"broker:(stomp://127.0.0.1:{self.port})?persistent=true&useJmx={str(self.console is not None).lower()}"
        places = [f"-Dactivemq.home={HOME}", f"-Dactivemq.base={self.folder}", f"-Dactivemq.data={self.folder}"]
        managed = self.console.arguments() if self.console else []
        arguments = [*JVM, *managed, *places, "-jar", str(HOME / "bin" / "activemq.jar"), "start", broker]
        self.run(arguments, START_SECONDS, {**os.environ, "HOME": str(self.folder)})


@contextmanager
def activemq(folder: Path, cache: Path) -> Iterator[ActiveMqServer]:
    """Yield a running server with its data in ``folder``; end it afterwards. ``cache`` is a folder that outlives the run."""
    java = shutil.which("java")
    if java is None or not (HOME / "bin" / "activemq.jar").exists():
        pytest.skip("needs ActiveMQ: apt packages activemq and default-jre-headless")
    try:
        console = jolokia(class_path(POM, cache), folder)
    except pytest.skip.Exception:
        console = None
    server = ActiveMqServer(folder, java, console=console)
    try:
        server.start()
        yield server
    finally:
        server.kill()
