"""Readers of a store: whom they ask, and what they are told when nobody answers them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Settings
from core.errors import Retryable, UsageError
from store.reads.connection import LIMITS, connect_reader, reading, whom
from tests.ports import free_port

SERVER = "clickhouse://andon@127.0.0.1:{port}/andon"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), "the engine at http://127.0.0.1:8123"),
        (Settings(inner_host="::1", engine_port=9), "the engine at http://[::1]:9"),
        (
            Settings(store="clickhouse://ana@ch:9000/plant", store_password="secret"),
            "the ClickHouse server at http://ana@ch:9000/plant",
        ),
    ],
)
def test_whom_readers_ask(settings: Settings, words: str) -> None:
    assert whom(settings) == words


def test_an_engine_that_does_not_run_is_told_with_what_to_do_and_no_secret_comes_into_being(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "mistyped", engine_port=free_port())
    with pytest.raises(Retryable, match=rf"^no engine answers at {settings.engine_url}; start it with 'andon up'"):
        connect_reader(settings)
    assert not settings.data.exists()


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, store=SERVER.format(port=free_port()), store_password="correct horse")
    with pytest.raises(Retryable, match=r"no ClickHouse server answers at http://andon@127\.0\.0\.1") as caught, reading(settings):
        pass
    assert "correct horse" not in str(caught.value)


def test_a_store_of_another_form_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="write 'embedded' or clickhouse://"):
        connect_reader(Settings(data=tmp_path, store="postgres://here"))


def test_a_question_of_a_reader_has_limits_of_time_memory_and_rows_and_times_in_utc() -> None:
    assert {"max_execution_time", "max_memory_usage", "max_result_rows", "max_threads"} <= LIMITS.keys()
    assert LIMITS["session_timezone"] == "UTC"
