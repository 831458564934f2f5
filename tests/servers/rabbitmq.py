"""A real RabbitMQ on free loopback ports, which keeps its messages over a restart."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port, listens
from tests.waiting import wait_until

START_SECONDS = 90.0


@dataclass
class RabbitServer:
    folder: Path
    program: Path
    port: int = field(default_factory=free_port)
    distribution_port: int = field(default_factory=free_port)
    epmd_port: int = field(default_factory=free_port)
    management_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def management(self) -> str:
        return f"http://guest:guest@127.0.0.1:{self.management_port}"

    def start(self) -> None:
        settings = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "loopback_users": "none",
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": self.management_port,
            "collect_statistics_interval": 1000,
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self.folder / "rabbitmq.conf").write_text(lines, encoding="ascii")
        (self.folder / "plugins").write_text("[rabbitmq_management].", encoding="ascii")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([self.program], stdout=log, stderr=log, env=self._environment(), start_new_session=True)
        wait_until(lambda: listens(self.port), START_SECONDS, f"RabbitMQ listens; its log is {self.folder / 'log'}")

    def stop(self) -> None:
        """End it in good order: what is persistent is there again after ``start``."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        if (epmd := shutil.which("epmd")) is not None:
            subprocess.run([epmd, "-port", str(self.epmd_port), "-kill"], check=False, capture_output=True, timeout=10)

    def _signal(self, number: int) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
            self.process.wait(60)
        except ProcessLookupError:
            pass
        finally:
            self.process = None
        wait_until(lambda: not listens(self.port), 60, "RabbitMQ has closed its port")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"andon{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.epmd_port),
        }


def installed() -> Path | None:
    """Return the server's program, if this machine has one."""
    return next(iter(sorted(Path("/usr/lib/rabbitmq/lib").glob("*/sbin/rabbitmq-server"))), None)


@contextmanager
def rabbitmq(folder: Path) -> Iterator[RabbitServer]:
    """Yield a running server with its data in ``folder``; end it afterwards."""
    program = installed()
    if program is None:
        pytest.skip("needs RabbitMQ: apt package rabbitmq-server")
    server = RabbitServer(folder, program)
    try:
        server.start()
        yield server
    finally:
        server.close()
