"""Bytes that somebody gives become the records that the collector would make of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from andon.plugins import formats
from andon.preview.given import Given
from collector.files.known import KnownFiles
from collector.files.reader import FileReader
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from collector.receivers.folder import FolderSettings, LocalFolder
from core.catalog.source import Source
from core.clock import SystemClock
from core.errors import UsageError
from core.signal import Receipt, Record, SignalKind
from core.telemetry import Telemetry

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


def test_a_file_is_read_as_its_running_receiver_reads_it(tmp_path: Path) -> None:
    """The same event, id included, so that it can be found by what the preview says."""
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "orders.csv"
    file.write_text("order;total\n4711;5\n4712;6\n")
    receiver = {"type": "folder", "path": str(tmp_path), "recursive": True}
    source = Source.model_validate({"source": "shop", "owner": "it", "receiver": receiver, "format": {"type": "csv", "delimiter": ";"}})
    given = Given(source, SystemClock(), str(file)).records(file.read_bytes())
    taken: list[Record] = []

    class Taking:
        async def accept(self, records: Sequence[Record]) -> list[Receipt]:
            taken.extend(records)
            return []

    async def run() -> None:
        reader = formats()["csv"].reader({"type": "csv", "delimiter": ";"})
        context = ReceiverContext(source, Taking(), SystemClock(), Telemetry(), tmp_path / "state", reader)
        settings = parse_settings(FolderSettings, receiver | {"still_seconds": 0})
        known = KnownFiles(tmp_path / "state", receiver["path"])
        await FileReader(context, settings, LocalFolder(str(tmp_path), recursive=True), known).look()

    (tmp_path / "state").mkdir()
    asyncio.run(run())
    running = [json.loads(record.body) for record in taken if b"orders.csv" in record.body]
    assert len(running) == 2
    assert [json.loads(record.body) for record in given] == running
    assert {event["source"] for event in running} == {f"/folders/{tmp_path.name}"}


def test_what_a_broker_says_beside_the_body_can_be_given() -> None:
    source = Source.model_validate({"source": "shop", "owner": "it", **TOPICS})
    levelled = Source.model_validate(
        {"source": "shop", "owner": "it", "receiver": {**TOPICS["receiver"], "levels": ["", "line"], "event_type": "mes.{headers.kind}"}}
    )
    (record,) = Given(levelled, SystemClock(), headers={"kind": "done"}, place={"topic": "plant/line7"}).records(b'{"n": 1}')
    event = json.loads(record.body)
    assert (event["type"], event["source"], event["line"], event["kind"]) == ("mes.done", "/topics/plant/line7", "line7", "done")
    headers = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/x", "ce_type": "a", "content-type": "application/json"}
    (record,) = Given(source, SystemClock(), headers=headers).records(b'{"n": 1}')
    assert json.loads(record.body)["type"] == "a"
    with pytest.raises(UsageError, match="source 'shop' has no place 'queue' \\(only topic\\)"):
        Given(source, SystemClock(), place={"queue": "x"}).records(b"{}")


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


def test_the_bytes_of_a_connection_of_syslog_are_log_records() -> None:
    (record,) = records(b"<14>1 - - - - - - order 4711\n<14>order 4712", receiver={"type": "syslog", "port": 6514})
    assert (record.kind, record.count) == (SignalKind.LOGS, 2)


def test_what_the_source_redacts_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDACTION_KEY", "a key")
    (record,) = records({**EVENT, "data": {"to": "hans@example.com"}}, redact={"key": "env:REDACTION_KEY", "replace": "remove"})
    assert json.loads(record.body)["data"] == {"to": "[email]"}
