"""A real OpenSSH server on a free loopback port, for the user who runs the tests."""

from __future__ import annotations

import getpass
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
SUBSYSTEM = "/usr/lib/openssh/sftp-server"


@dataclass
class SftpServer:
    """``host_key`` is the server's public key; ``private_key`` the file of the one that may log in."""

    folder: Path
    program: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"sftp://{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def host_key(self) -> str:
        return " ".join((self.folder / "host.pub").read_text(encoding="ascii").split()[:2])

    @property
    def private_key(self) -> Path:
        return self.folder / "user"

    def make_keys(self) -> None:
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)], check=True)
        lines = [
            f"ListenAddress 127.0.0.1:{self.port}",
            f"HostKey {self.folder}/host",
            f"AuthorizedKeysFile {self.folder}/user.pub",
            f"PidFile {self.folder}/pid",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "PermitRootLogin yes",
            f"Subsystem sftp {SUBSYSTEM}",
        ]
        (self.folder / "sshd_config").write_text("\n".join(lines) + "\n", encoding="ascii")

    def start(self) -> None:
        if os.geteuid() == 0:  # where it drops its rights before anybody has logged in
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([self.program, "-D", "-e", "-f", str(self.folder / "sshd_config")], stdout=log, stderr=log)
        wait_until(lambda: listens(self.port), START_SECONDS, f"sshd listens; its log is {self.folder / 'log'}")

    def serving(self) -> list[int]:
        """Return the ids of the processes that serve files, one for each connection."""
        assert self.process is not None
        told = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout.splitlines()[1:]
        rows = [line.split(maxsplit=2) for line in told]
        below = {str(self.process.pid)}
        for _ in range(3):  # the daemon, its process for a connection, and for a user of lesser rights one more
            below |= {pid for pid, parent, _ in rows if parent in below}
        return [int(pid) for pid, _, program in rows if pid in below and SUBSYSTEM in program]

    def kill(self) -> None:
        """End it and its connections as a crash would."""
        if self.process is not None:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
            self.process.kill()
            for child in children:
                subprocess.run(["kill", "-9", child], check=False)
            self.process.wait(30)
            self.process = None


@contextmanager
def sftp(folder: Path) -> Iterator[SftpServer]:
    """Yield a running server with its keys in ``folder``; end it afterwards."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None or not Path(SUBSYSTEM).exists():
        pytest.skip("needs an OpenSSH server: apt package openssh-server")
    server = SftpServer(folder, program)
    try:
        server.make_keys()
        server.start()
        yield server
    finally:
        server.kill()
