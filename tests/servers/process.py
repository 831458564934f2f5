"""What servers of one process share: a folder, a free port on loopback, a start that waits until it listens, and an end as by a crash."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port, listens
from tests.waiting import wait_until


@dataclass
class ServerProcess:
    """A server with its data and its log in ``folder``; ``program`` runs it."""

    folder: Path
    program: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def run(self, arguments: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None) -> None:
        """Start the program and return once it listens; ``seconds`` are those of a quiet machine."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([self.program, *arguments], stdout=log, stderr=log, cwd=self.folder, env=environment)
        wait_until(lambda: listens(self.port), seconds, f"{self.program} listens; its log is {self.folder / 'log'}")

    def kill(self) -> None:
        """End it as a crash would; what it acknowledged is there again after its start."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(60)
            self.process = None
