"""A lock that ends with its holder, and the words by which the holder is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.file_lock import described, holder_of, lock

HOLDER = """
import sys
from core.file_lock import lock
file = open(sys.argv[1], "rb")
print(lock(file), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "lock").touch()
    return tmp_path / "lock"


def test_a_lock_is_one_file_s_until_it_is_closed(path: Path) -> None:
    with path.open("rb") as first, path.open("rb") as second:
        assert lock(first)
        assert not lock(second)
        first.close()
        assert lock(second)


def test_a_lock_of_a_process_that_was_killed_is_free_and_before_that_its_holder_is_named(path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        with path.open("rb") as file:
            assert not lock(file)
            holder = holder_of(path)
            process.kill()
            process.wait()
            assert lock(file)
    name = Path(sys.executable).name
    assert holder.startswith(f": '{name} -c import sys from core.file_lock import lock")
    assert holder.endswith(f"' (process {process.pid})")
    assert "\n" not in holder


def test_a_file_that_nobody_holds_has_no_holder(path: Path, tmp_path: Path) -> None:
    assert holder_of(path) == ""
    assert holder_of(tmp_path / "none") == ""


def test_a_system_that_tells_nothing_is_no_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in ("", "1: FLOCK\n", f"1: FLOCK ADVISORY WRITE none 00:00:{path.stat().st_ino} 0 EOF\n"):
        monkeypatch.setattr(Path, "read_text", lambda *_, content=content, **__: content)
        assert holder_of(path) == ""


def test_a_process_that_is_gone_is_an_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(OSError, match=str(process.pid)):
        described(process.pid)
    assert described(os.getpid()).endswith(f"(process {os.getpid()})")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (b"/usr/bin/python3\0-m\0andon\0up\0", "'python3 -m andon up' (process 7)"),
        (b"sh\0-c\0echo\n\x1b[2J  a\0", "'sh -c echo [2J a' (process 7)"),
        (b"caf\xe9\0", "'caf\N{REPLACEMENT CHARACTER}' (process 7)"),
        (b"x" * 100, f"'{'x' * 60}' (process 7)"),
        (b"", "'' (process 7)"),
    ],
)
def test_a_command_is_told_in_one_short_line_whatever_it_is(command: bytes, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_bytes", lambda _: command)
    assert described(7) == words
