"""A real PostgreSQL on a free loopback port. As root it runs under the user ``postgres``, since it refuses to run as root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.orphans import remove_if_interrupted
from tests.ports import free_port
from tests.waiting import wait_until


@dataclass
class PostgresServer:
    folder: Path
    programs: Path
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://erp@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "erp", "--no-sync", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off -c timezone=UTC"
        options += " -c wal_level=logical -c max_replication_slots=64"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")

    def kill(self) -> None:
        """End it as a crash would."""
        main = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(main, signal.SIGSTOP)  # so that it starts no other meanwhile
        own = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for process in (main, *map(int, own)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not any(map(_runs, (main, *map(int, own)))), 30, "PostgreSQL is gone")
        for lock in (self.folder / "data" / "postmaster.pid", self.folder / f".s.PGSQL.{self.port}.lock"):
            lock.unlink()  # a process that nobody waits for seems to be there still

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        with (self.folder / "commands.log").open("ab") as log:
            subprocess.run(command, check=True, timeout=120, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def postgresql() -> Iterator[PostgresServer]:
    """Yield a running, empty server; end it and remove its data afterwards."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if programs is None or not (programs / "initdb").exists():
        pytest.skip("needs PostgreSQL: apt package postgresql")
    # Not below the run's own folder: that one is closed to the user postgres.
    folder = Path(tempfile.mkdtemp(prefix="andon-postgresql-", dir="/tmp"))
    remove_if_interrupted(folder)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = PostgresServer(folder, programs)
    try:
        server.create()
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
