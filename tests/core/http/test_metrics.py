"""Who is shown ``/metrics``: everybody on this machine, and others who have the token."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from core.clock import FakeClock
from core.config import Settings, load_settings
from core.errors import UsageError
from core.http.guard import Guard
from core.http.metrics import Metrics
from core.limits import FAILURES_PER_MINUTE, FailedAttempts
from core.rejection_log import RejectionLog
from core.telemetry import M, Telemetry

REACHED = ["0.0.0.0", "::", "", "10.0.0.7", "erp.example.com"]


class Port:
    """The metrics of one port, asked as Prometheus asks."""

    def __init__(self, listening: str = "127.0.0.1", *, token: str = "", insecure: bool = False) -> None:
        self.clock, self.telemetry = FakeClock(datetime(2026, 3, 27, tzinfo=UTC)), Telemetry()
        self.guard = Guard(FailedAttempts(self.clock), RejectionLog(self.clock, self.telemetry))
        metrics = Metrics(Settings(metrics_token=token, insecure=insecure), listening, self.telemetry, self.guard)
        self.app = Starlette(routes=[Route("/metrics", metrics.answer)])

    def get(self, authorization: str = "") -> httpx.Response:
        async def sent() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://port") as client:
                return await client.get("/metrics", headers={"authorization": authorization} if authorization else {})

        return asyncio.run(sent())


@pytest.mark.parametrize("listening", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_it_wants_nothing(listening: str) -> None:
    assert "andon_rejected_requests_total" in Port(listening).get().text


@pytest.mark.parametrize("listening", REACHED)
def test_where_others_reach_it_it_wants_a_token(monkeypatch: pytest.MonkeyPatch, listening: str) -> None:
    closed = Port(listening).get("Bearer x")
    assert closed.status_code == 403
    assert "set metrics_token" in closed.text
    assert Port(listening, insecure=True).get().status_code == 200
    monkeypatch.setenv("ANDON_TEST_SCRAPE", "scr4pe")
    assert Port(listening, token="env:ANDON_TEST_SCRAPE").get("Bearer scr4pe").status_code == 200


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer scrape", "Basic scr4pe", "scr4pe", "Bearer scr4pe x"])
def test_a_token_that_is_set_is_wanted_everywhere(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("ANDON_TEST_SCRAPE", "scr4pe")
    port = Port(token="env:ANDON_TEST_SCRAPE")
    for insecure in (False, True):
        refused = Port(token="env:ANDON_TEST_SCRAPE", insecure=insecure).get(given)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert "andon_" not in refused.text
    assert port.get("bearer scr4pe").status_code == 200


def test_wrong_tokens_have_a_limit_and_a_good_one_passes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDON_TEST_SCRAPE", "scr4pe")
    port = Port(token="env:ANDON_TEST_SCRAPE")
    assert [port.get("Bearer guess").status_code for _ in range(FAILURES_PER_MINUTE)] == [401] * FAILURES_PER_MINUTE
    refused = port.get("Bearer guess")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert port.get("Bearer scr4pe").status_code == 200
    assert port.telemetry.value(M.REJECTED_REQUESTS, source="", reason="auth_rate_limited") == 1
    port.clock.advance(timedelta(seconds=61))
    assert port.get("Bearer guess").status_code == 401


def test_a_token_that_was_replaced_is_in_force_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with pytest.raises(UsageError, match="No such file"):
        Port(token=f"file:{file}")
    file.touch(mode=0o600)
    file.write_text("old")
    port = Port(token=f"file:{file}")
    assert port.get("Bearer old").status_code == 200
    file.write_text("new")
    assert (port.get("Bearer old").status_code, port.get("Bearer new").status_code) == (401, 200)
    file.unlink()
    lost = port.get("Bearer new")
    assert (lost.status_code, lost.headers["retry-after"]) == (503, "10")


@pytest.mark.parametrize("value", ["scr4pe", "env:", "https://x"])
def test_the_setting_names_a_secret_and_never_is_one(value: str) -> None:
    with pytest.raises(UsageError, match="write env:name or file:path, never the secret itself") as caught:
        load_settings(metrics_token=value)
    assert value not in str(caught.value) or value == "env:"
