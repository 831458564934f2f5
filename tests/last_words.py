"""Lets a worker of pytest-xdist that ends in the middle of a test say how it ended, and what each of its threads was doing.

The report of pytest-xdist says only that the worker is gone. What ends it may be a signal, or code under test that ends its process: a
collector whose journal fails does. Of SIGKILL, only the signal is known.
"""

from __future__ import annotations

import faulthandler
import os
import signal
from pathlib import Path
from typing import Any

_NAME = "last-words"
_PATIENCE_SECONDS = 30.0


def write_down(folder: Path) -> None:
    """Have this process write what its threads do into its own temporary folder, once it is ended."""
    file = (folder / _NAME).open("w", encoding="utf-8")
    faulthandler.enable(file)
    faulthandler.register(signal.SIGTERM, file, chain=True)
    end, process = os._exit, os.getpid()

    def tell_and_end(status: int) -> None:
        if os.getpid() == process:  # a fork of it may end as it likes
            faulthandler.dump_traceback(file)
        end(status)

    os._exit = tell_and_end  # type: ignore[assignment]  # what it replaces never returns, and neither does this


def explain(report: Any, folder: Path) -> None:
    """Add to pytest-xdist's report of a worker that is gone how it ended. ``folder``: the run's temporary folder."""
    gateway = report.node.gateway
    written = folder / f"popen-{gateway.id}" / _NAME
    words = written.read_text(errors="replace") if written.exists() else ""
    report.longrepr = f"{report.longrepr}: {ended_by(gateway._io.popen.wait(_PATIENCE_SECONDS))}\n{words}".rstrip()


def ended_by(status: int) -> str:
    """Return in words how a process ended, by its exit code as :mod:`subprocess` has it."""
    return f"it was killed by {signal.Signals(-status).name}" if status < 0 else f"it ended itself with status {status}"
