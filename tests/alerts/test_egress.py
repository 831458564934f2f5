"""Egress: settings that are checked, addresses that are refused, and what a reply means."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts import egress
from core.errors import AndonError, Full, Permanent, Retryable, WrongSetting


def test_a_setting_that_is_not_known_is_named_with_what_was_meant():
    egress.only({"url": "x"}, "url", "secret")
    with pytest.raises(WrongSetting, match=r"^'ulr' is not a setting of this notifier; .*url"):
        egress.only({"ulr": "x"}, "url", "secret")


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("http://host", True),
        ("https://host:8443/path?a=b", True),
        ("http://[::1]:80/", True),
        ("env:TEST_URL", True),
        ("file:/run/secrets/url", True),
        ("ftp://host", False),
        ("host/path", False),
        ("http://", False),
        ("http://host:0/", False),
        ("http://host:http/", False),
        ("http://[::1/", False),
        ("http://host/\nx", False),
        ("", False),
        (7, False),
        (None, False),
    ],
)
def test_an_address_is_http_or_where_one_is(address: Any, good: bool):
    if good:
        assert egress.check_url({"url": address}) == address
        return
    with pytest.raises(WrongSetting, match=r"^'url' is not an address"):
        egress.check_url({"url": address})


@pytest.mark.parametrize("value", ["hunter2", "", None, 7, ["env:A"]])
def test_a_catalog_says_where_a_secret_is_and_never_what_it_is(value: Any):
    with pytest.raises(WrongSetting, match=r"^'token' is a secret; write env:NAME or file:PATH") as caught:
        egress.check_secret({"token": value}, "token")
    assert "hunter2" not in str(caught.value)


def test_what_a_reference_leads_to_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    settings = {"url": "env:TEST_URL", "host": "env:TEST_HOST", "plain": "as it is"}
    for read in (egress.url, lambda found: egress.text(found, "host")):
        with pytest.raises(Retryable, match="env:TEST_"):
            read(settings)
    monkeypatch.setenv("TEST_URL", "http://host/in")
    monkeypatch.setenv("TEST_HOST", "host")
    assert (egress.url(settings), egress.text(settings, "host"), egress.text(settings, "plain")) == ("http://host/in", "host", "as it is")
    assert egress.url({}, "api_url", "https://default/") == "https://default/"

    monkeypatch.setenv("TEST_URL", "nowhere")
    with pytest.raises(Retryable, match="env:TEST_URL does not contain an address"):
        egress.url(settings)
    file = tmp_path / "key"
    file.write_text("whsec_c2VjcmV0\n")
    file.chmod(0o600)
    assert egress.key({"secret": f"file:{file}"}, "secret") == b"secret"


def test_the_next_address_is_tried_only_where_nothing_was_sent_yet():
    tried: list[str] = []

    def attempt(target: str) -> str:
        tried.append(target)
        if target == "down":
            raise ConnectionError(target)
        if target == "broken":
            raise ValueError(target)
        return target

    assert egress.first_that_connects(["down", "up", "unused"], attempt, (ConnectionError,)) == "up"
    assert tried == ["down", "up"]
    with pytest.raises(ValueError, match="broken"):
        egress.first_that_connects(["broken", "up"], attempt, (ConnectionError,))
    with pytest.raises(ConnectionError, match="down"):
        egress.first_that_connects(["down", "down"], attempt, (ConnectionError,))


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        (300, {}, Permanent, None),
        (307, {"location": "http://other/"}, Permanent, None),
        (400, {}, Permanent, None),
        (404, {"retry-after": "5"}, Permanent, None),
        (408, {}, Retryable, None),
        (425, {}, Retryable, None),
        (429, {}, Retryable, None),
        (429, {"retry-after": "7"}, Full, 7),
        (503, {"retry-after": "86400"}, Full, 300),
        (503, {"retry-after": "Mon, 02 Mar 2026 10:00:00 GMT"}, Retryable, None),
        (500, {}, Retryable, None),
    ],
)
def test_a_status_says_whether_it_may_help_to_try_again_and_when(
    monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str], kind: type[AndonError], wait: int | None
):
    _answer(monkeypatch, lambda _: httpx.Response(status, headers=headers, content=iter([b"first\nsecond"])))
    with pytest.raises(kind, match=f"HTTP {status} first second") as caught:
        egress.post("http://127.0.0.1/in", b"{}", {}, {})

    assert type(caught.value) is kind
    assert getattr(caught.value, "retry_after_seconds", None) == wait


def test_what_is_accepted_gives_the_beginning_of_the_reply_and_the_request_names_its_host(monkeypatch: pytest.MonkeyPatch):
    requests: list[httpx.Request] = []

    def accept(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(202, content=iter([b"x" * (egress.REPLY_BYTES + 1)]))

    _answer(monkeypatch, accept)
    status, reply = egress.post("http://user:pass@localhost:8080/in", b"{}", {"x-id": "1"}, {})

    assert (status, len(reply)) == (202, egress.REPLY_BYTES)
    assert (requests[0].headers["host"], requests[0].headers["x-id"], requests[0].content) == ("localhost:8080", "1", b"{}")
    egress.send("PUT", "http://127.0.0.1/in", b"{}", {}, {})
    assert [request.method for request in requests] == ["POST", "PUT"]


@pytest.mark.parametrize(("error", "said"), [(httpx.ReadTimeout(""), "ReadTimeout"), (httpx.ReadError("reset"), "reset")])
def test_a_connection_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str):
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    _answer(monkeypatch, fail)
    with pytest.raises(Retryable, match=f"127.0.0.1:80 did not answer: {said}$"):
        egress.post("http://127.0.0.1/in", b"{}", {}, {})


@pytest.mark.parametrize("value", ["hunter2\nx", "hunter2€"])
def test_a_header_that_cannot_be_sent_is_not_told_with_its_value(value: str):
    with pytest.raises(Retryable, match="the header 'authorization'") as caught:
        egress.post("http://127.0.0.1/in", b"{}", {"authorization": value}, {})

    assert "hunter2" not in str(caught.value)


def _answer(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    real = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **options: real(**options, transport=httpx.MockTransport(answer)))


def test_a_reply_that_comes_byte_by_byte_is_read_no_longer_than_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """It kept its channel for hours: each part came in time."""
    sent: list[int] = []

    class Drop(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for number in range(1_000):
                sent.append(number)
                yield b"x"
                time.sleep(0.001)

    monkeypatch.setattr(egress, "TIMEOUT_SECONDS", 0.05)
    _answer(monkeypatch, lambda _: httpx.Response(200, stream=Drop()))
    status, said = egress.post("http://127.0.0.1:9/", b"{}", {}, {})
    assert status == 200
    assert set(said) == {"x"}
    assert len(sent) < 1_000
