"""OTLP over HTTP: what is taken, what is refused, and what is kept of it."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from core.catalog.catalog import Catalog
from core.signal import SignalKind
from tests.collector.conftest import Running
from tests.collector.requests import PROTOBUF, START, spans


def quarantined(collector: Running) -> list[tuple[dict[str, Any], bytes]]:
    return [(json.loads(record.detail), record.body) for record in collector.records() if record.kind is SignalKind.QUARANTINE]


def test_bytes_reach_the_journal_as_they_came(collector: Running) -> None:
    body = spans(count=3).SerializeToString()
    answer = collector.post("/v1/traces", body, PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, PROTOBUF, b"")
    (record,) = collector.records()
    assert (record.kind, record.source, record.count, record.body) == (SignalKind.TRACES, "default", 3, body)
    assert collector.balance() == (3, 3, 0)


def nested(kind: str, depth: int) -> AnyValue:
    value = AnyValue(string_value="x")
    for _ in range(depth):
        inner = (
            {"array_value": ArrayValue(values=[value])}
            if kind == "array"
            else {"kvlist_value": KeyValueList(values=[KeyValue(value=value)])}
        )
        value = AnyValue(**inner)
    return value


@pytest.mark.parametrize(("kind", "most", "most_in_json"), [("array", 47, 18), ("kvlist", 31, 13)])
def test_a_value_nested_too_deeply_costs_the_request_which_is_kept(collector: Running, kind: str, most: int, most_in_json: int) -> None:
    """The figures of docs/operating.md."""
    bodies = []
    for depth in (most, most + 1):
        request = spans(count=1)
        request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="deep").value.CopyFrom(nested(kind, depth))
        bodies.append(request.SerializeToString())
    assert [collector.post("/v1/traces", body, PROTOBUF).status_code for body in bodies] == [200, 400]
    assert [kept for _, kept in quarantined(collector)] == bodies[1:]
    for depth, status in ((most_in_json, 200), (most_in_json + 1, 400)):
        value: dict[str, Any] = {"stringValue": "x"}
        for _ in range(depth):
            value = {"arrayValue": {"values": [value]}} if kind == "array" else {"kvlistValue": {"values": [{"key": "", "value": value}]}}
        span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "n", "startTimeUnixNano": str(START), "endTimeUnixNano": str(START)}
        span["attributes"] = [{"key": "deep", "value": value}]
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
        assert collector.post("/v1/traces", body, "application/json").status_code == status


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/grpc", "application/xml"])
def test_wrong_content_type(collector: Running, content_type: str) -> None:
    answer = collector.post("/v1/traces", b"x", content_type)
    assert (answer.status_code, answer.json()["field"]) == (415, "content-type")


def test_nothing_is_fine(collector: Running) -> None:
    assert collector.post("/v1/traces", b"", PROTOBUF).status_code == 200
    assert collector.post("/v1/logs", b"{}", "application/json").json() == {}
    assert collector.post("/v1/metrics", b"", "application/json").status_code == 200
    assert collector.records() == []


def test_a_body_just_over_the_limit_is_refused(collector: Running) -> None:
    limit = 20 << 20
    assert collector.post("/v1/traces", bytes(limit + 1), PROTOBUF).status_code == 413
    assert collector.post("/v1/traces", bytes(limit), PROTOBUF).status_code == 400
    answer = collector.client.post("/v1/traces", content=(bytes(1 << 20) for _ in range(21)), headers={"content-type": PROTOBUF})
    assert answer.status_code == 413
    (detail, kept) = quarantined(collector)[0]
    assert (len(kept), detail["size_bytes"]) == (64 << 10, str(limit))


def test_unusable_protobuf_is_answered_as_status_and_kept(collector: Running) -> None:
    good = spans(count=2).SerializeToString()
    for body in (b"\xff\xff", good[:-3], b"hello", b"\x0a\x80"):
        answer = collector.post("/v1/traces", body, PROTOBUF)
        assert answer.status_code == 400
        status = Status.FromString(answer.content)
        assert status.code == 3
        detail, kept = quarantined(collector)[-1]
        assert detail["quarantine_id"] in status.message
        assert (detail["reason"], kept) == ("bad_protobuf", body)
    received, acknowledged, refused = collector.balance()
    assert received == acknowledged + refused == 4


def test_random_bytes_never_get_a_server_error(collector: Running) -> None:
    generator = random.Random(7)
    good = spans(count=2).SerializeToString()
    for _ in range(300):
        body = bytearray(good)
        for _ in range(generator.randint(1, 6)):
            body[generator.randrange(len(body))] = generator.randrange(256)
        assert collector.post("/v1/traces", bytes(body[: generator.randint(1, len(body))]), PROTOBUF).status_code in {200, 400}
    received, acknowledged, refused = collector.balance()
    assert received == acknowledged + refused


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"trace_id": bytes(16)}, "otlp_bad_id"),
        ({"trace_id": b"short"}, "otlp_bad_id"),
        ({"span_id": bytes(8)}, "otlp_bad_id"),
        ({"span_id": b""}, "otlp_bad_id"),
        ({"span_id": b"123456789"}, "otlp_bad_id"),
        ({"start_time_unix_nano": 0}, "otlp_bad_time"),
        ({"start_time_unix_nano": 16_725_225_600_000_000_000}, "otlp_bad_time"),
        ({"end_time_unix_nano": 2**64 - 1}, "otlp_bad_time"),
    ],
)
def test_a_bad_record_costs_only_itself(collector: Running, bad: dict[str, Any], reason: str) -> None:
    request = spans({"name": "before"}, bad, {"name": "after"})
    answer = collector.post("/v1/traces", request.SerializeToString(), PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 1)
    good = ExportTraceServiceRequest.FromString(collector.records()[0].body)
    assert [span.name for span in good.resource_spans[0].scope_spans[0].spans] == ["before", "after"]
    ((detail, kept),) = quarantined(collector)
    assert detail["reason"] == reason
    assert detail["quarantine_id"] in partial.error_message
    kept_request = ExportTraceServiceRequest.FromString(kept)
    assert kept_request.resource_spans[0].scope_spans[0].spans[0] == request.resource_spans[0].scope_spans[0].spans[1]
    assert kept_request.resource_spans[0].resource == request.resource_spans[0].resource
    assert collector.balance() == (3, 3, 0)


@pytest.mark.parametrize("count", [10_001, 120_000])
def test_a_request_may_hold_as_many_records_as_its_bytes_allow(collector: Running, count: int) -> None:
    """A gateway that gathers without a limit sends this, and sends nothing again that was taken in part."""
    assert collector.post("/v1/traces", spans(count=count).SerializeToString(), PROTOBUF).content == b""
    assert sum(record.count for record in collector.records()) == count
    assert max(len(record.body) for record in collector.records()) < 1 << 20


@pytest.mark.parametrize("path", ["/v1/traces/", "/v1/logs/", "/v1/metrics/"])
def test_a_slash_at_the_end_is_no_other_path(collector: Running, path: str) -> None:
    assert collector.post(path, b"", PROTOBUF).status_code == 200


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/v1/traces/v1/traces", "so that /v1/traces follows the port at once"),
        ("/otlp/v1/logs", "so that /v1/logs follows the port at once"),
        ("/", "send to /v1/traces, /v1/logs, /v1/metrics, /v1/events, /v1/documents/SOURCE, /v1/webhooks/SOURCE"),
    ],
)
def test_a_path_that_nothing_takes_is_counted_and_says_which_to_use(collector: Running, path: str, hint: str) -> None:
    answer = collector.post(path, spans(count=1).SerializeToString(), PROTOBUF)
    assert (answer.status_code, answer.json()["field"]) == (404, "path")
    assert hint in answer.json()["what_to_do"]
    assert 'andon_rejected_requests_total{reason="unknown_path",source=""} 1.0' in collector.client.get("/metrics").text


def test_too_many_attributes_and_characters(collector: Running) -> None:
    request = spans({}, {})
    first, second = request.resource_spans[0].scope_spans[0].spans
    for number in range(129):
        first.attributes.add(key=f"attribute.{number}").value.string_value = "some value"
    second.attributes.add(key="long").value.string_value = "ä" * (1 << 20)
    collector.post("/v1/traces", request.SerializeToString(), PROTOBUF)
    kept, bad = collector.records()[-2:]
    (span,) = ExportTraceServiceRequest.FromString(kept.body).resource_spans[0].scope_spans[0].spans
    assert [(a.key, len(a.value.string_value.encode())) for a in span.attributes] == [("long", 64 << 10), ("andon.shortened", 4)]
    assert json.loads(bad.detail)["reason"] == "otlp_too_many_attributes"


def test_head_limits(collector: Running) -> None:
    many = {f"x-{number}": "1" for number in range(120)}
    assert collector.client.post("/v1/traces", headers=many).status_code == 431
    assert collector.client.post("/v1/traces", headers={"x": "y" * 17_000}).status_code == 431
    assert collector.client.post("/v1/traces?" + "y" * 9_000).status_code == 431


def test_a_slow_head_is_ended(collector: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.server.HEAD_READ_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", collector.engine.http_port)) as slow:
        slow.settimeout(5)
        slow.sendall(b"POST /v1/traces HTTP/1.1\r\nhost:")
        assert b"408" in slow.recv(100)


def test_a_slow_body_is_ended(collector: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.body.READ_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", collector.engine.http_port)) as slow:
        slow.settimeout(5)
        slow.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\nabc"
        )
        assert b"408" in slow.recv(100)


def test_where_others_reach_the_collector_its_metrics_are_not_for_them(
    start: Callable[..., Running], catalog: Catalog, certificate: tuple[Path, Path]
) -> None:
    collector = start(catalog, host="0.0.0.0", tls_certificate=certificate[0], tls_key=certificate[1])
    with httpx.Client(base_url=f"https://127.0.0.1:{collector.engine.http_port}", verify=False) as client:
        refused = client.get("/metrics")
        assert (refused.status_code, client.get("/healthz").status_code) == (403, 200)
        assert "set metrics_token" in refused.text
        assert refused.headers["x-content-type-options"] == "nosniff"


def test_metrics_want_the_token(start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDON_TEST_SCRAPE", "scr4pe")
    collector = start(metrics_token="env:ANDON_TEST_SCRAPE")
    assert [collector.client.get("/metrics", headers={"authorization": f"Bearer {token}"}).status_code for token in ("x", "scr4pe")] == [
        401,
        200,
    ]
    assert collector.client.get("/metrics").status_code == 401
    assert collector.client.get("/healthz").status_code == 200


def test_operating_pages(collector: Running) -> None:
    assert collector.client.get("/healthz").json() == {"status": "ok"}
    assert collector.client.get("/readyz").json() == {"ready": True, "problems": []}
    collector.post("/v1/traces", spans(count=3).SerializeToString(), PROTOBUF)
    metrics = collector.client.get("/metrics").text
    assert 'andon_acknowledged_signals_total{kind="traces",lane="standard"} 3.0' in metrics
    assert 'andon_journal_bytes{lane="standard"}' in metrics
    assert START
