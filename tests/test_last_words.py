"""A worker that ends in the middle of a test says how, and what its threads were doing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.last_words import ended_by

ROOT = Path(__file__).parents[1]
TEST = """
import threading
from journal.writer import exit_process

def test_whose_code_ends_its_process_in_another_thread():
    thread = threading.Thread(target=exit_process)
    thread.start()
    threading.Event().wait()
"""


def test_the_report_of_a_lost_worker_says_which_code_ended_it(tmp_path: Path) -> None:
    (tmp_path / "test_ends.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", str(tmp_path / "test_ends.py"), "-n", "1", "--max-worker-restart", "0"]
    command += ["-p", "tests.conftest", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={ROOT}"]
    command += [f"--basetemp={tmp_path / 'run'}"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)

    assert "test_whose_code_ends_its_process_in_another_thread': it ended itself with status 70" in done.stdout
    assert "in exit_process" in done.stdout


@pytest.mark.parametrize(("status", "words"), [(-9, "it was killed by SIGKILL"), (1, "it ended itself with status 1")])
def test_how_a_process_ended_is_said_in_words(status: int, words: str) -> None:
    assert ended_by(status) == words
