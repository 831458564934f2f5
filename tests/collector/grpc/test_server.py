"""The gRPC server: why it cannot listen, and that no client ends it for the others."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import Any

import pytest

from collector.grpc import server as module
from collector.grpc.server import GrpcServer
from core.errors import UsageError
from core.telemetry import M
from tests.collector.conftest import Running
from tests.collector.grpc.test_export import EXPORT, export
from tests.collector.requests import spans
from tests.faults.recordings import HEAD_BYTES, PREFACE, frames_of_an_export
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("host", "why"), [("999.1.1.1", "cannot be opened: (?!.*in use)"), ("192.0.2.1", "annot assign"), ("127.0.0.1", "is in use")]
)
def test_grpc_tells_why_it_cannot_listen(collector: Running, host: str, why: str) -> None:
    async def listen(port: int) -> None:
        GrpcServer(collector.engine._ingress, host, port, None, None)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match=why) as caught:
            asyncio.run_coroutine_threadsafe(listen(taken.getsockname()[1]), collector.loop).result(90)
    assert str(caught.value).endswith("set otlp_grpc_port")


def test_a_connection_without_any_call_ends(collector: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_for_the_end(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as opened, opened.makefile("rb") as said:
            opened.sendall(PREFACE + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))  # no settings of our own
            assert said.read().endswith(b"connection idle")

    async def scenario() -> None:
        server = GrpcServer(collector.engine._ingress, "127.0.0.1", 0, None, None)
        await server.start()
        try:
            await asyncio.to_thread(wait_for_the_end, server.port)
        finally:
            await server.stop(0)

    assert ("grpc.max_connection_idle_ms", module.IDLE_MILLISECONDS) in module._OPTIONS
    monkeypatch.setattr(module, "_OPTIONS", [("grpc.max_connection_idle_ms", 200), *module._OPTIONS])
    asyncio.run_coroutine_threadsafe(scenario(), collector.loop).result(90)


def malformed(collector: Running, path: bytes = b"/op\x85ntelemetry") -> bytes:
    """Return what a client sends whose path is not UTF-8."""
    frames = b"".join(frames_of_an_export(collector.engine.grpc_port, EXPORT, [spans(count=1).SerializeToString()]))
    assert frames.count(b"/opentelemetry") == 1
    return PREFACE + frames.replace(b"/opentelemetry", path)


@pytest.mark.parametrize("path", [b"/op\x85ntelemetry", b"\xff" * 14])
def test_a_path_that_is_not_utf_8_stops_nobody_for_long(collector: Running, path: bytes) -> None:
    sent, body = malformed(collector, path), spans(count=1).SerializeToString()

    def counted(before: int) -> bool:
        return collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="protocol_error") > before

    for before in (0, 1, 2):
        with socket.create_connection(("127.0.0.1", collector.engine.grpc_port), timeout=60) as opened:
            opened.sendall(sent)
            wait_until(partial(counted, before), 60, "it is counted")
        assert export(collector, body) == b""


def test_a_server_stops_also_when_a_malformed_path_has_just_ended_it(collector: Running) -> None:
    sent, ping = malformed(collector), b"answered"

    async def stop_at_once() -> None:
        server = GrpcServer(collector.engine._ingress, "127.0.0.1", 0, None, None)
        await server.start()
        await asyncio.sleep(0.01)  # now it waits for its first call
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as opened:
            opened.sendall(sent + len(ping).to_bytes(3, "big") + b"\x06" + bytes(HEAD_BYTES - 4) + ping)
            received = b""
            while ping not in received:  # the loop stands still, so that the server has read the path and does not know it yet
                received += opened.recv(4096)
            await server.stop(0.1)

    asyncio.run_coroutine_threadsafe(stop_at_once(), collector.loop).result(90)


def test_another_server_begins_whatever_kept_the_last_one_from_it(collector: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    server = collector.engine._grpc
    failures: list[Exception] = [OSError("no descriptor is left"), ValueError("no such option"), UsageError("in use")]
    bound = server._bound

    def fails_at_first(port: int) -> tuple[Any, int]:
        if failures:
            raise failures.pop()
        return bound(port)

    monkeypatch.setattr(server, "_bound", fails_at_first)
    with socket.create_connection(("127.0.0.1", collector.engine.grpc_port), timeout=60) as opened:
        opened.sendall(malformed(collector))
        wait_until(lambda: collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="protocol_error"), 60, "another one has begun")
    assert failures == []
    assert export(collector, spans(count=1).SerializeToString()) == b""
