"""What the supervisor keeps of its children's words."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from andon import supervisor as module
from andon.supervisor import Child, Supervisor
from core.errors import AndonError
from tests.product import wait_until

LIMIT = 100_000
TALKER = """
import itertools, os, time
for number in itertools.count():
    os.write(1, b"%0199d\\n" % number)
    time.sleep(0.0005)
"""


def test_the_log_of_a_child_is_bounded_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_MAX_BYTES", LIMIT)
    supervisor = Supervisor(tmp_path / "log", lambda _: None)
    child = Child("talker", [sys.executable, "-c", TALKER])
    log, old = tmp_path / "log" / "talker.log", tmp_path / "log" / "talker.old.log"
    supervisor.start(child)
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        seen: set[int] = set()

        def put_aside_twice() -> bool:
            if old.exists() and (content := old.read_bytes()):
                seen.add(int(content[:199]))
            return len(seen) >= 2

        wait_until(put_aside_twice, 60, "the log was put aside twice")
    finally:
        supervisor.stop()
        watching.join()
    assert log.stat().st_size < 50 * LIMIT
    assert sorted(file.name for file in log.parent.iterdir()) == ["talker.log", "talker.old.log"]
    now, before = log.read_bytes().splitlines(), old.read_bytes().splitlines()
    assert all(len(line) == 199 for line in (*before, *now)), "the child goes on at the start of the file, without a hole"
    numbers = [int(line) for line in (*before, *now)]
    assert numbers == sorted(numbers)
    assert numbers[-1] - numbers[0] - len(numbers) < 20, "no more is lost than what was written at the cut"


def test_a_log_of_an_earlier_run_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_MAX_BYTES", 10)
    supervisor = Supervisor(tmp_path, lambda _: None)
    (tmp_path / "quiet.log").write_text("x" * 11)
    supervisor.start(Child("quiet", [sys.executable, "-c", ""]))
    supervisor.stop()
    assert (tmp_path / "quiet.old.log").read_text() == "x" * 11
    assert (tmp_path / "quiet.log").read_text() == ""


def test_a_log_that_cannot_be_put_aside_is_cut_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_MAX_BYTES", 10)
    (tmp_path / "quiet.log").write_text("x" * 11)
    (tmp_path / "quiet.old.log").mkdir()  # stands for a disk without room
    Supervisor(tmp_path, lambda _: None)._bound_log(Child("quiet", []))
    assert (tmp_path / "quiet.log").read_text() == ""


def test_what_a_child_lacks_is_said_when_it_never_gets_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "START_SECONDS", 1.0)
    supervisor = Supervisor(tmp_path, lambda _: None)
    child = Child("slow", [sys.executable, "-c", "import time; time.sleep(60)"], ready_url="http://127.0.0.1:9/readyz")
    try:
        with pytest.raises(AndonError, match=r"slow is not ready after 1 s: http://127\.0\.0\.1:9/readyz: .*refused; see "):
            supervisor.start(child)
    finally:
        supervisor.stop()
