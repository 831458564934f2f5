"""One client cannot keep the others from the collector: connections, wrong credentials, trickled bodies, endless numbers."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from core.catalog.catalog import Catalog
from core.signal import Lane
from core.telemetry import M
from tests.collector.conftest import Running
from tests.collector.http.test_webhooks import standard
from tests.collector.requests import PROTOBUF, START, spans
from tests.waiting import wait_until

BODY = spans(count=1).SerializeToString()


@contextmanager
def connection(collector: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", collector.engine.http_port), timeout=5) as opened:
        yield opened


def ask(opened: socket.socket) -> bytes:
    opened.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
    return opened.recv(1000)


def test_one_connection_too_many_is_told_to_come_back(collector: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.limits.CONNECTIONS_PER_CLIENT_MAX", 3)
    with ExitStack() as stack:
        opened = [stack.enter_context(connection(collector)) for _ in range(10)]
        assert all(b"200 OK" in ask(one) for one in opened), "loopback has no share of its own"
    http = collector.engine._http
    assert http is not None
    wait_until(lambda: not http.server_state.connections, 20, "all of them are closed")
    monkeypatch.setattr("core.limits.is_loopback", lambda _: False)
    with ExitStack() as stack:
        opened = [stack.enter_context(connection(collector)) for _ in range(3)]
        assert all(b"200 OK" in ask(one) for one in opened)
        with connection(collector) as fourth:
            answer = fourth.recv(1000)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 5\r\n" in answer
        assert collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="too_many_connections") == 1
        opened[0].close()

        def is_taken() -> bool:
            with connection(collector) as again:
                return b"200 OK" in ask(again)

        wait_until(is_taken, 20, "another one is taken in place of the one that went")


@pytest.fixture
def guarded(start: Callable[..., Running], catalog: Catalog) -> Running:
    return start(catalog)


def export(client: httpx.Client, collector: Running, token: str) -> httpx.Response:
    headers = {"content-type": PROTOBUF, "authorization": f"Bearer {token}"}
    return client.post(f"http://127.0.0.1:{collector.engine.http_port}/v1/traces", content=BODY, headers=headers)


def test_guessing_is_slowed_down_and_hurts_nobody_else(guarded: Running, secrets: dict[str, str]) -> None:
    assert [export(guarded.client, guarded, f"guess-{number}").status_code for number in range(10)] == [401] * 10
    blocked = export(guarded.client, guarded, "guess-11")
    assert blocked.status_code == 503
    assert 1 <= int(blocked.headers["retry-after"]) <= 60
    assert export(guarded.client, guarded, secrets["TOKEN_CRM"]).status_code == 200
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as elsewhere:
        assert export(elsewhere, guarded, "a typing error").status_code == 401
    assert guarded.telemetry.value(M.REJECTED_REQUESTS, source="", reason="unauthenticated") == 11
    assert guarded.telemetry.value(M.REJECTED_REQUESTS, source="", reason="auth_rate_limited") == 1
    assert len(guarded.records(Lane.CRITICAL)) == 1


def test_guessing_over_grpc_and_forging_webhooks_count_too(guarded: Running, secrets: dict[str, str]) -> None:
    body = b'{"type": "x"}'
    for number in range(10):
        forged = standard(secrets["HOOK"], f"m{number}", b"another body")
        assert guarded.post("/v1/webhooks/shop", body, "application/json", **forged).status_code == 401
    assert guarded.post("/v1/webhooks/shop", body, "application/json", **standard(secrets["HOOK"], "m", b"")).status_code == 503
    assert guarded.post("/v1/webhooks/shop", body, "application/json", **standard(secrets["HOOK"], "m", body)).status_code == 200
    with grpc.insecure_channel(f"127.0.0.1:{guarded.engine.grpc_port}") as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as caught:
            call(BODY, timeout=60, metadata=(("authorization", "Bearer guess"),))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        status = Status.FromString(dict(caught.value.trailing_metadata())["grpc-status-details-bin"])
        retry = RetryInfo()
        assert status.details[0].Unpack(retry)
        assert 1 <= retry.retry_delay.seconds <= 60
        call(BODY, timeout=60, metadata=(("authorization", f"Bearer {secrets['TOKEN_CRM']}"),))


@pytest.mark.parametrize(("bytes_per_send", "status"), [(1, b"408"), (20, b"200")])
def test_a_body_that_trickles_is_ended(collector: Running, monkeypatch: pytest.MonkeyPatch, bytes_per_send: int, status: bytes) -> None:
    monkeypatch.setattr("core.http.body.GRACE_SECONDS", 0.5)
    monkeypatch.setattr("core.http.body.BYTES_PER_SECOND", 100)
    body = spans({"name": "x" * 600}).SerializeToString()
    head = f"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: {PROTOBUF}\r\ncontent-length: {len(body)}\r\n\r\n"
    with connection(collector) as slow:
        slow.sendall(head.encode())
        for at in range(0, len(body), bytes_per_send):
            try:
                slow.sendall(body[at : at + bytes_per_send])
            except OSError:
                break
            time.sleep(0.05)
        assert status in slow.recv(1000)


@pytest.mark.parametrize(("value", "status"), [("1" * 65, 400), ("1" * 64 + ".5", 400), ("1." + "0" * 62, 200)])
def test_an_endless_number_in_otlp_json(collector: Running, value: str, status: int) -> None:
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "9" * 100, "startTimeUnixNano": str(START), "endTimeUnixNano": str(START)}
    span["attributes"] = [{"key": "n", "value": {"doubleValue": 0.125}}]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).replace("0.125", value)
    answer = collector.post("/v1/traces", body.encode(), "application/json")
    assert answer.status_code == status
    assert status == 200 or "64 digits" in answer.json()["error"]
