"""``andon demo`` where something keeps it from its work: it says what, and starts nothing."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.command_line import andon
from tests.e2e.demo import Demo, environment
from tests.ports import free_port


@pytest.mark.parametrize("flag", ["--otlp-grpc-port", "--http-port", "--engine-port", "--dashboard-port"])
def test_a_port_in_use_is_named_with_its_process_and_the_flag_that_changes_it(tmp_path: Path, flag: str) -> None:
    ports = {name: free_port() for name in Demo(tmp_path).ports}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports[flag] = taken.getsockname()[1]
        refused = andon(
            "demo",
            f"--data={tmp_path / 'data'}",
            *(f"{name}={port}" for name, port in ports.items()),
            folder=tmp_path,
            environment=environment(),
        )
    assert refused.returncode == 2
    assert f"port {ports[flag]} is in use by" in refused.stderr
    assert refused.stderr.endswith(f"(process {os.getpid()}); stop it, or choose another port with {flag}\n")
