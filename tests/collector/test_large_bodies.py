"""A large body is looked at beside the others: whoever else sends is acknowledged meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from collector import aside, cloud_events, http, otlp_json
from collector.admission import admit
from collector.json_guard import DIGITS_MAX, check_digits
from collector.rejection import Rejection
from core.catalog.catalog import Catalog
from tests.collector.conftest import Running
from tests.collector.requests import PROTOBUF, START, spans
from tests.collector.test_events import BATCH, ONE, event
from tests.collector.test_webhooks import standard

SMALL = spans(count=1).SerializeToString()
FILLING = "x" * (300 << 10)


def otlp(name: str) -> bytes:
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": name, "startTimeUnixNano": str(START)}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def webhook_headers(body: bytes) -> dict[str, str]:
    return standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "m", body)


Headers = Callable[[bytes], dict[str, str]]
ROADS: list[tuple[Any, str, str, str, bytes, Headers]] = [
    (otlp_json, "convert", "/v1/traces", "application/json", otlp(FILLING), lambda _: {}),
    (cloud_events, "parse_structured", "/v1/events", ONE, json.dumps(event(data=FILLING)).encode(), lambda _: {}),
    (cloud_events, "parse_batch", "/v1/events", BATCH, json.dumps([event(data=FILLING)]).encode(), lambda _: {}),
    (
        cloud_events,
        "parse_binary",
        "/v1/events",
        "application/json",
        json.dumps(FILLING).encode(),
        lambda _: {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"},
    ),
    (http, "check_json", "/v1/webhooks/shop", "application/json", json.dumps({"type": FILLING}).encode(), webhook_headers),
]


@pytest.mark.parametrize(("module", "name", "path", "content_type", "body", "headers"), ROADS)
def test_a_small_request_is_acknowledged_while_a_large_one_is_looked_at(
    start: Callable[..., Running],
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    path: str,
    content_type: str,
    body: bytes,
    headers: Headers,
) -> None:
    door = start(catalog)
    looking, acknowledged = threading.Event(), threading.Event()
    real = getattr(module, name)

    def slow(*args: Any) -> Any:
        looking.set()
        assert acknowledged.wait(20), "nobody else was answered"
        return real(*args)

    monkeypatch.setattr(module, name, slow)
    with ThreadPoolExecutor(1) as sender, httpx.Client(base_url=door.client.base_url, timeout=30) as client:
        large = sender.submit(client.post, path, content=body, headers={"content-type": content_type, **headers(body)})
        assert looking.wait(10)
        assert door.post("/v1/traces", SMALL, PROTOBUF).status_code == 200
        acknowledged.set()
        assert large.result().status_code == 200
    assert len(door.records()) == 2


def test_protobuf_too(door: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.desk.PROTOBUF_LARGE_BYTES", 1000)
    threads: set[str] = set()

    def noted(*arguments: Any) -> Any:
        threads.add(threading.current_thread().name)
        return admit(*arguments)

    monkeypatch.setattr("collector.desk.admit", noted)
    assert door.post("/v1/traces", spans(count=20).SerializeToString(), PROTOBUF).status_code == 200
    assert door.post("/v1/traces", SMALL, PROTOBUF).status_code == 200
    assert len(threads) == 2, "the large one in a thread of its own, the small one on the loop"


def test_a_large_body_that_is_wrong_is_told_and_kept(door: Running) -> None:
    answer = door.post("/v1/events", b"[" * (aside.JSON_LARGE_BYTES + 1), ONE)
    assert (answer.status_code, bool(answer.json()["quarantine_id"])) == (400, True)


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
