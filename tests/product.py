"""Starts the real processes of Andon for a test, on free ports and a folder of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.config import Settings
from core.parent import Lifeline
from store.reads.connection import connect_reader
from tests import plain_http
from tests.command_line import andon, ask
from tests.ports import free_port
from tests.waiting import wait_until

START_SECONDS = 120.0
"""Many times what a quiet machine takes."""
_LIFELINE = Lifeline()


@dataclass
class Product:
    """The processes of one installation, started below ``wrapper`` (strace …) if there is one."""

    data: Path
    catalog: Path
    environment: dict[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()
    grpc_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    engine_port: int = field(default_factory=free_port)
    dashboard_port: int = field(default_factory=free_port)
    dashboard_metrics_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _reader: Any = None

    @property
    def collector_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def engine_url(self) -> str:
        return f"http://127.0.0.1:{self.engine_port}"

    @property
    def dashboard_url(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}"

    def ready_url(self, kind: str) -> str:
        return {
            "collect": f"{self.collector_url}/readyz",
            "engine": f"{self.engine_url}/readyz",
            "dashboard": f"{self.dashboard_url}/_stcore/health",
        }[kind]

    @property
    def whole_environment(self) -> dict[str, str]:
        """What its processes and commands run in."""
        return {
            **os.environ,
            "ANDON_DATA": str(self.data),
            "ANDON_CATALOG": str(self.catalog),
            "ANDON_OTLP_GRPC_PORT": str(self.grpc_port),
            "ANDON_HTTP_PORT": str(self.http_port),
            "ANDON_ENGINE_PORT": str(self.engine_port),
            "ANDON_DASHBOARD_PORT": str(self.dashboard_port),
            "ANDON_DASHBOARD_METRICS_PORT": str(self.dashboard_metrics_port),
            **self.environment,
        }

    def andon(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line beside the processes, on a terminal of 120 columns."""
        return andon(*arguments, folder=Path.cwd(), environment={**self.whole_environment, "COLUMNS": "120", **environment})

    def ask(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command that only asks, as :meth:`andon` and without a process of its own."""
        return ask(*arguments, folder=Path.cwd(), environment={**self.whole_environment, "COLUMNS": "120", **environment})

    def start(self, *kinds: str, wait: bool = True) -> None:
        """Start process kinds (``collect``, ``engine``, ``dashboard``) and wait until each is ready."""
        self.data.mkdir(parents=True, exist_ok=True)
        for kind in kinds:
            with (self.data / f"{kind}.log").open("ab") as log:
                command = [*self.wrapper, sys.executable, "-m", "andon", kind]
                self.processes[kind] = _LIFELINE.start(command, self.whole_environment, stdout=log, stderr=log, start_new_session=True)
        if wait:
            for kind in kinds:
                self.wait_ready(kind)

    def wait_ready(self, kind: str) -> None:
        def ready() -> bool:
            if self.processes[kind].poll() is not None:
                pytest.fail(f"{kind} ended with {self.processes[kind].returncode}: {self.log(kind)[-2000:]}")  # nothing is waited for
            return plain_http.get(self.ready_url(kind), timeout=10).status_code == 200

        wait_until(ready, START_SECONDS, f"{kind} is ready; its log ends: {self.log(kind)[-600:]}")

    def log(self, kind: str) -> str:
        path = self.data / f"{kind}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self, kind: str) -> None:
        """SIGKILL, as a crash would."""
        process = self.processes.pop(kind)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, *kinds: str) -> None:
        """SIGTERM and wait; all kinds when none is named."""
        for kind in kinds or tuple(self.processes):
            process = self.processes.pop(kind)
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def reader(self) -> Any:
        """A clickhouse_connect client of the store, made once: to make one asks several things, and conditions ask ten times a second."""
        if self._reader is None:
            store, password = (self.environment.get(name, "") for name in ("ANDON_STORE", "ANDON_STORE_PASSWORD"))
            self._reader = connect_reader(
                Settings(data=self.data, engine_port=self.engine_port, store=store or "embedded", store_password=password)
            )
        return self._reader

    def query(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return list(self.reader.query(sql, parameters=parameters).result_rows)

    def act(self, path: str, body: dict[str, Any]) -> httpx.Response:
        token = (self.data / "secrets" / "actions").read_text().strip()
        return plain_http.post(f"{self.engine_url}/api/v1/{path}", json=body, headers={"authorization": f"Bearer {token}"}, timeout=60)


@contextlib.contextmanager
def running(product: Product, *kinds: str) -> Iterator[Product]:
    """Start, yield, and end every process whatever happens."""
    try:
        product.start(*kinds)
        yield product
    finally:
        for kind in tuple(product.processes):
            product.kill(kind)
