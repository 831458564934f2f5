"""What the supervisor keeps of its children's words, and that it stops nobody for another's trouble."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from andon.supervision import supervisor as module
from andon.supervision.supervisor import Child, Supervisor
from core.errors import AndonError
from tests.faults.file_systems import file_system
from tests.ports import free_port
from tests.waiting import wait_until

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


def test_on_a_read_only_disk_children_run_without_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_MAX_BYTES", 10)
    said: list[str] = []
    with file_system(tmp_path, mebibytes=16) as disk:
        (disk.root / "log").mkdir()
        (disk.root / "log" / "child.log").write_text("x" * 11)
        disk.mount("ro")
        supervisor = Supervisor(disk.root / "log", said.append)
        supervisor.start(Child("child", [sys.executable, "-c", "import time; print('alive', flush=True); time.sleep(600)"]))
        try:
            assert supervisor._running[0].process.poll() is None
            supervisor._bound_log(supervisor._running[0].child)
        finally:
            supervisor.stop()
    assert len(said) == 1
    assert said[0].startswith("child runs without a log: ")
    assert "Read-only file system" in said[0]


def test_a_child_without_a_log_that_ends_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    supervisor.start(Child("child", [sys.executable, "-c", "raise SystemExit(3)"]))
    supervisor.log_of("child").unlink()
    (running,) = supervisor._running
    running.process.wait()
    supervisor._revive(running)
    assert running.restart_at is not None
    assert said == [f"child ended with code 3; starting it again in 0 s: no output (log: {supervisor.log_of('child')})"]


def test_a_log_that_cannot_be_put_aside_is_cut_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_MAX_BYTES", 10)
    (tmp_path / "quiet.log").write_text("x" * 11)
    (tmp_path / "quiet.old.log").mkdir()  # stands for a disk without room
    Supervisor(tmp_path, lambda _: None)._bound_log(Child("quiet", []))
    assert (tmp_path / "quiet.log").read_text() == ""


SERVED = """
import http.server, json, pathlib, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = pathlib.Path(sys.argv[2]).exists()
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"problems": [] if ready else ["catching up: 7 slices left"]}).encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
"""Answers that it is not ready until a file is there."""


def serving(name: str, ready: Path) -> Child:
    port = free_port()
    return Child(name, [sys.executable, "-c", SERVED, str(port), str(ready)], ready_url=f"http://127.0.0.1:{port}/readyz")


@contextlib.contextmanager
def watched(supervisor: Supervisor) -> Iterator[None]:
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        yield
    finally:
        supervisor.stop()
        watching.join()


def pid(supervisor: Supervisor, name: str) -> int:
    return next(running.process.pid for running in supervisor._running if running.child.name == name)


def test_one_that_catches_up_and_one_that_fails_leave_the_collector_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.6)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    told: list[str] = []
    supervisor = Supervisor(tmp_path / "log", told.append)
    collector, engine = serving("collector", Path(__file__)), serving("engine", tmp_path / "caught up")
    supervisor.start(collector)
    try:
        supervisor.wait_answering(lambda _: None)
        supervisor.start(engine)
        supervisor.start(Child("broken", [sys.executable, "-c", "import sys; sys.exit('no such thing')"]))
        began = pid(supervisor, "collector"), pid(supervisor, "engine")
        with watched(supervisor):
            wait_until(lambda: len(told) >= 4, 60, "what fails is started again and again")
            wait_until(lambda: supervisor.unready().get("engine") == "catching up: 7 slices left", 60, "the engine says why")
            (tmp_path / "caught up").touch()
            wait_until(lambda: "engine" not in supervisor.unready(), 60, "the engine is ready")
            assert "collector" not in supervisor.unready()
            assert (pid(supervisor, "collector"), pid(supervisor, "engine")) == began
            os.kill(began[1], signal.SIGKILL)
            (tmp_path / "caught up").unlink()
            wait_until(lambda: pid(supervisor, "engine") != began[1], 60, "the engine is started again")
            wait_until(lambda: "slices left" in supervisor.unready().get("engine", ""), 60, "it is asked anew")
    finally:
        supervisor.stop()
    broken = [text for text in told if text.startswith("broken")]
    assert all("broken ended with code 1; starting it again in " in text and ": no such thing (log: " in text for text in broken)
    pauses = [float(text.partition(" again in ")[2].partition(" s:")[0]) for text in broken]
    assert (pauses[0], max(pauses)) == (0, 1), "0.5 s, then 0.6 s at the most, as they are written"


def test_a_collector_that_ends_ends_the_start_with_its_words(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "log", lambda _: None)
    supervisor.start(Child("collector", [sys.executable, "-c", "import sys; sys.exit('no such folder')"], ready_url="http://127.0.0.1:9/"))
    lacking: list[Mapping[str, str]] = []
    with pytest.raises(AndonError, match=r"collector ended while starting: no such folder \(log: "):
        supervisor.wait_answering(lacking.append)
    assert lacking[0] == {"collector": "it does not listen at http://127.0.0.1:9/ yet"}, "a start is no error"


def test_a_collector_that_only_refuses_keeps_nobody_waiting(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "log", lambda _: None)
    supervisor.start(serving("collector", tmp_path / "never there"))
    lacking: list[Mapping[str, str]] = []
    try:
        supervisor.wait_answering(lacking.append)  # a full disk is nothing that an engine waits for
    finally:
        supervisor.stop()
    assert lacking[-1] == {"collector": "catching up: 7 slices left"}


def test_who_cannot_be_started_again_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    told: list[str] = []
    supervisor = Supervisor(tmp_path / "log", told.append)
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\n")
    program.chmod(0o700)
    supervisor.start(Child("gone", [str(program)]))
    program.unlink()
    with watched(supervisor):
        wait_until(lambda: len(told) >= 3, 60, "it is tried again")
    assert told[0].startswith("gone ended with code ")
    assert told[1].startswith("gone cannot be started: ")


HANGS = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
"""


def test_a_child_that_hangs_in_its_disk_keeps_nobody_from_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.1)
    monkeypatch.setattr(module, "KILLED_SECONDS", 0.1)
    said: list[str] = []
    supervisor = Supervisor(tmp_path / "log", said.append)
    with file_system(tmp_path, mebibytes=32) as disk:
        disk.freeze()
        supervisor.start(Child("writer", [sys.executable, "-c", HANGS, str(disk.root / "file")]))
        wait_until(lambda: "ready" in (tmp_path / "log" / "writer.log").read_text(), 60, "it runs")
        supervisor.stop()
        assert said[-1] == "writer hangs in its disk, and ends once that goes on"
        disk.thaw()
        (running,) = supervisor._running
        assert running.process.wait(60) == -signal.SIGKILL
