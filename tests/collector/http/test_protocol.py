"""What stands between two HTTP parsers: heads and bodies that can be read in two ways are refused, on raw sockets."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.signal import SignalKind
from core.telemetry import M
from tests.collector.conftest import Running
from tests.collector.requests import PROTOBUF, spans

BODY = spans(count=1).SerializeToString()
SIZE = len(BODY)
POST = b"POST /v1/traces HTTP/1.1\r\n"
HOST = b"host: localhost\r\n"
TYPE = f"content-type: {PROTOBUF}\r\n".encode()
CHUNKED = b"transfer-encoding: chunked\r\n"
CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY)
GOOD = POST + HOST + TYPE + b"content-length: %d\r\n\r\n%s" % (SIZE, BODY)


def length(value: object) -> bytes:
    return b"content-length: %s\r\n" % str(value).encode()


def post(*lines: bytes, body: bytes = BODY) -> bytes:
    return POST + HOST + TYPE + b"".join(lines) + b"\r\n" + body


def talk(collector: Running, sent: bytes, silence_seconds: float = 0.7) -> bytes:
    """Send bytes and return everything that is answered until the collector closes, or falls silent for a while."""
    with socket.create_connection(("127.0.0.1", collector.engine.http_port), timeout=5) as opened:
        opened.sendall(sent)
        answer = b""
        try:
            while part := opened.recv(65536):
                answer += part
                opened.settimeout(silence_seconds)
        except (TimeoutError, ConnectionResetError):
            pass  # silent, or closed with some of what we sent unread
        return answer


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    "sent",
    [
        POST + HOST + b"host: 127.0.0.1\r\n" + TYPE + length(SIZE) + b"\r\n" + BODY,
        POST + HOST + HOST + TYPE + length(SIZE) + b"\r\n" + BODY,
        POST + TYPE + length(SIZE) + b"\r\n" + BODY,
        b"GET /healthz HTTP/1.0\r\nhost: localhost\r\nhost: 127.0.0.1\r\n\r\n",
        post(b"x-name: caf\xc3\xa9\r\n", length(SIZE)),
        post(b"x-name: caf\xe9\r\n", length(SIZE)),
        post(b"x-name: a\x7fb\r\n", length(SIZE)),
        post(b"x-name: a\x01b\r\n", length(SIZE)),
        post(b"x-name: a\x1b[31mb\r\n", length(SIZE)),
        post(b"x-name: a\0b\r\n", length(SIZE)),
        post(b"x-name: a\rb\r\n", length(SIZE)),
        post(b"x-name: a\r\n b\r\n", length(SIZE)),  # obs-fold
        post(b"x name: a\r\n", length(SIZE)),
        post(b"x-name : a\r\n", length(SIZE)),
        post(b"x-n\xc3\xa4me: a\r\n", length(SIZE)),
        POST.replace(b"/v1", b"/\xc3\xa4") + HOST + b"\r\n",
        POST.replace(b"/v1", b"/\x01") + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),  # TLS
        bytes(100),
    ],
)
def test_ambiguous_heads(collector: Running, sent: bytes) -> None:
    answer = talk(collector, sent)
    assert statuses(answer) == [400]
    assert b"connection: close\r\n" in answer
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="protocol_error") == 1
    assert collector.records() == []
    assert collector.client.get("/healthz").status_code == 200


def test_what_is_good_in_a_head(collector: Running) -> None:
    assert statuses(talk(collector, post(b"x-name: a\tb ~!\r\n", b"x-empty:\r\n", length(SIZE)))) == [200]
    assert talk(collector, b"GET /healthz HTTP/1.0\r\n\r\n").endswith(b'{"status":"ok"}')


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (post(length(SIZE)), [200]),
        (post(length(SIZE + 10)), [408]),
        (post(length(SIZE - 10)), [400]),  # and what was cut off is no request either
        (post(), [400]),  # no length means no body, and what follows is no request
        (post(length(-1)), [400]),
        (post(length("+5")), [400]),
        (post(length("0x10")), [400]),
        (post(length("1e3")), [400]),
        (post(length("")), [400]),
        (post(length(f"{SIZE}, {SIZE}")), [400]),
        (post(length(10**30)), [400]),
        (post(length(SIZE), length(SIZE + 1)), [400]),
        (post(length(SIZE), length(SIZE)), [400]),
        (post(length((20 << 20) + 1)), [413]),
        (post(CHUNKED, body=CHUNK), [200]),
        (post(CHUNKED, body=b"zz\r\n"), [400]),
        (post(CHUNKED, body=b"-5\r\nabcde\r\n"), [400]),
        (post(CHUNKED, body=b"5\r\nabcdefgh\r\n"), [400]),
        (post(CHUNKED, body=b"fffffffffffffffff\r\n"), [400]),
        (post(CHUNKED, body=b"5\r\nab"), [408]),
    ],
)
def test_lengths_that_lie(collector: Running, monkeypatch: pytest.MonkeyPatch, sent: bytes, expected: list[int]) -> None:
    monkeypatch.setattr("core.http.body.READ_SECONDS", 0.3)
    assert statuses(talk(collector, sent)) == expected
    assert collector.client.get("/healthz").status_code == 200
    assert [record.body for record in collector.records() if record.kind is SignalKind.TRACES] == [BODY] * expected.count(200)


SMUGGLED = b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/cloudevents+json\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        post(length(SIZE), CHUNKED, body=CHUNK + SMUGGLED),  # CL.TE
        post(CHUNKED, length(4), body=CHUNK + SMUGGLED),  # TE.CL
        post(CHUNKED, b"transfer-encoding: identity\r\n", body=CHUNK + SMUGGLED),
        post(b"transfer-encoding: identity\r\n", length(0), body=SMUGGLED),
        post(b"transfer-encoding: xchunked\r\n", body=CHUNK + SMUGGLED),
        post(b"transfer-encoding: chunked, identity\r\n", body=CHUNK + SMUGGLED),
        post(b"transfer-encoding:\r\n chunked\r\n", body=CHUNK + SMUGGLED),
        post(b"transfer-encoding : chunked\r\n", length(4), body=CHUNK + SMUGGLED),
        post(b"transfer-encoding: \x0bchunked\r\n", body=CHUNK + SMUGGLED),
        post(b"content-length\r\n : 4\r\n", body=CHUNK + SMUGGLED),
    ],
)
def test_no_second_request_is_smuggled_in(collector: Running, sent: bytes) -> None:
    assert statuses(talk(collector, sent)) == [400]
    assert collector.records() == []


def test_pipelined_requests_are_answered_in_order(collector: Running) -> None:
    health = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
    missing = b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n"
    assert statuses(talk(collector, (GOOD + health + missing) * 5)) == [200, 200, 404] * 5
    assert [record.body for record in collector.records()] == [BODY] * 5


def is_closed_within(opened: socket.socket, seconds: float, chunk: bytes, pause_seconds: float = 0) -> bool:
    """Send the same again and again until the connection is closed on the other side."""
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            opened.sendall(chunk)
            time.sleep(pause_seconds)
    except OSError:
        return True
    return False


def test_endless_chunks_end_at_the_limit(collector: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.ingest.validation.REQUEST_MAX_BYTES", 1 << 20)
    monkeypatch.setattr("core.http.server.DRAIN_SECONDS", 0.3)
    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    with socket.create_connection(("127.0.0.1", collector.engine.http_port), timeout=5) as opened:
        opened.sendall(post(CHUNKED, body=b""))
        assert is_closed_within(opened, 10, chunk)
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="default", reason="too_large") == 1
    assert collector.records() == []


def test_endless_chunks_of_one_byte_end_in_time(collector: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.body.READ_SECONDS", 0.5)
    monkeypatch.setattr("core.http.server.DRAIN_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", collector.engine.http_port), timeout=5) as opened:
        opened.sendall(post(CHUNKED, body=b""))
        assert is_closed_within(opened, 4, b"1\r\nx\r\n", pause_seconds=0.02)
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="default", reason="slow_client") == 1


@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (POST.partition(b" HTTP")[0], 431),
        (POST + HOST + b"x-name: ", 431),
        (POST + HOST, 431),  # the name of a header
        (GOOD + POST + HOST + b"x-name: ", 431),  # behind a request that is good
        (post(CHUNKED, body=b"5;"), 400),
        (post(CHUNKED, body=b"0\r\nx-name: "), 400),
    ],
)
def test_what_never_ends_is_ended_before_it_is_large(
    collector: Running, monkeypatch: pytest.MonkeyPatch, begun: bytes, status: int
) -> None:
    """The parser tells of a header when it is over: one without end would be kept, whatever it weighs."""
    given = 0
    real = HttpToolsProtocol.data_received

    def counted(self: Any, data: bytes) -> None:
        nonlocal given
        given += len(data)
        real(self, data)

    monkeypatch.setattr(HttpToolsProtocol, "data_received", counted)
    with socket.create_connection(("127.0.0.1", collector.engine.http_port), timeout=5) as opened:
        opened.sendall(begun)
        assert is_closed_within(opened, 10, b"y" * 65536)
    assert given < 100_000
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="headers_too_large" if status == 431 else "protocol_error") == 1


@pytest.mark.parametrize("more", [b"1;", b"0\r\nx: ", b"ff\r\n"])
def test_what_goes_on_after_the_answer_is_ended(collector: Running, monkeypatch: pytest.MonkeyPatch, more: bytes) -> None:
    monkeypatch.setattr("core.http.server.DRAIN_SECONDS", 0.5)
    monkeypatch.setattr("core.http.body.READ_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", collector.engine.http_port), timeout=5) as opened:
        opened.sendall(post(CHUNKED, body=more))
        assert b"408" in opened.recv(1000)
        assert is_closed_within(opened, 10, b"y", pause_seconds=0.02)


def test_a_body_that_stalls_is_told(collector: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.body.READ_SECONDS", 0.3)
    assert statuses(talk(collector, post(length(SIZE + 10)))) == [408]


def test_an_upgrade_is_not_taken(collector: Running) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n"
    assert statuses(talk(collector, ask)) == [200]
    assert collector.client.get("/healthz").status_code == 200
