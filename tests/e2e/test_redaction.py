"""Personal data that came on every road is found nowhere: not in the journal, the store, the quarantine or the logs."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import ParseDict

from collector.otlp.requests import REQUESTS
from core.signal import SignalKind
from tests import plain_http
from tests.collector.http.test_webhooks import standard
from tests.product import Product, running
from tests.waiting import wait_until

HOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = ("canary.person", "DE89370400440532013000", "4111111111111111", "49891234567", "canary-password", "Canary Name")
WORDS = "canary.person@example.com DE89370400440532013000 4111111111111111 +49891234567 password=canary-password"
DATA = {"order": "4711", "name": "Canary Name", "note": WORDS, "password": "canary-password"}
RULES = {"key": "env:REDACTION_KEY", "paths": ["data.name", "attributes.name", "body.name"]}
BAD_TEXT = "of canary.person@example.com"


def event(number: int, **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": str(number), "source": "/shop", "type": "shop.order", "data": DATA, **more}


def sources(folder: Path) -> Iterator[dict[str, Any]]:
    yield {"source": "pushed", "tokens": ["env:PUSH_TOKEN"]}
    yield {"source": "hooks", "webhook": {"scheme": "standard", "secrets": ["env:HOOK"]}}
    yield {
        "source": "files",
        "receiver": {"type": "folder", "path": str(folder / "in"), "still_seconds": 0, "poll_seconds": 0.2},
        "format": "json_lines",
    }
    yield {"source": "lines", "receiver": {"type": "log_file", "path": str(folder / "logs"), "poll_seconds": 0.2}}


def write_catalog(folder: Path) -> None:
    for name in ("catalog/sources", "in", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "catalog" / "owners.yaml").write_text("owners: {it: {title: IT}}\n")
    for source in sources(folder):
        written = {**source, "owner": "it", "redact": RULES}
        (folder / "catalog" / "sources" / f"{source['source']}.yaml").write_text(yaml.safe_dump(written))


def attributes(values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in values.items()]


def requests() -> Iterator[tuple[str, str, bytes, dict[str, str], int]]:
    """Yield path, content type, body, more headers and the status that is answered."""
    now = str(time.time_ns())
    said = attributes(DATA)
    span = {
        "traceId": "dHR0dHR0dHR0dHR0dHR0dA==",
        "spanId": "c3Nzc3Nzc3M=",
        "name": "book",
        "startTimeUnixNano": now,
        "endTimeUnixNano": now,
        "attributes": said,
    }
    log = {"timeUnixNano": now, "body": {"kvlistValue": {"values": said}}, "attributes": said}
    point = {"asInt": "1", "timeUnixNano": now, "attributes": said}
    traces = {"resourceSpans": [{"scopeSpans": [{"spans": [span, {**span, "spanId": ""}]}]}]}  # the second has no id
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}
    metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": [point]}}]}]}]}
    for kind, request in ((SignalKind.TRACES, traces), (SignalKind.LOGS, logs), (SignalKind.METRICS, metrics)):
        body = ParseDict(request, REQUESTS[kind]()).SerializeToString()
        yield f"/v1/{kind.value}", "application/x-protobuf", body, {}, 200
        yield f"/v1/{kind.value}", "application/x-protobuf", gzip.compress(body + BAD_TEXT.encode()), {"content-encoding": "gzip"}, 400
        yield f"/v1/{kind.value}", "application/json", json.dumps({"note": BAD_TEXT}).encode(), {}, 200
    structured = "application/cloudevents+json"
    yield "/v1/events", structured, json.dumps(event(1, subject="canary.person@example.com")).encode(), {}, 200
    yield "/v1/events", structured, json.dumps(event(2, time=BAD_TEXT)).encode(), {}, 400
    yield "/v1/events", structured, json.dumps(event(3)).encode()[:-20] + BAD_TEXT.encode(), {}, 400
    batch = [event(4), {**event(5), "type": ""}]
    yield "/v1/events", "application/cloudevents-batch+json", json.dumps(batch).encode(), {}, 200
    binary = {"ce-specversion": "1.0", "ce-id": "6", "ce-source": "/shop", "ce-type": "shop.order", "ce-user": "canary.person@example.com"}
    yield "/v1/events", "application/json", json.dumps(DATA).encode(), binary, 200
    yield "/v1/events", "application/json", json.dumps(DATA).encode(), {**binary, "ce-time": BAD_TEXT}, 400


def everything(product: Product) -> Iterator[tuple[str, str]]:
    """Yield what every column of every table of the store holds, as text."""
    for (table,) in product.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"):
        for row in product.query(f"SELECT toString(tuple(*)) FROM {table}"):
            yield table, row[0]


@pytest.mark.slow
def test_what_is_redacted_is_found_nowhere(tmp_path: Path) -> None:
    write_catalog(tmp_path)
    environment = {"REDACTION_KEY": "a key", "PUSH_TOKEN": "push-token-0123456789", "HOOK": HOOK}
    product = Product(tmp_path / "data", tmp_path / "catalog", environment)
    with running(product, "collect", "engine"):
        token = {"authorization": "Bearer push-token-0123456789"}
        for path, content_type, body, more, status in requests():
            answer = plain_http.post(
                product.collector_url + path, content=body, headers={"content-type": content_type, **token, **more}, timeout=30
            )
            assert answer.status_code == status, (path, content_type, answer.text)
        delivery = json.dumps({"type": "paid", **DATA}).encode()
        for number, body in enumerate((delivery, delivery[:-5] + BAD_TEXT.encode())):
            headers = {"content-type": "application/json", **standard(HOOK, f"m{number}", body)}
            plain_http.post(f"{product.collector_url}/v1/webhooks/hooks", content=body, headers=headers, timeout=30)
        (tmp_path / "in" / ".a").write_text(json.dumps(DATA) + "\n" + json.dumps(DATA)[:-3] + BAD_TEXT + "\n")
        (tmp_path / "in" / ".a").rename(tmp_path / "in" / "a.jsonl")
        (tmp_path / "logs" / "erp.log").write_text(f"order 4711 of {WORDS}\n{json.dumps(DATA)}\n{WORDS} {'x' * 70_000}\n")

        def loaded() -> list[tuple[Any, ...]]:
            return product.query(
                "SELECT source, kind, count() FROM (SELECT source, 'event' AS kind FROM events FINAL UNION ALL SELECT source, 'log' FROM logs FINAL"
                " UNION ALL SELECT source, 'span' FROM spans FINAL UNION ALL SELECT source, 'quarantine' FROM quarantine FINAL) WHERE source != 'andon'"
                " GROUP BY ALL ORDER BY ALL"
            )

        wanted = [
            ("files", "event", 1), ("files", "quarantine", 1), ("hooks", "event", 1), ("hooks", "quarantine", 1), ("lines", "log", 2),
            ("lines", "quarantine", 1), ("pushed", "event", 3), ("pushed", "log", 1), ("pushed", "quarantine", 11), ("pushed", "span", 1),
        ]  # fmt: skip
        wait_until(lambda: loaded() == wanted, 60, f"all is loaded: {loaded()}")
        rows = list(everything(product))
        assert sum("4711" in text for _, text in rows) >= 8
        assert [(table, text) for table, text in rows for secret in SECRETS if secret.lower() in text.lower()] == []
    found = {
        (str(file.relative_to(tmp_path)), secret)
        for file in (tmp_path / "data").rglob("*")
        if file.is_file()
        for secret in SECRETS
        if secret.encode() in file.read_bytes()
    }
    assert found == set()
