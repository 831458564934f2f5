"""What a process sets up for itself: open files, stop signals, background threads, and the warning of a process that may do too much."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from andon import process
from andon.process import OPEN_FILES, run_in_background

RAISED = (
    "import resource; from andon import process; process.raise_open_files_limit(); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
)


def begun_with(limits: str) -> tuple[int, str]:
    """Return what a process may have open in the end, and what it said."""
    done = subprocess.run(
        ["prlimit", f"--nofile={limits}", "--", sys.executable, "-c", RAISED], capture_output=True, text=True, check=True, timeout=60
    )
    return int(done.stdout), done.stderr


def test_a_shells_limit_is_raised_and_a_machines_is_told() -> None:
    assert begun_with("1024:") == (OPEN_FILES, "")
    assert begun_with("1024:4096") == (OPEN_FILES, "")
    few, said = begun_with("256:1024")
    assert few == 1024
    assert "raise the hard limit" in said


def test_more_than_is_wanted_stays() -> None:
    assert begun_with("4000:4096") == (4000, "")


STOPPED = """
import os, signal, threading
from andon.process import set_on_stop_signal
event = threading.Event()
set_on_stop_signal(event)
with event._cond:  # what a thread holds for a moment that waits for the event, or sets it
    for _ in range(3):
        os.kill(os.getpid(), {number})
event.wait()
print("stopped")
"""


@pytest.mark.parametrize("number", ["signal.SIGTERM", "signal.SIGINT"])
def test_signals_while_the_event_is_in_use_set_it(number: str) -> None:
    done = subprocess.run([sys.executable, "-c", STOPPED.format(number=number)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("stopped\n", 0), done.stderr


ENDED = """
import threading
from andon.process import end_without_disk, run_in_background
stopping, hangs = threading.Event(), threading.Event()
run_in_background("stop", end_without_disk, stopping, hangs.is_set)
stopping.set()
print("stopping", flush=True)
threading.Timer(0.1, hangs.set).start()
threading.Event().wait()  # what waits for a disk that hangs
"""


def test_a_process_that_is_to_end_does_not_wait_for_a_disk_that_hangs() -> None:
    done = subprocess.run([sys.executable, "-c", ENDED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("stopping\n", 0), done.stderr


@pytest.mark.parametrize(("user", "warnings"), [(0, 1), (1000, 0)])
def test_running_as_root_is_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, user: int, warnings: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    process.warn_of_root()
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warnings
    assert all(record.fields == {"event": "running_as_root"} for record in caplog.records)


def test_a_background_thread_that_fails_is_begun_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(process, "RESTART_SECONDS", 0.0)
    begun, ended = threading.Semaphore(0), threading.Event()
    failures = [OSError("the disk failed"), ValueError("no")]

    def run(given: str) -> None:
        assert given == "argument"
        begun.release()
        if failures:
            raise failures.pop()
        ended.set()

    run_in_background("watch", run, "argument")
    assert ended.wait(60)
    assert [begun.acquire(blocking=False) for _ in range(4)] == [True, True, True, False]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError, OSError]
    assert {record.fields["thread"] for record in caplog.records} == {"watch"}  # type: ignore[attr-defined]  # set by the log's extra
