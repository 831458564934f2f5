"""A real MariaDB on a free loopback port."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.process import ServerProcess

START_SECONDS = 60.0


class MariaDbServer(ServerProcess):
    @property
    def url(self) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/erp"

    def create(self, installer: str) -> None:
        command = [installer, "--no-defaults", f"--datadir={self.folder / 'data'}", "--auth-root-authentication-method=normal"]
        with (self.folder / "log").open("ab") as log:
            subprocess.run([*command, "--skip-test-db", *_as_root()], check=True, timeout=300, stdout=log, stderr=log)
        (self.folder / "data" / "erp").mkdir()  # which is what a database is

    def start(self) -> None:
        place = [f"--datadir={self.folder / 'data'}", f"--socket={self.folder / 's'}", f"--pid-file={self.folder / 'pid'}"]
        memory = ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--performance-schema=OFF"]
        network = ["--bind-address=127.0.0.1", f"--port={self.port}"]
        self.run(["--no-defaults", *place, *network, *memory, *_as_root()], START_SECONDS)


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


@contextmanager
def mariadb(folder: Path) -> Iterator[MariaDbServer]:
    """Yield a running server with its data in ``folder`` and an empty database ``erp``; end it afterwards."""
    program, installer = shutil.which("mariadbd") or shutil.which("/usr/sbin/mariadbd"), shutil.which("mariadb-install-db")
    if program is None or installer is None:
        pytest.skip("needs MariaDB: apt packages mariadb-server-core and mariadb-client-core, whose my_print_defaults its installer asks")
    server = MariaDbServer(folder, program)
    try:
        server.create(installer)
        server.start()
        yield server
    finally:
        server.kill()
