"""Ends what a test run leaves behind, however the run ended: servers, browsers, and whatever they started themselves.

Foreign programs know nothing of :mod:`core.parent`. So a process beside the run waits for its end, and kills every process that was started
with the run's mark in its environment; on Linux, elsewhere nothing is found. As a script this file is that process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

_VARIABLE = "TEST_RUN_OF_THIS_PROCESS"
"""Not ``ANDON_…``: some tests take those away, as a person's shell does not have them."""


def end_orphans() -> None:
    """Mark all that this process starts from now on, and have it killed when this process is gone."""
    mark = uuid.uuid4().hex
    environment = {name: value for name, value in os.environ.items() if name != _VARIABLE}
    command = [sys.executable, "-I", "-S", __file__, f"{_VARIABLE}={mark}"]
    subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True)
    os.environ[_VARIABLE] = mark


def _marked(mark: bytes) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


if __name__ == "__main__":
    sys.stdin.read()
    while left := _marked(sys.argv[1].encode()):  # again, for what they started meanwhile
        for number in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
