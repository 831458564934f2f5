"""All processes on one machine: where each is asked whether it is ready, and what is said while they start."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon.addresses import noted_addresses
from andon.supervision.all_in_one import processes, run_all_in_one
from andon.supervision.supervisor import Child, Supervisor
from core.config import Settings


def test_where_there_is_no_terminal_each_start_is_said_before_it_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: dict[str, str] = {}

    def start(_: Supervisor, child: Child) -> None:
        assert noted_addresses(tmp_path)["engine_port"] == 7, "who asks while it starts finds it and nobody else"
        said[child.name] = capsys.readouterr().out

    monkeypatch.setattr(Supervisor, "stop_on_signals", lambda _: None)
    monkeypatch.setattr(Supervisor, "start", start)
    monkeypatch.setattr(Supervisor, "watch", lambda *_: None)
    run_all_in_one(Settings(data=tmp_path, engine_port=7), [], lambda _: None)
    assert list(said) == ["collector", "engine", "dashboard"]
    assert all(f"starting {name} …" in words for name, words in said.items())


def test_nobody_looks_at_what_senders_send_before_they_have_sent_what_happened_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(Supervisor, "stop_on_signals", lambda _: None)
    monkeypatch.setattr(Supervisor, "start", lambda _, child: done.append(child.name))
    monkeypatch.setattr(Supervisor, "wait_answering", lambda *_: done.append("answering"))
    monkeypatch.setattr(Supervisor, "watch", lambda *_: None)
    run_all_in_one(Settings(data=tmp_path), [Child("plant", [], ready_file=tmp_path / "played")], lambda _: None)
    assert done == ["collector", "answering", "plant", "answering", "engine", "dashboard"]


def test_everybody_finds_them_at_the_inner_address() -> None:
    settings = Settings(host="0.0.0.0", inner_host="::1", engine_port=7, dashboard_port=8)
    assert settings.engine_url == "http://[::1]:7"
    assert settings.dashboard_url == "http://[::1]:8"
    collector, engine_child, dashboard_child = (child.ready_url for child in processes(settings, {}))
    assert collector == "http://127.0.0.1:4318/readyz"
    assert engine_child == "http://[::1]:7/readyz"
    assert dashboard_child == "http://[::1]:8/_stcore/health"
