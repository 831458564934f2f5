"""Readers of a store: whom they ask, and what they are told when nobody answers them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import unquote

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from core.config import Settings
from core.errors import Retryable, UsageError
from store.reads.connection import LIMITS, ReaderError, connect_reader, reading, whom
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


@pytest.mark.parametrize("store", ["embedded", SERVER.format(port=1)])
@pytest.mark.parametrize("code", [159, 241, 396])
def test_a_query_beyond_its_limits_is_not_told_as_an_engine_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, store: str, code: int
) -> None:
    monkeypatch.setattr("store.reads.connection.connect_reader", lambda _: Mock())
    with pytest.raises(Retryable, match="ended a query that is beyond its limits; ask for less"), reading(Settings(store=store)):
        raise DatabaseError("Timeout exceeded", code=code)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n"
BROKEN = {
    "closed": b"",
    "no HTTP": b"hello\r\n\r\n",
    "an error": b"HTTP/1.1 500 X\r\ncontent-length: 3\r\n\r\nabc",
    "cut off": HEAD + b"content-length: 1000\r\n\r\n\1\1\1a\6UInt64",
    "cut off in a chunk": HEAD + b"transfer-encoding: chunked\r\n\r\n10\r\nabc",
    "no chunk": HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\nabc",
    "no block": HEAD + b"content-length: 9\r\n\r\n\xff\xff\xff\xff\xff\xff\xffab",
    "no gzip": HEAD + b"content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
}


class Breaking(BaseHTTPRequestHandler):
    """Answers what a client asks when it connects, and every query with bytes that are not an answer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        query = unquote(self.path).encode() + self.rfile.read(int(self.headers.get("content-length", 0)))
        if b"SELECT 1" in query:
            self.wfile.write(self.server.answer)  # type: ignore[attr-defined] # the fixture's
            self.close_connection = True
            return
        answer = b"24.8.1.1\tUTC\tx\n" if b"version()" in query else b""
        self.wfile.write(HEAD + b"content-length: %d\r\n\r\n%s" % (len(answer), answer))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def breaking() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Breaking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("way", BROKEN)
def test_whatever_breaks_on_the_way_is_one_kind_of_error(tmp_path: Path, breaking: ThreadingHTTPServer, way: str) -> None:
    breaking.answer = BROKEN[way]  # type: ignore[attr-defined] # the fixture's
    client = connect_reader(Settings(data=tmp_path, engine_port=breaking.server_port))
    for ask in (client.query, client.query_df):
        with pytest.raises(ReaderError):
            ask("SELECT 1")


def test_a_store_of_another_form_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="write 'embedded' or clickhouse://"):
        connect_reader(Settings(data=tmp_path, store="postgres://here"))


def test_a_question_of_a_reader_has_limits_of_time_memory_and_rows_and_times_in_utc() -> None:
    assert {"max_execution_time", "max_memory_usage", "max_result_rows", "max_threads"} <= LIMITS.keys()
    assert LIMITS["session_timezone"] == "UTC"
