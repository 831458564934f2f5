"""How many files a process may have open when it was begun with few."""

from __future__ import annotations

import subprocess
import sys

from andon.open_files import WANTED

TAKE = "import resource, andon.open_files as of; of.take_open_files(); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"


def begun_with(limits: str) -> tuple[int, str]:
    """Return what a process may have open in the end, and what it said."""
    done = subprocess.run(
        ["prlimit", f"--nofile={limits}", "--", sys.executable, "-c", TAKE], capture_output=True, text=True, check=True, timeout=60
    )
    return int(done.stdout), done.stderr


def test_a_shells_limit_is_raised_and_a_machines_is_told() -> None:
    assert begun_with("1024:") == (WANTED, "")
    assert begun_with("1024:4096") == (WANTED, "")
    few, said = begun_with("256:1024")
    assert few == 1024
    assert "raise the hard limit" in said


def test_more_than_is_wanted_stays() -> None:
    assert begun_with("4000:4096") == (4000, "")
