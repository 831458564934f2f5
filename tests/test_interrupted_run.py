"""A test run that is interrupted leaves no process, no mount and no folder behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import wait_until

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 120.0
MARK = "TEST_OF_INTERRUPTED_RUN"
TEST = """
import os, shutil, subprocess, sys, threading
from contextlib import nullcontext
from pathlib import Path
from tests.faults.file_systems import file_system
from tests.servers.postgresql import postgresql

def test_something_that_takes_long(tmp_path):
    server = postgresql() if any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) else nullcontext()
    with file_system(tmp_path, mebibytes=8) as disk, server as database:
        writer = "import os; file = open('written', 'wb', 0)\\nwhile True: file.write(b'x'); os.fsync(file)"
        subprocess.Popen([sys.executable, "-c", writer], cwd=disk.root, start_new_session=True)
        disk.freeze()
        names = [str(tmp_path), str(database.folder) if database else str(tmp_path)]
        Path(os.environ["READY"]).write_text("\\n".join(names))
        threading.Event().wait()
"""
"""Starts a database, and a process that waits for a disk that hangs."""


def processes(mark: str) -> list[str]:
    """Return the command lines of all processes with a mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    "interrupt",
    [
        pytest.param(lambda run: os.killpg(run.pid, signal.SIGINT), id="Ctrl-C"),
        pytest.param(lambda run: run.kill(), id="kill -9"),
    ],
)
def test_nothing_is_left(tmp_path: Path, interrupt: Callable[[subprocess.Popen[bytes]], None]) -> None:
    file, ready, mark = tmp_path / "test_long.py", tmp_path / "ready", uuid.uuid4().hex
    file.write_text(TEST)
    # whoever started this run in the background may have it ignore Ctrl-C, which its children inherit
    command = [
        "env",
        "--default-signal=INT",
        sys.executable,
        "-m",
        "pytest",
        str(file),
        "-n",
        "1",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-c", str(ROOT / "pyproject.toml"), f"--rootdir={ROOT}", f"--basetemp={tmp_path / 'run'}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "READY": str(ready), MARK: mark}
    with (tmp_path / "printed").open("wb") as printed:
        run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=printed, stderr=printed, start_new_session=True)
    try:
        wait_until(
            lambda: ready.exists() and ready.read_text(), PATIENCE_SECONDS, f"the test has begun: {(tmp_path / 'printed').read_text()}"
        )
        folders = [Path(folder) for folder in ready.read_text().splitlines()]
        assert len(processes(mark)) > 3
        interrupt(run)
        run.wait(PATIENCE_SECONDS)
        wait_until(lambda: processes(mark) == [], PATIENCE_SECONDS, "every process has ended")
    finally:
        run.kill()
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    assert not any(folder.exists() for folder in [*folders, tmp_path / "run"])
