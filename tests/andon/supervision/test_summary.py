"""Who started everything reads where to look, where to send and how to stop."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from andon.supervision.summary import summary_of
from core.config import Settings


def shown(settings: Settings, *extra: tuple[str, str]) -> str:
    text = io.StringIO()
    summary_of(settings, extra)(Console(file=text, width=200))
    return text.getvalue()


def test_every_address_can_be_called_from_this_machine(tmp_path: Path) -> None:
    text = shown(Settings(data=tmp_path, host="0.0.0.0", http_port=1, otlp_grpc_port=2, dashboard_port=3, engine_port=4))
    for address in (
        "http://127.0.0.1:1/v1/traces",
        "http://127.0.0.1:1/v1/events",
        "127.0.0.1:2",
        "http://127.0.0.1:3",
        "http://127.0.0.1:4",
    ):
        assert address in text
    assert str(tmp_path) in text
    assert "Ctrl-C" in text


@pytest.mark.parametrize(
    ("store", "said", "unsaid"),
    [
        ("embedded", "Read endpoint", "ANDON_STORE_PASSWORD"),
        ("clickhouse://andon@db.example.com:8123/andon", "ANDON_STORE_PASSWORD", "Read endpoint"),
    ],
)
def test_readers_go_to_the_engine_or_to_the_server_that_has_the_store(tmp_path: Path, store: str, said: str, unsaid: str) -> None:
    text = shown(Settings(data=tmp_path, store=store))
    assert said in text
    assert unsaid not in text


def test_what_else_was_started_is_shown_before_how_to_stop(tmp_path: Path) -> None:
    text = shown(Settings(data=tmp_path), ("Plant", "simulated"))
    assert text.index("simulated") < text.index("Ctrl-C")
