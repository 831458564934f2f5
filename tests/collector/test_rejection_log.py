"""The log of rejections: one form for every road, nothing secret in it, and no flood that fills a disk."""

from __future__ import annotations

import hashlib
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from core.catalog.catalog import Catalog
from core.errors import Full
from core.rejection_log import LINES_PER_MINUTE
from core.signal import Lane
from core.telemetry import JsonFormatter, M
from tests.collector.conftest import Running
from tests.collector.http.test_webhooks import standard
from tests.collector.requests import PROTOBUF
from tests.waiting import wait_until

MARK = "do-not-log-me"
FIELDS = {"time", "level", "logger", "message", "event", "reason", "source", "peer", "size", "sha256_12", "quarantine_id"}


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """Return the lines of the log of rejections so far, as they are written."""
    caplog.set_level(logging.INFO)
    return lambda: [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "andon.rejections"]


def test_every_road_is_told_in_one_form(
    start: Callable[..., Running], catalog: Catalog, secrets: dict[str, str], told: Callable[[], list[dict[str, Any]]]
) -> None:
    collector = start(catalog)
    crm = {"authorization": f"Bearer {secrets['TOKEN_CRM']}"}
    body = MARK.encode()
    assert collector.post("/v1/traces", body, PROTOBUF, authorization=f"Bearer {MARK}").status_code == 401
    assert collector.post("/v1/events", body, "application/json", x_andon_token=MARK).status_code == 401
    assert collector.post("/v1/traces", body, f"text/{MARK}", **crm).status_code == 415
    assert collector.post("/v1/traces", body, PROTOBUF, content_encoding="br", **crm).status_code == 415
    kept = collector.post("/v1/events", body, "application/cloudevents+json", **crm).json()["quarantine_id"]
    assert collector.post(f"/v1/webhooks/{MARK}", body, "application/json").status_code == 404
    assert collector.post("/v1/webhooks/shop", body, "application/json", **standard(secrets["HOOK"], MARK, b"")).status_code == 401
    collector.post("/v1/webhooks/shop", body, "application/json", **standard(secrets["HOOK"], MARK, body))
    with grpc.insecure_channel(f"127.0.0.1:{collector.engine.grpc_port}") as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        for token in (MARK, secrets["TOKEN_CRM"]):
            with pytest.raises(grpc.RpcError):
                call(body, timeout=60, metadata=(("authorization", f"Bearer {token}"),))
    assert collector.client.get("/healthz", headers={"x": MARK * 2000}).status_code == 431
    with socket.create_connection(("127.0.0.1", collector.engine.http_port), timeout=5) as stranger:
        stranger.sendall(f"{MARK}\r\n\r\n".encode())
        assert b"400" in stranger.recv(1000)

    digest = hashlib.sha256(body).hexdigest()[:12]
    sized = {"size": len(body), "sha256_12": digest}
    unread = {"size": None, "sha256_12": ""}
    expected = [
        {"event": "rejected", "reason": "unauthenticated", "source": "", **unread},
        {"event": "rejected", "reason": "unauthenticated", "source": "", **unread},
        {"event": "rejected", "reason": "unsupported_type", "source": "crm", **unread},
        {"event": "rejected", "reason": "unsupported_encoding", "source": "crm", **sized},
        {"event": "quarantined", "reason": "bad_json:syntax", "source": "crm", **sized},
        {"event": "rejected", "reason": "unknown_source", "source": "", **sized},
        {"event": "rejected", "reason": "bad_signature:wrong", "source": "", **sized},
        {"event": "quarantined", "reason": "bad_json:syntax", "source": "shop", **sized},
        {"event": "rejected", "reason": "unauthenticated", "source": "", **unread},
        {"event": "quarantined", "reason": "bad_protobuf", "source": "crm", **sized},
        {"event": "rejected", "reason": "headers_too_large", "source": "", **unread},
        {"event": "rejected", "reason": "protocol_error", "source": "", **unread},
    ]
    lines = told()
    assert [{name: line[name] for name in expected[0]} for line in lines] == expected
    assert all(set(line) == FIELDS and line["peer"] == "127.0.0.1" for line in lines)
    assert [bool(line["quarantine_id"]) for line in lines] == [line["event"] == "quarantined" for line in lines]
    assert lines[4]["quarantine_id"] == kept
    text = json.dumps(lines)
    assert not [secret for secret in (MARK, *secrets.values()) if secret in text]


def test_who_was_told_that_there_is_no_room(
    start: Callable[..., Running], catalog: Catalog, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch, told: Callable[[], list[Any]]
) -> None:
    collector = start(catalog)

    async def full(*_: Any) -> None:
        raise Full("the journal has no room")

    monkeypatch.setattr(collector.engine._journal, "append", full)
    answer = collector.post("/v1/events", b"{}", "application/cloudevents+json", authorization=f"Bearer {secrets['TOKEN_CRM']}")
    assert answer.status_code == 503
    assert [(line["reason"], line["source"], line["size"]) for line in told()] == [("full", "crm", 2)]
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="crm", reason="full") == 1


def test_no_stranger_chooses_a_label(start: Callable[..., Running], catalog: Catalog, secrets: dict[str, str]) -> None:
    collector = start(catalog)
    for number in range(5):
        collector.post(f"/v1/webhooks/{MARK}-{number}", b"{}", "application/json")
        collector.post("/v1/traces", b"", f"text/{MARK}-{number}")
        collector.post("/v1/traces", b"", PROTOBUF, authorization=f"Bearer {MARK}-{number}", x_source=MARK)
        forged = standard(secrets["HOOK"], f"{MARK}-{number}", b"")
        collector.post("/v1/webhooks/shop", b"{}", "application/json", **forged)
    labels = {
        (sample.labels["source"], sample.labels["reason"])
        for family in collector.telemetry.registry.collect()
        for sample in family.samples
        if sample.name == M.REJECTED_REQUESTS.value.name
    }
    assert labels == {("", "unknown_source"), ("default", "unsupported_type"), ("", "unauthenticated"), ("", "bad_signature:wrong")}


def test_a_collector_tells_what_it_left_out_without_another_refusal(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, told: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr("collector.engine.FLUSH_SECONDS", 0.05)
    monkeypatch.setattr("core.rejection_log.MINUTE_SECONDS", 1.0)
    collector = start()
    for _ in range(LINES_PER_MINUTE + 3):
        collector.post("/v1/traces", b"", "text/plain")
    wait_until(lambda: any(line["event"] == "left_out" for line in told()), 20, "it says how many it left out")
    assert sum(line.get("count", 1) for line in told()) == LINES_PER_MINUTE + 3
    assert collector.records(Lane.STANDARD) == []
