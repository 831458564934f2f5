"""Two test runs side by side never get the same port."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port, listens

ROOT = Path(__file__).parents[1]
OTHER = "import sys; from tests.ports import free_port; print(*(free_port() for _ in range(300)), flush=True); sys.stdin.read()"


def test_processes_that_live_at_the_same_time_have_no_port_in_common() -> None:
    command = [sys.executable, "-c", OTHER]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        ours = {free_port() for _ in range(300)}
        other.communicate()
    assert not ours & theirs
    assert max(ours | theirs) < 32_768, "the kernel gives these to connections"


def test_a_port_on_which_somebody_listens_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    port, next_port = free_port(), free_port()
    monkeypatch.setattr("tests.ports._ports", lambda: iter([port, next_port]))
    with socket.create_server(("127.0.0.1", port)):
        assert listens(port)
        assert free_port() == next_port
    assert not listens(port)
