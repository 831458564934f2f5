"""The command line, as a process of its own and without one."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from andon import __main__ as command_line

ROOT = Path(__file__).parents[1]
LIMIT_SECONDS = 240


def own_environment() -> dict[str, str]:
    """Return what a person's shell has: nothing of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ANDON_")}


def andon(*arguments: str, folder: Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "andon", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**(own_environment() if environment is None else environment), "PYTHONPATH": str(ROOT)},
        timeout=LIMIT_SECONDS,
        check=False,
    )


def ask(*arguments: str, folder: Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that only asks or reads in this process, from the parser to the exit code, without the seconds of imports that a new
    one takes.

    Not for what starts something that stays, or opens a store: a process can open one folder of the embedded engine.
    """
    said, complained = io.StringIO(), io.StringIO()
    kept = list(command_line.app.registered_commands), list(command_line.app.registered_groups)
    umask = os.umask(0o022)
    try:
        with (
            patch.dict(os.environ, own_environment() if environment is None else environment, clear=True),
            patch.object(sys, "argv", ["andon", *arguments]),
            contextlib.chdir(folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(complained),
        ):
            command_line.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        os.umask(umask)
        command_line.app.registered_commands, command_line.app.registered_groups = kept
    return subprocess.CompletedProcess(["andon", *arguments], code, said.getvalue(), complained.getvalue())
