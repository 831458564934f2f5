"""What a page in somebody's browser can send to the collector's port, under a name of its own or from an origin of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from core.telemetry import M
from tests.collector.conftest import Running
from tests.collector.http.test_protocol import statuses, talk

EVENT = b'{"specversion":"1.0","id":"1","source":"/a","type":"t"}'
TYPE = b"content-type: application/cloudevents+json\r\n"
POST = b"POST /v1/events HTTP/1.1\r\n"
END = b"content-length: %d\r\n\r\n%s" % (len(EVENT), EVENT)


@pytest.mark.parametrize(
    "head",
    [
        POST + b"host: evil.example\r\n" + TYPE + END,
        POST + b"host: evil.example:4318\r\n" + TYPE + END,
        POST + b"host:\r\n" + TYPE + END,
        POST + b"host: 0.0.0.0\r\n" + TYPE + END,
        b"POST http://evil.example/v1/events HTTP/1.1\r\nhost: localhost\r\n" + TYPE + END,
        b"POST http://localhost/v1/events HTTP/1.1\r\nhost: evil.example\r\n" + TYPE + END,
        b"POST http://localhost@evil.example/v1/events HTTP/1.1\r\nhost: localhost\r\n" + TYPE + END,
        b"GET /metrics HTTP/1.1\r\nhost: evil.example\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: evil.example\r\n\r\n",
        b"GET /healthz HTTP/1.0\r\nhost: evil.example\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: evil.example\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\r\n",
    ],
)
def test_a_name_that_is_not_ours_is_refused(collector: Running, caplog: pytest.LogCaptureFixture, head: bytes) -> None:
    with caplog.at_level(logging.INFO, "andon.rejections"):
        answer = talk(collector, head)
    assert statuses(answer) == [421]
    assert b"is not a name of this Andon; add it to the setting allowed_hosts" in answer
    assert b"connection: close\r\n" in answer
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="foreign_host") == 1
    assert [record.fields["reason"] for record in caplog.records if record.name == "andon.rejections"] == ["foreign_host"]  # type: ignore[attr-defined]  # set by the log's extra
    assert collector.records() == []


@pytest.mark.parametrize(
    "origins", [[b"https://evil.example"], [b"null"], [b"http://127.0.0.1:1"], [b"http://localhost", b"http://localhost"]]
)
def test_a_page_of_another_origin_is_refused(collector: Running, origins: list[bytes]) -> None:
    lines = b"".join(b"origin: %s\r\n" % origin for origin in origins)
    answer = talk(collector, POST + b"host: localhost\r\n" + lines + TYPE + END)
    assert statuses(answer) == [403]
    assert b"set public_url" in answer
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="foreign_origin") == 1
    assert collector.records() == []


@pytest.mark.parametrize(
    "head",
    [
        POST + b"host: LocalHost.:4318\r\n" + TYPE + END,
        POST + b"host: [::1]\r\n" + TYPE + END,
        POST + b"host: localhost:4318\r\norigin: http://localhost:4318\r\n" + TYPE + END,
        b"POST http://127.0.0.1:4318/v1/events HTTP/1.1\r\nhost: localhost\r\n" + TYPE + END,
        b"POST /v1/events HTTP/1.0\r\n" + TYPE + END,  # no page leaves the name out
    ],
)
def test_our_own_names_are_taken(collector: Running, head: bytes) -> None:
    assert statuses(talk(collector, head)) == [200]
    assert [record.body for record in collector.records()] == [EVENT]


def test_senders_use_the_names_of_the_settings_and_of_the_certificate(
    start: Callable[..., Running], certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.http.hosts.certificate_names", lambda _: ["erp.example.com"])
    collector = start(
        tls_certificate=certificate[0], tls_key=certificate[1], allowed_hosts="otel.example.com", public_url="https://andon.example.com"
    )
    with httpx.Client(base_url=f"https://127.0.0.1:{collector.engine.http_port}", verify=False) as client:
        for name in ("erp.example.com", "otel.example.com", "andon.example.com", "127.0.0.1"):
            assert client.get("/healthz", headers={"host": name}).status_code == 200, name
        assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 421
