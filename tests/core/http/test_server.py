"""The limits that uvicorn does not have: heads that are late, large, ambiguous or foreign never reach an application."""

from __future__ import annotations

import asyncio
import signal
import ssl
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from core.http.server import HEAD_MAX_BYTES, HEADERS_MAX, NO_PAGE, URL_MAX_BYTES
from tests.core.http.served import Served, until


class Echo:
    """An application that answers with the body, and remembers which paths it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        self.asked.append(scope["path"])
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


def head(*lines: str, target: str = "/", version: str = "1.1", host: str | None = "localhost") -> bytes:
    named = [] if host is None else [f"host: {host}"]
    return "\r\n".join([f"GET {target} HTTP/{version}", *named, *lines, "", ""]).encode("latin-1")


def answer(sent: bytes, names: tuple[str, ...] = (), **options: Any) -> tuple[bytes, list[str], Served]:
    """Send to a new server and return what came back, which paths reached the application, and the server."""
    echo = Echo()

    async def run() -> tuple[bytes, Served]:
        async with Served(echo, names, **options) as served:
            answered = await served.answered(sent)
            await until(lambda: not served.peers)
            return answered, served

    answered, served = asyncio.run(run())
    return answered, echo.asked, served


def test_a_request_is_answered_with_the_headers_of_what_is_no_page() -> None:
    answered, asked, _ = answer(head("content-length: 5") + b"hello")
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answered.endswith(b"\r\n\r\nhello")
    assert asked == ["/"]
    assert all(f"{name}: {value}".encode() in answered for name, value in NO_PAGE.items())
    assert not [name for name in (b"\r\nserver:", b"\r\ndate:") if name in answered.lower()]


REFUSED = [
    (b"no HTTP at all\r\n\r\n", 400, "protocol_error"),
    (head(host=None), 400, "protocol_error"),
    (head("host: localhost"), 400, "protocol_error"),
    (head("x: a\x01b"), 400, "protocol_error"),
    (head("x: caf\xe9"), 400, "protocol_error"),
    (head(host="evil.example"), 421, "foreign_host"),
    (head(host=""), 421, "foreign_host"),
    (head(target="http://evil.example/"), 421, "foreign_host"),
    (head("origin: https://evil.example"), 403, "foreign_origin"),
    (head("origin: null"), 403, "foreign_origin"),
    (head("origin: http://localhost", "origin: http://localhost"), 403, "foreign_origin"),
    (head("x: " + "a" * HEAD_MAX_BYTES), 431, "headers_too_large"),
    (head(*[f"x{number}: a" for number in range(HEADERS_MAX + 1)]), 431, "headers_too_large"),
    (head(target="/" + "a" * URL_MAX_BYTES), 431, "headers_too_large"),
    (b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * (64 << 10), 431, "headers_too_large"),
]


@pytest.mark.parametrize(("sent", "status", "reason"), REFUSED, ids=[f"{status}-{number}" for number, (_, status, _) in enumerate(REFUSED)])
def test_a_head_that_is_refused_reaches_no_application(sent: bytes, status: int, reason: str) -> None:
    answered, asked, served = answer(sent + head())
    assert answered.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close\r\n" in answered
    assert all(f"{name}: {value}".encode() in answered for name, value in NO_PAGE.items())
    assert asked == []
    assert served.rejected(reason) == 1


def test_a_foreign_name_and_a_foreign_page_are_told_which_setting_helps() -> None:
    assert b"'evil.example' is not a name of this Andon; add it to the setting allowed_hosts\n" in answer(head(host="evil.example"))[0]
    assert b"set public_url" in answer(head("origin: https://evil.example"))[0]


@pytest.mark.parametrize(
    "sent",
    [
        head(host="127.0.0.1:1"),
        head(host="ANDON.example.com."),
        head(host=None, version="1.0"),
        head("origin: http://localhost"),
        head("x: " + "a" * (HEAD_MAX_BYTES - 100)),
        head(target="/" + "a" * (URL_MAX_BYTES - 1)),
        head(*[f"x{number}: a" for number in range(HEADERS_MAX - 1)]),
    ],
)
def test_what_is_within_the_limits_is_answered(sent: bytes) -> None:
    answered, asked, _ = answer(sent, ("andon.example.com",))
    assert answered.startswith(b"HTTP/1.1 200 "), answered
    assert len(asked) == 1


def test_pages_take_a_viewer_s_name_and_longer_urls() -> None:
    long = "/" + "a" * (URL_MAX_BYTES + 10)
    sent = head("x-user: caf\xe9", target=long)
    assert answer(sent, websockets=True, url_max_bytes=URL_MAX_BYTES * 2)[0].startswith(b"HTTP/1.1 200 ")


def test_a_head_that_does_not_come_in_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.server.HEAD_READ_SECONDS", 0.05)
    answered, asked, served = answer(b"GET / HTTP/1.1\r\nhost: loc")
    assert answered.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert (asked, served.rejected("slow_client")) == ([], 1)


def test_a_connection_too_many_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.server.may_connect", lambda *_: False)
    answered, asked, served = answer(head())
    assert answered.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nretry-after: 5\r\n" in answered
    assert (asked, served.rejected("too_many_connections")) == ([], 1)


async def _answers_early(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


def test_the_rest_of_a_body_is_read_only_for_a_while_after_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.server.DRAIN_SECONDS", 0.05)

    async def run() -> None:
        async with Served(_answers_early) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(head("content-length: 1000000") + b"a")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 413 ")
            assert await asyncio.wait_for(reader.read(), 30) == b"", "it is closed"
            writer.close()

    asyncio.run(run())


@pytest.mark.parametrize("sent", [head("connection: close", "content-length: 8000000"), head("content-length: 8000000", version="1.0")])
def test_an_early_answer_is_not_lost_to_who_wants_the_connection_closed(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr("core.http.server.DRAIN_SECONDS", 60.0)

    async def run() -> None:
        async with Served(_answers_early) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(sent)
            for _ in range(80):  # without looking for an answer before all of it is sent
                writer.write(bytes(100_000))
                await writer.drain()
            assert (await reader.read()).startswith(b"HTTP/1.1 413 "), "and it is closed"
            writer.close()

    asyncio.run(run())


async def _echoes(_: Scope, receive: Receive, send: Send) -> None:
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize("more", [(), ("connection: close",)])
def test_who_asks_first_is_told_to_go_on(more: tuple[str, ...]) -> None:
    async def run() -> None:
        async with Served(_echoes) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(head("expect: 100-continue", "content-length: 5", *more, version="1.1"))
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"whole")
            assert (await reader.readuntil(b"whole")).startswith(b"HTTP/1.1 200 ")
            writer.close()

    asyncio.run(run())


def test_requests_that_come_together_are_answered_in_their_order_on_one_connection() -> None:
    answered, asked, served = answer(b"".join(head(target=f"/{number}", version="1.1") for number in range(3)))
    assert asked[: answered.count(b"HTTP/1.1 200")] == [f"/{number}" for number in range(answered.count(b"HTTP/1.1 200"))]
    assert served.rejected("protocol_error") == 0


def test_the_process_keeps_its_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    served = Served(Echo())
    with served.server.capture_signals():
        assert signal.getsignal(signal.SIGTERM) is before
    served.bound.close()


def test_tls_is_at_least_1_2(certificate: tuple[Path, Path]) -> None:
    served = Served(Echo(), certificate=certificate[0], key=certificate[1])
    served.bound.close()
    assert served.server.config.ssl is not None
    assert served.server.config.ssl.minimum_version == ssl.TLSVersion.TLSv1_2


def test_each_port_counts_its_own_connections() -> None:
    one, other = Served(Echo()), Served(Echo())
    for served in (one, other):
        served.bound.close()
    one.peers["10.0.0.7"] += 1
    assert not other.peers
