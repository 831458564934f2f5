"""A large body is validated in a process of its own: whoever else sends is acknowledged meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.ingest.content import Content
from collector.ingest.offload import Frame, Offload, _Child
from collector.ingest.offload_process import answers
from collector.ingest.validation import ODD_SMALL_BYTES, STRUCTURED, Task
from collector.json_guard import DIGITS_MAX, check_digits
from collector.rejection import Rejection
from core.catalog.catalog import Catalog
from core.catalog.source import Source, Webhook
from core.errors import Full
from core.signal import SignalKind
from tests.collector.conftest import Running, running
from tests.collector.http.test_events import BATCH, ONE, event
from tests.collector.http.test_webhooks import standard
from tests.collector.requests import PROTOBUF, START, spans
from tests.waiting import wait_until

SMALL = spans(count=1).SerializeToString()
FILLING = "x" * (300 << 10)


def otlp(name: str) -> bytes:
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": name, "startTimeUnixNano": str(START)}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def webhook_headers(body: bytes) -> dict[str, str]:
    return standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "m", body)


Headers = Callable[[bytes], dict[str, str]]
ROADS: dict[str, tuple[str, str, bytes, Headers]] = {
    "protobuf": ("/v1/traces", PROTOBUF, spans(*[{"name": FILLING}] * 3).SerializeToString(), lambda _: {}),
    "gzip": (
        "/v1/traces",
        PROTOBUF,
        gzip.compress(spans(*[{"name": FILLING}] * 3).SerializeToString()),
        lambda _: {"content-encoding": "gzip"},
    ),
    "json": ("/v1/traces", "application/json", otlp(FILLING), lambda _: {}),
    "structured": ("/v1/events", ONE, json.dumps(event(data=FILLING)).encode(), lambda _: {}),
    "batch": ("/v1/events", BATCH, json.dumps([event(data=FILLING)]).encode(), lambda _: {}),
    "binary": (
        "/v1/events",
        "application/json",
        json.dumps(FILLING).encode(),
        lambda _: {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"},
    ),
    "delivery": ("/v1/webhooks/shop", "application/json", json.dumps({"type": FILLING}).encode(), webhook_headers),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The collector of all these tests: its offload process is started once."""
    catalog = Catalog(
        sources={"shop": Source(source="shop", owner="web", webhook=Webhook(scheme="standard", secrets=["env:HOOK"], type="shop.{type}"))}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        with running(tmp_path_factory.mktemp("large"), catalog) as collector:
            collector.client.timeout = 60
            yield collector


@pytest.fixture
def offload(made: Running) -> Offload:
    return made.engine._ingress.offload


def stopped(offload: Offload) -> None:
    """Let the process do nothing until it is told to go on."""
    offload.start()
    os.kill(offload.pid, signal.SIGSTOP)


@pytest.mark.parametrize("road", ROADS)
def test_a_small_request_is_acknowledged_while_a_large_one_is_validated(made: Running, offload: Offload, road: str) -> None:
    path, content_type, body, headers = ROADS[road]
    before = len(made.records())
    stopped(offload)
    with ThreadPoolExecutor(1) as sender, httpx.Client(base_url=made.client.base_url, timeout=60) as client:
        large = sender.submit(client.post, path, content=body, headers={"content-type": content_type, **headers(body)})
        wait_until(lambda: offload._waiting, 60, "the large one waits")
        assert made.post("/v1/traces", SMALL, PROTOBUF).status_code == 200
        assert not large.done()
        os.kill(offload.pid, signal.SIGCONT)
        assert large.result().status_code == 200
    assert len(made.records()) > before + 1


def test_a_large_body_that_is_wrong_is_told_and_kept(made: Running) -> None:
    answer = made.post("/v1/events", b"[" * (ODD_SMALL_BYTES + 1), ONE)
    assert (answer.status_code, bool(answer.json()["quarantine_id"])) == (400, True)


def test_one_that_is_larger_than_what_is_kept_is_kept_by_its_beginning(made: Running) -> None:
    body = b"\xff" * (3 << 20)
    assert made.post("/v1/traces", body, PROTOBUF).status_code == 400
    detail = json.loads(made.records()[-1].detail)
    assert made.records()[-1].body == body[: 64 << 10]
    assert (detail["size_bytes"], detail["sha256"]) == (str(len(body)), hashlib.sha256(body).hexdigest())


def test_a_process_that_ends_is_replaced_and_the_sender_told_to_come_again(
    made: Running, offload: Offload, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, content_type, body, _ = ROADS["protobuf"]
    stopped(offload)
    send, asked = _Child.send, threading.Event()

    def noted(child: _Child, *task: Any) -> None:
        send(child, *task)
        asked.set()

    monkeypatch.setattr(_Child, "send", noted)
    ended = offload.pid
    with ThreadPoolExecutor(1) as sender, httpx.Client(base_url=made.client.base_url, timeout=60) as client:
        large = sender.submit(client.post, path, content=body, headers={"content-type": content_type})
        assert asked.wait(60), "the process has been asked"
        os.kill(ended, signal.SIGKILL)
        assert (large.result().status_code, large.result().headers["retry-after"]) == (503, "1")
    assert made.post(path, body, content_type).status_code == 200
    assert offload.pid != ended


def test_no_more_wait_than_may(made: Running, offload: Offload, monkeypatch: pytest.MonkeyPatch) -> None:
    path, content_type, body, _ = ROADS["protobuf"]
    monkeypatch.setattr("collector.ingest.offload.WAITING_MAX", 2)
    stopped(offload)
    with ThreadPoolExecutor(2) as senders:
        large = [
            senders.submit(httpx.post, f"{made.client.base_url}{path}", content=body, headers={"content-type": content_type}, timeout=60)
            for _ in range(2)
        ]
        wait_until(lambda: offload._waiting == 2, 60, "both wait")
        assert made.post(path, body, content_type).status_code == 503
        assert made.post("/v1/traces", SMALL, PROTOBUF).status_code == 200
        os.kill(offload.pid, signal.SIGCONT)
        assert [one.result().status_code for one in large] == [200, 200]


def test_no_more_wait_than_may_also_of_those_that_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    class Done:
        """A child that has nothing to say of any body."""

        def send(self, *_: object) -> None:
            """Take it."""

        def receive(self) -> Frame:
            return Frame(ends=True)

    async def send(offload: Offload) -> bool:
        with Content(b"{}") as content:
            async with offload.validated(Task(SignalKind.EVENT, STRUCTURED), content):
                return True

    async def scenario() -> list[object]:
        offload = Offload()
        monkeypatch.setattr(offload, "start", lambda: setattr(offload, "_child", Done()))
        return await asyncio.gather(*(send(offload) for _ in range(5)), return_exceptions=True)

    monkeypatch.setattr("collector.ingest.offload.WAITING_MAX", 2)
    assert [type(answer) for answer in asyncio.run(scenario())] == [bool, bool, Full, Full, Full]


def test_who_waits_for_the_process_when_it_is_closed_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        """A child that is closed after the first part of its answer."""

        def send(self, *_: object) -> None:
            self.answered = False

        def receive(self) -> Frame:
            if self.answered:
                raise EOFError
            self.answered = True
            offload.close()
            return Frame()

        def end(self) -> None:
            """Nothing is left of it."""

    async def scenario() -> None:
        with Content(b"{}") as content:
            async with offload.validated(Task(SignalKind.EVENT, STRUCTURED), content):
                raise AssertionError("there is no answer")

    monkeypatch.setattr("collector.ingest.offload._Child", Closed)
    offload = Offload()
    with pytest.raises(Full):
        asyncio.run(scenario())


def test_the_process_ends_with_its_parent() -> None:
    code = "from collector.ingest.offload import Offload; import os, signal\nb = Offload(); b.start(); print(b.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 60, "the process has ended")


def test_what_takes_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr("collector.ingest.offload_process.validate", greedy)
    with Content(b"x") as content:
        (frame,) = answers(Task(SignalKind.TRACES, "protobuf"), content.lend())
    assert frame.error is not None
    assert (frame.status, frame.error.reason) == (400, "too_costly")


@pytest.mark.parametrize("at", [0, 1, (256 << 10) - 65, (256 << 10) - 64, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 299_000])
def test_long_numbers_are_found_wherever_they_are(at: int) -> None:
    for digits, refused in ((DIGITS_MAX, False), (DIGITS_MAX + 1, True)):
        body = b" " * at + b"1" * digits + b" " * (300_000 - at)
        try:
            check_digits(body)
        except Rejection:
            assert refused
        else:
            assert not refused
