"""Ends what a test run leaves behind, however the run ended: servers, browsers, whatever they started themselves, mounts and folders.

Foreign programs know nothing of :mod:`core.parent`. So a process beside the run waits for its end, and kills every process that was started
with the run's mark in its environment; on Linux, elsewhere nothing is found. Then it unmounts and removes what the run named
(:func:`remove_if_interrupted`). As a script this file is that process.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import IO

_VARIABLE = "TEST_RUN_OF_THIS_PROCESS"
"""Not ``ANDON_…``: some tests take those away, as a person's shell does not have them."""
_REMOVAL_SECONDS = 30.0
_watchers: list[IO[bytes]] = []


def end_orphans() -> None:
    """Mark all that this process starts from now on, and have it killed when this process is gone."""
    mark = uuid.uuid4().hex
    environment = {name: value for name, value in os.environ.items() if name != _VARIABLE}
    command = [sys.executable, "-I", "-S", __file__, f"{_VARIABLE}={mark}"]
    watcher = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True)
    assert watcher.stdin is not None
    _watchers.append(watcher.stdin)
    os.environ[_VARIABLE] = mark


def remove_if_interrupted(path: Path) -> None:
    """Have a folder removed, or unmounted where it is a mount point, if it is still there when this process is gone."""
    _tell("+", path)


def keep(path: Path) -> None:
    """Take back :func:`remove_if_interrupted`."""
    _tell("-", path)


def _tell(sign: str, path: Path) -> None:
    for watcher in _watchers:
        watcher.write(f"{sign}{path}\n".encode())
        watcher.flush()


def _marked(mark: bytes) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def _kill(mark: bytes) -> None:
    while left := _marked(mark):  # again, for what they started meanwhile
        for number in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def _unmount(path: str) -> None:
    if os.path.ismount(path):
        subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)


def _remove(path: str) -> None:
    """Remove a folder, again while others that are ending write into it."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while os.path.lexists(path) and time.monotonic() < deadline:
        shutil.rmtree(path, ignore_errors=True)
        time.sleep(0.05)


def _named(lines: IO[str]) -> list[str]:
    """Return what is to be removed once the run has said its last word."""
    paths: dict[str, None] = {}
    for line in lines:
        sign, path = line[0], line[1:].rstrip("\n")
        if sign == "+":
            paths[path] = None
        else:
            paths.pop(path, None)
    return list(paths)


if __name__ == "__main__":
    named = _named(sys.stdin)
    for folder in named:  # first of all: nobody ends who waits for a file system that is frozen
        if os.path.ismount(folder):
            subprocess.run(["fsfreeze", "--unfreeze", folder], check=False, capture_output=True)
    _kill(sys.argv[1].encode())
    for folder in named:
        _unmount(folder)
    for folder in named:
        _remove(folder)
