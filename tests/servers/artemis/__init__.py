"""A real ActiveMQ Artemis on a free loopback port, with a STOMP door as its installation makes it: without prefixes of destinations."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.java import JVM, class_path, jolokia
from tests.servers.stomp import StompServer

START_SECONDS = 90.0
POM = Path(__file__).parent / "pom.xml"
CONFIGURATION = """<configuration xmlns="urn:activemq">
  <core xmlns="urn:activemq:core">
    <security-enabled>false</security-enabled>
    <journal-type>NIO</journal-type>
    <max-disk-usage>100</max-disk-usage>
    <acceptors><acceptor name="all">tcp://127.0.0.1:PORT?protocols=STOMP,CORE</acceptor></acceptors>
  </core>
</configuration>
"""


@dataclass
class ArtemisServer(StompServer):
    class_path: str = ""

    def __post_init__(self) -> None:
        self.management = jolokia(self.class_path, self.folder)

    def start(self) -> None:
        (self.folder / "etc").mkdir(exist_ok=True)
        (self.folder / "etc" / "broker.xml").write_text(CONFIGURATION.replace("PORT", str(self.port)), encoding="ascii")
        arguments = [
            *JVM,
            *self.management.arguments(),
            "-cp",
            self.class_path,
            "org.apache.activemq.artemis.core.server.embedded.Main",
            str(self.folder),
        ]
        self.run(arguments, START_SECONDS)


@contextmanager
def artemis(folder: Path, cache: Path) -> Iterator[ArtemisServer]:
    """Yield a running server with its data in ``folder``; end it afterwards. ``cache`` is a folder that outlives the run."""
    jars = class_path(POM, cache)
    server = ArtemisServer(folder, shutil.which("java") or "java", class_path=jars)
    try:
        server.start()
        yield server
    finally:
        server.kill()
