"""What a person sees while the processes start."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from andon.supervision.progress import StartupProgress


def test_a_person_sees_who_is_ready_and_what_the_others_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("andon.supervision.progress.LINE_SECONDS", 0.0)
    said = io.StringIO()
    progress = StartupProgress(Console(file=said, width=200), lambda console: console.print("Andon is running"))
    progress.started("collector")
    progress.update({}, complete=False)
    progress.started("engine")
    for left in (9, 8, 8):
        progress.update({"engine": f"catching up: {left} slices left [1/2]"}, complete=True)
    progress.update({}, complete=True)
    progress.update({"engine": "about to be started again"}, complete=True)
    progress.update({}, complete=True)
    assert [line.strip() for line in said.getvalue().splitlines()] == [
        "starting collector …",
        "✓ collector",
        "starting engine …",
        "engine is not ready yet: catching up: 9 slices left [1/2]",
        "engine is not ready yet: catching up: 8 slices left [1/2]",
        "✓ engine",
        "Andon is running",
        "engine is not ready yet: about to be started again",
        "✓ engine",
    ]
