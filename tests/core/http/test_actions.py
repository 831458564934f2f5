"""An action reaches the engine with its token; what went wrong is said in the engine's words."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.config import Settings
from core.errors import Permanent, Retryable
from core.http.actions import post_action


def test_an_action_is_posted_with_the_token_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def post(url: str, *, json: Any, headers: dict[str, str], timeout: float) -> httpx.Response:
        sent.append((url, json, headers, timeout <= 30))
        return httpx.Response(200, json={"incidents": ["i1"]})

    monkeypatch.setattr(httpx, "post", post)
    assert post_action(Settings(engine_port=9), "silences", {"by": "Ana"}, "secret") == {"incidents": ["i1"]}
    assert sent == [("http://127.0.0.1:9/api/v1/silences", {"by": "Ana"}, {"Authorization": "Bearer secret"}, True)]


@pytest.mark.parametrize(("status", "kind"), [(404, Permanent), (503, Retryable)])
def test_a_refusal_says_whether_to_try_again(monkeypatch: pytest.MonkeyPatch, status: int, kind: type[Exception]) -> None:
    monkeypatch.setattr(httpx, "post", lambda *_, **__: httpx.Response(status, json={"error": "note: write"}))
    with pytest.raises(kind, match=f"^note: write .HTTP {status}.$"):
        post_action(Settings(), "x", {}, "secret")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectError("refused"), "did not answer: refused; nothing was changed, try again"),
        (httpx.ConnectTimeout(""), "nothing was changed, try again"),
        (httpx.ReadTimeout(""), "took it and did not answer: ReadTimeout; it may have been done: look at the history"),
    ],
)
def test_an_engine_that_took_the_action_may_have_done_it(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    def post(*_: Any, **__: Any) -> httpx.Response:
        raise error

    monkeypatch.setattr(httpx, "post", post)
    with pytest.raises(Retryable, match=said):
        post_action(Settings(), "x", {}, "secret")
