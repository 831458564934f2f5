"""A thread that fails is begun again, and its failure is in the log."""

from __future__ import annotations

import threading

import pytest

from andon import background
from andon.background import run_in_background


def test_a_background_thread_that_fails_is_begun_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(background, "AGAIN_SECONDS", 0.0)
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
