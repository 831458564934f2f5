"""The demo as a person starts it: the real command in a process of its own, on free ports, and what it prints."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.command_line import ROOT, own_environment
from tests.ports import free_port
from tests.product import Product
from tests.waiting import wait_until

START_SECONDS = 240.0
"""What a slow machine may take; a quiet one takes a fraction."""
STOP_SECONDS = 100.0
KINDS = ("collect", "engine", "dashboard", "plant")
FIRST_INCIDENT = (
    "SELECT incident_id, title, owner, runbook, members, customers, value, next_due_at FROM incidents FINAL WHERE status != 'resolved' AND owner != ''"
    " AND runbook != '' AND members > 0 AND notEmpty(customers) AND notEmpty(value) ORDER BY opened_at, incident_id"
)
"""The open incidents that say all a person needs, the oldest first."""


def environment() -> dict[str, str]:
    """What a person's shell has, and a terminal wide enough for whole lines."""
    return {**own_environment(), "PYTHONPATH": str(ROOT), "COLUMNS": "240", "PYTHONUNBUFFERED": "1"}


@dataclass
class Demo:
    """One folder in which ``andon demo`` or ``andon up`` runs; the ports stay the same."""

    folder: Path
    desk_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    seconds_to_incident: float = 0.0
    """From the first command to the first open incident that says everything."""

    running_since: float = 0.0
    """The monotonic moment at which the command said that Andon is running: all had been ready by then."""

    def __post_init__(self) -> None:
        self.product = Product(self.folder / "data", ROOT / "catalog")

    @property
    def data(self) -> Path:
        return self.product.data

    @property
    def ports(self) -> dict[str, int]:
        product = self.product
        return {
            "--otlp-grpc-port": product.grpc_port,
            "--http-port": product.http_port,
            "--engine-port": product.engine_port,
            "--dashboard-port": product.dashboard_port,
            "--dashboard-metrics-port": product.dashboard_metrics_port,
        }

    @property
    def flags(self) -> list[str]:
        return [f"--data={self.data}", *(f"{flag}={port}" for flag, port in self.ports.items())]

    def start(self, *arguments: str) -> None:
        """Start a command that stays, and wait until it says that Andon is running."""
        self.begin(*arguments)
        process = self.process
        assert process is not None
        wait_until(lambda: process.poll() is not None or "Andon is running" in self.printed, START_SECONDS, f"andon {arguments[0]} runs")
        assert process.poll() is None, self.printed
        self.running_since = time.monotonic()

    def begin(self, *arguments: str) -> None:
        """Start a command that stays."""
        assert self.process is None
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "printed").write_bytes(b"")
        with (self.folder / "printed").open("ab") as printed:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "andon", *arguments, *self.flags],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
            )

    def start_demo(self) -> None:
        """Start the demo, afresh the first time, and wait for its first incident."""
        began = time.monotonic()
        fresh = [] if self.seconds_to_incident else ["--fresh"]
        self.start("demo", f"--catalog={self.product.catalog}", f"--desk-port={self.desk_port}", *fresh)
        self.wait_for_incident()
        self.seconds_to_incident = self.seconds_to_incident or time.monotonic() - began

    def wait_for_incident(self) -> dict[str, Any]:
        return wait_until(self.incidents, START_SECONDS, "an incident that says everything", pause=0.5)[0]

    def incidents(self) -> list[dict[str, Any]]:
        return self.named(FIRST_INCIDENT)

    def named(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Ask the read endpoint; rows by column."""
        return list(self.product.reader.query(sql, parameters=parameters).named_results())

    @property
    def printed(self) -> str:
        return (self.folder / "printed").read_text(errors="replace")

    def children(self) -> dict[str, int]:
        """The processes the command runs, by kind."""
        assert self.process is not None
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if parent == self.process.pid and len(words) > 3:  # an ended one has no words
                found[words[3]] = int(process.name)
        return found

    def interrupt(self) -> int:
        """Ctrl-C; return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        return code

    def kill(self) -> None:
        """End the command as a crash would; what it runs has to end by itself."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def end(self) -> None:
        """End everything whatever happened."""
        if self.process is None:
            return
        children = self.children()
        self.kill()
        for process in children.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
