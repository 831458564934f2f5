"""A real OpenTelemetry Collector on free loopback ports, built from its own modules by ``main.go``."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.ports import free_port, listens
from tests.servers.process import ServerProcess
from tests.waiting import wait_until

START_SECONDS = 30.0
BUILD_SECONDS = 900
HERE = Path(__file__).parent


@dataclass
class OtelCollector(ServerProcess):
    """It takes OTLP over gRPC at ``port`` and over HTTP at ``http_port``."""

    configuration: str = ""
    http_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def start(self) -> None:
        text = self.configuration.replace("127.0.0.1:5317", f"127.0.0.1:{self.port}").replace(
            "127.0.0.1:5318", f"127.0.0.1:{self.http_port}"
        )
        configuration = yaml.safe_load(text)
        configuration["service"]["telemetry"] = {"metrics": {"level": "none"}}  # else it listens at a port of its own choice
        (self.folder / "collector.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
        self.run(["--config", str(self.folder / "collector.yaml")], START_SECONDS)
        wait_until(lambda: listens(self.http_port), START_SECONDS, "the Collector listens for HTTP, too")

    def stop(self) -> None:
        """End it in good order: it sends what it holds."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None


def built(cache: Path) -> str:
    """Return the program, built once for as long as its sources are the same."""
    newest = max((HERE / name).stat().st_mtime_ns for name in ("main.go", "go.mod", "go.sum"))
    program = cache / f"collector-{newest}"
    if not program.exists():
        unfinished = cache / f"collector-{os.getpid()}"
        command = ["go", "build", "-ldflags", "-s -w", "-o", str(unfinished), "."]
        if shutil.which("go") is None or subprocess.run(command, cwd=HERE, check=False, timeout=BUILD_SECONDS).returncode:
            pytest.skip("needs Go 1.26 or newer, with modules: https://go.dev/dl; then cd tests/servers/otel_collector && go mod download")
        unfinished.rename(program)
    return str(program)


@contextmanager
def otel_collector(folder: Path, cache: Path, configuration: str) -> Iterator[OtelCollector]:
    """Yield a running Collector, whose ``configuration`` receives at 127.0.0.1:5317 and 5318; ``cache`` outlives the run."""
    server = OtelCollector(folder, built(cache), configuration=configuration)
    try:
        server.start()
        yield server
    finally:
        server.kill()
