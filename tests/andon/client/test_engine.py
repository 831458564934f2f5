"""What commands ask a running engine, and what they say where it does not answer as it should."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from andon.client.engine import frozen_by, now_of, readiness_of
from core.config import Settings
from core.errors import AndonError, UsageError
from store.recovery.freeze import Frozen
from tests.ports import free_port

Asked = list[tuple[str, str, str | None]]


@contextmanager
def engine(folder: Path, status: int, answer: object) -> Iterator[tuple[Settings, Asked]]:
    """Yield the settings of an engine that gives this answer, and the method, path and credential of each request."""
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.command, self.path, self.headers["authorization"]))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    (folder / "secrets").mkdir()
    (folder / "secrets" / "actions").write_text("token\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield Settings(data=folder, engine_port=server.server_address[1]), asked
        server.shutdown()


def test_the_time_is_the_engines(tmp_path: Path) -> None:
    with engine(tmp_path, 503, {"alive": False, "now": "2026-03-27T15:00:00+00:00"}) as (settings, _):
        assert now_of(settings) == datetime(2026, 3, 27, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "problems", "said"),
    [
        (200, [], "ready"),
        (503, ["the first tick has not completed", "no heartbeat for 130 s"], "the first tick has not completed; no heartbeat for 130 s"),
    ],
)
def test_an_engine_that_is_not_ready_says_what_it_lacks(tmp_path: Path, status: int, problems: list[str], said: str) -> None:
    with engine(tmp_path, status, {"ready": not problems, "problems": problems}) as (settings, _):
        assert readiness_of(settings) == said


def test_a_frozen_store_is_asked_for_with_the_token_of_the_actions(tmp_path: Path) -> None:
    with engine(tmp_path, 200, {"folder": "/frozen", "rows": {"events": 3}}) as (settings, asked):
        assert frozen_by(settings) == Frozen("/frozen", {"events": 3})
    assert asked == [("POST", "/api/v1/freeze", "Bearer token")]


def test_an_engine_that_refuses_to_freeze_is_quoted(tmp_path: Path) -> None:
    with engine(tmp_path, 503, {"error": "TimeoutError: "}) as (settings, _), pytest.raises(UsageError, match="says: TimeoutError"):
        frozen_by(settings)


@pytest.mark.parametrize("ask", [now_of, readiness_of, frozen_by])
def test_no_engine_or_another_server_is_one_error_that_names_the_address(tmp_path: Path, ask: Callable[[Settings], object]) -> None:
    nobody = Settings(data=tmp_path, engine_port=free_port())
    with pytest.raises(AndonError, match=nobody.engine_url):
        ask(nobody)
    with engine(tmp_path, 200, {"unrelated": True}) as (settings, _), pytest.raises(AndonError, match=settings.engine_url):
        ask(settings)
