"""The engine's port is held to the same bounds as the collector's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from andon.engine.server import EngineServer
from andon.health.backlog import Backlog
from core.clock import FakeClock
from core.config import Settings
from core.telemetry import Telemetry
from tests import plain_http
from tests.ports import free_port
from tests.waiting import wait_until


def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(request.url.query)))


@pytest.fixture
def engine() -> SimpleNamespace:
    return SimpleNamespace(clock=FakeClock(datetime.now(UTC)), last_tick=0.0, last_step=0.0)


@pytest.fixture
def backlog_watch() -> SimpleNamespace:
    return SimpleNamespace(backlog=None)


@pytest.fixture
def port(tmp_path: Path, engine: SimpleNamespace, backlog_watch: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    settings = Settings(data=tmp_path, engine_port=free_port(), metrics_token="env:ANDON_TEST_SCRAPE")
    monkeypatch.setenv("ANDON_TEST_SCRAPE", "scr4pe")
    parts: list[Any] = [
        lambda _: [Mount("/api/v1", app=Starlette()), Mount("/", app=Starlette(routes=[Route("/", _echo)]))],
        engine,
        SimpleNamespace(age_seconds=lambda: 0.0, look=lambda: None),
        backlog_watch,
        SimpleNamespace(problems=[]),
    ]
    server = EngineServer(settings, *parts, Telemetry())
    server.start()
    wait_until(lambda: server._server.started, 60, "the server answers", pause=0.01)
    yield settings.engine_port
    server.stop()


def test_a_head_is_bounded(port: int) -> None:
    url = f"http://127.0.0.1:{port}/"
    assert plain_http.get(url, headers={"x": "y" * (1 << 20)}).status_code == 431
    assert plain_http.get(url, headers=[("a", "b")] * 5000).status_code == 431
    assert plain_http.get(url, params={"query": "y" * 40_000}).status_code == 431
    assert plain_http.get(url, params={"query": "y" * 20_000}).text == "20006"


def test_a_slow_head_is_ended(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.server.HEAD_READ_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nhost: localhost")
        assert b"408" in slow.recv(100)


@pytest.mark.parametrize("path", ["/", "/ping", "/metrics", "/healthz", "/api/v1/incidents"])
def test_a_page_that_gave_its_own_name_our_address_is_refused(port: int, path: str) -> None:
    url = f"http://127.0.0.1:{port}{path}"
    assert plain_http.get(url, headers={"host": "evil.example"}).status_code == 421
    assert plain_http.post(url, headers={"origin": "https://evil.example"}).status_code == 403
    assert plain_http.post(url, headers={"origin": "http://127.0.0.1:1"}).status_code == 403
    assert plain_http.get(url, headers={"host": f"localhost:{port}"}).status_code not in {403, 421}


def test_metrics_want_the_token(port: int) -> None:
    url = f"http://127.0.0.1:{port}/metrics"
    assert plain_http.get(url).status_code == 401
    assert plain_http.get(url, headers={"authorization": "Bearer scrape"}).status_code == 401
    shown = plain_http.get(url, headers={"authorization": "Bearer scr4pe"})
    assert 'andon_rejected_requests_total{reason="unauthenticated",source=""} 2.0' in shown.text
    assert plain_http.get(url.replace("metrics", "healthz")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/nothing"])
def test_no_answer_is_a_page(port: int, path: str) -> None:
    headers = plain_http.get(f"http://127.0.0.1:{port}{path}").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_an_engine_that_catches_up_says_what_is_left_and_how_fast_it_goes(
    port: int, engine: SimpleNamespace, backlog_watch: SimpleNamespace
) -> None:
    backlog_watch.backlog = Backlog(slices=1200, signals=4_000_000, per_second=20_000.0)
    answer = plain_http.get(f"http://127.0.0.1:{port}/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "problems": ["catching up: 1,200 slices left with 4,000,000 signals, 20,000 a second, about 3 minutes"],
        "backlog": {"slices": 1200, "signals": 4_000_000, "per_second": 20_000.0, "seconds_left": 200.0},
    }
    backlog_watch.backlog, engine.last_tick = None, 1.0
    assert plain_http.get(f"http://127.0.0.1:{port}/readyz").json() == {"ready": True, "problems": []}


def test_a_long_tick_is_alive_as_long_as_it_takes_steps(port: int, engine: SimpleNamespace) -> None:
    url = f"http://127.0.0.1:{port}/healthz"
    engine.last_tick = engine.last_step = engine.clock.monotonic()
    engine.clock.advance(timedelta(seconds=100))
    assert plain_http.get(url).status_code == 503
    engine.last_step = engine.clock.monotonic()
    assert plain_http.get(url).status_code == 200
