"""The log is written before the call returns, unless its disk hangs: then whoever logs goes on, and what waited is written later."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from core.log_handler import WAITING_MAX, LogHandler


@pytest.fixture
def hanging() -> Iterator[tuple[TextIO, TextIO]]:
    """A pipe that is full, so that every write hangs until it is read; its ends for reading and for writing."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, b" " * 1024):
            pass
    os.set_blocking(writing, True)
    with os.fdopen(reading, encoding="utf-8") as read, os.fdopen(writing, "w", encoding="utf-8") as written:
        yield read, written


def log(handler: LogHandler, message: str, *arguments: object) -> None:
    handler.handle(logging.makeLogRecord({"msg": message, "args": arguments}))


def goes_on(handler: LogHandler, count: int) -> bool:
    """Return whether calls that log so many lines return."""
    talking = threading.Thread(target=lambda: [log(handler, "line %d", number) for number in range(count)], daemon=True)
    talking.start()
    talking.join(60)
    return not talking.is_alive()


def test_a_line_is_written_before_the_process_goes_on() -> None:
    code = """
import logging, os, sys
from core.log_handler import LogHandler
logging.basicConfig(handlers=[LogHandler(sys.stderr)], format="%(message)s")
logging.error("last words")
os._exit(70)
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (70, "last words\n")


def test_whoever_logs_goes_on_while_the_disk_hangs_and_nothing_is_lost(hanging: tuple[TextIO, TextIO]) -> None:
    read, written = hanging
    assert goes_on(LogHandler(written), 100)
    assert [read.readline().strip() for _ in range(100)] == [f"line {number}" for number in range(100)]


def test_what_does_not_fit_is_counted(hanging: tuple[TextIO, TextIO]) -> None:
    read, written = hanging
    handler = LogHandler(written)
    assert goes_on(handler, WAITING_MAX + 7)
    lines = [read.readline().strip() for _ in range(WAITING_MAX)]
    assert lines[-1] == f"line {WAITING_MAX - 1}"
    assert read.readline().startswith("lines of the log are lost")
    log(handler, "on it goes")
    assert read.readline() == "on it goes\n"


def test_arguments_that_do_not_fit_are_told_and_harm_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    log(LogHandler(sys.stderr), "%d", "x")
    assert "Logging error" in capsys.readouterr().err
