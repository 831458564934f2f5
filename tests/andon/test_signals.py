"""A process that is told to stop at the worst moment stops all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, threading
from andon.signals import set_when_told_to_stop
event = threading.Event()
set_when_told_to_stop(event)
with event._cond:  # what a thread holds for a moment that waits for the event, or sets it
    for _ in range(3):
        os.kill(os.getpid(), {number})
event.wait()
print("stopped")
"""


@pytest.mark.parametrize("number", ["signal.SIGTERM", "signal.SIGINT"])
def test_signals_while_the_event_is_in_use_set_it(number: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(number=number)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("stopped\n", 0), done.stderr
