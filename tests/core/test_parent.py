"""Whoever starts processes leaves none behind, also when it is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.waiting import wait_until

PATIENCE_SECONDS = 60.0
CHILD = """
import os, signal, sys, time
from core.parent import end_with_parent
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
end_with_parent(grace_seconds=0.2 if "deaf" in sys.argv else 3600)
print(os.getpid(), flush=True)
time.sleep(3600)
"""
PARENT = """
import os, subprocess, sys, threading
from core.parent import Lifeline
lifeline, child = Lifeline(), [sys.executable, "-c", sys.argv[1]]
starters = [threading.Thread(target=lifeline.start, args=(child + [word], os.environ), kwargs={"start_new_session": True}) for word in sys.argv[2:]]
[starter.start() for starter in starters]
[starter.join() for starter in starters]
sys.stdin.read()
"""
"""Starts its children in threads that have ended by the time it is killed."""

ORPHAN = "import os, time; print(os.getpid(), flush=True); time.sleep(3600)"
RUN = """
import subprocess, sys
from tests.orphans import end_orphans
end_orphans()
subprocess.Popen([sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sys.argv[1]!r}])"], start_new_session=True)
sys.stdin.read()
"""
"""Starts a program that knows nothing of its parent, which starts another."""


@contextlib.contextmanager
def started(script: str, *words: str, children: int) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Run a script that waits for its input, and give the process and the ids that its children print; kill them all in the end."""
    command = [sys.executable, "-c", script, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        numbers = [int(process.stdout.readline()) for _ in range(children)]
        try:
            yield process, numbers
        finally:
            process.kill()
            for number in numbers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)


def is_gone(number: int) -> bool:
    """Whether a process has ended; one that waits to be collected has."""
    try:
        return (Path("/proc") / str(number) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_children_end_with_a_parent_that_is_killed_and_also_one_that_does_not_listen() -> None:
    with started(PARENT, CHILD, "hears", "deaf", children=2) as (parent, children):
        assert not any(is_gone(child) for child in children), "the threads that started them have ended, and they live"
        parent.kill()
        wait_until(lambda: all(is_gone(child) for child in children), PATIENCE_SECONDS, "the children are gone", pause=0.02)


def test_a_process_that_nobody_holds_stays_when_its_shell_is_gone() -> None:
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {CHILD!r}]); sys.stdin.read()"
    with started(script, children=1) as (parent, children):
        parent.kill()
        parent.wait()
        assert not is_gone(children[0])


def test_a_test_run_that_is_killed_leaves_nothing_behind() -> None:
    with started(RUN, ORPHAN, children=1) as (run, children):
        run.kill()
        wait_until(lambda: is_gone(children[0]), PATIENCE_SECONDS, "what the run started is gone", pause=0.02)
