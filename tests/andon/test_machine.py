"""What is said while everything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon import machine
from andon.supervisor import Child, Supervisor
from core.config import Settings


def test_where_there_is_no_terminal_each_start_is_said_before_it_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: dict[str, str] = {}

    def start(_: Supervisor, child: Child) -> None:
        said[child.name] = capsys.readouterr().out

    monkeypatch.setattr(Supervisor, "stop_on_signals", lambda _: None)
    monkeypatch.setattr(Supervisor, "start", start)
    monkeypatch.setattr(Supervisor, "watch", lambda *_: None)
    machine.run_machine(Settings(data=tmp_path), [], lambda _: None)
    assert list(said) == ["collector", "engine", "dashboard"]
    assert all(f"starting {name} …" in words for name, words in said.items())
