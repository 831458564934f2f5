"""Bytes that somebody gives become the records that the collector would make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from andon.preview.given import Given
from core.catalog.source import Source
from core.clock import SystemClock
from core.signal import Record, SignalKind

EVENT = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "a", "data": {"x": 1}}
QUEUE = {"receiver": {"type": "rabbitmq", "url": "env:X", "queue": "orders", "event_type": "shop.{queue}"}}
TABLE = {"receiver": {"type": "sql_table", "url": "env:X", "table": "vbak", "key": "id", "change": "at"}}
TOPICS = {"receiver": {"type": "mqtt", "url": "env:X", "topics": ["plant/line1", "plant/line2"]}}
SPAN = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "book", "startTimeUnixNano": "1"}


def records(body: object, **source: Any) -> list[Record]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Given(Source.model_validate({"source": "shop", "owner": "it", **source}), SystemClock()).records(text)


def events(body: object, **source: Any) -> list[tuple[str, str, Any]]:
    found = records(body, **source)
    assert {record.kind for record in found} == {SignalKind.EVENT}
    said = [json.loads(record.body) for record in found]
    return [(each["type"], each["source"], each.get("data")) for each in said]


@pytest.mark.parametrize(
    ("body", "source", "found"),
    [
        (EVENT, {}, [("a", "/shop", {"x": 1})]),
        ([EVENT, {**EVENT, "id": "2", "type": "b"}], {}, [("a", "/shop", {"x": 1}), ("b", "/shop", {"x": 1})]),
        ({"orderId": 7}, QUEUE, [("shop.orders", "/queues/orders", {"orderId": 7})]),
        (EVENT, QUEUE, [("a", "/shop", {"x": 1})]),
        ({"n": 1}, TOPICS, [("plant/line1", "/topics/plant/line1", {"n": 1})]),
        ({"id": 7}, TABLE, [("vbak.changed", "/tables/vbak", {"id": 7})]),
        (b'{"n": 1}\n{"n": 2}\n', {**QUEUE, "format": "json_lines"}, [("shop.orders", "/queues/orders", {"n": n}) for n in (1, 2)]),
        ({"type": "paid", "n": 1}, {"webhook": {"scheme": "standard", "secrets": ["env:X"]}}, [("webhook.paid", "/shop", {"type": "paid", "n": 1})]),
        ([1, 2], QUEUE, [("shop.orders", "/queues/orders", [1, 2])]),
    ],
)  # fmt: skip
def test_events_are_made_as_the_source_makes_them(body: object, source: dict[str, Any], found: list[tuple[str, str, Any]]) -> None:
    assert events(body, **source) == found


def test_otlp_is_taken_as_otlp() -> None:
    (record,) = records({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN, {**SPAN, "spanId": "b7ad6b7169203332"}]}]}]})
    assert (record.kind, record.count) == (SignalKind.TRACES, 2)
    (record,) = records({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "said"}}]}]}]})
    assert (record.kind, record.count) == (SignalKind.LOGS, 1)


def test_what_cannot_be_used_is_told_with_its_reason() -> None:
    (bad,) = records({"specversion": "1.0", "id": "4"})
    (broken,) = records({"resourceSpans": [{"scopeSpans": "none"}]})
    assert [record.kind for record in (bad, broken)] == [SignalKind.QUARANTINE] * 2
    assert [json.loads(record.detail)["reason"] for record in (bad, broken)] == ["bad_cloudevent", "bad_json:type"]


def test_the_bytes_of_a_log_file_are_log_records() -> None:
    receiver = {"type": "log_file", "path": "/var/log/erp", "first_line": "^[A-Z]"}
    (record,) = records(b"ERROR order 4711\n  at post\nINFO order 4712\n", receiver=receiver)
    assert (record.kind, record.count) == (SignalKind.LOGS, 2)


def test_what_the_source_redacts_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDACTION_KEY", "a key")
    (record,) = records({**EVENT, "data": {"to": "hans@example.com"}}, redact={"key": "env:REDACTION_KEY", "replace": "remove"})
    assert json.loads(record.body)["data"] == {"to": "[email]"}
