"""A secret that cannot be read: its source alone is kept waiting, and only until it can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from core.catalog.catalog import Catalog
from core.catalog.source import Source, Webhook
from core.signal import Lane
from core.telemetry import M
from tests.collector.conftest import Running
from tests.collector.http.test_webhooks import standard
from tests.collector.requests import PROTOBUF, spans

BODY = spans(count=1).SerializeToString()
EVENT = b'{"type": "order.paid"}'
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def late(tmp_path: Path) -> Path:
    """A secret's file that others may read."""
    file = tmp_path / "late"
    file.write_text(f"{KEY}\n")
    file.chmod(0o644)
    return file


@pytest.fixture
def collector(start: Callable[..., Running], late: Path, catalog: Catalog) -> Running:
    """A collector that takes a changed catalog with two sources whose secret cannot be read; ``crm`` and ``shop`` are as before."""
    found = start(catalog)
    sources = [
        Source(source="erp", owner="it", lane=Lane.CRITICAL, tokens=[f"file:{late}"]),
        Source(source="portal", owner="it", webhook=Webhook(scheme="standard", secrets=[f"file:{late}", "env:OLD_HOOK"])),
    ]
    more = Catalog(sources={**catalog.sources, **{source.source: source for source in sources}})
    found.loop.call_soon_threadsafe(found.engine.reload, more)
    return found


def look(collector: Running) -> None:
    """Look for secrets as the process does every two seconds."""

    async def once() -> None:
        collector.engine.look_for_secrets()

    asyncio.run_coroutine_threadsafe(once(), collector.loop).result(60)


def send(collector: Running, token: str) -> int:
    return collector.post("/v1/traces", BODY, PROTOBUF, authorization=f"Bearer {token}").status_code


def deliver(collector: Running, source: str, delivery: str, secret: str) -> int:
    return collector.post(f"/v1/webhooks/{source}", EVENT, "application/json", **standard(secret, delivery, EVENT)).status_code


def test_its_source_is_told_to_come_again_and_the_others_send(collector: Running, late: Path, secrets: dict[str, str]) -> None:
    look(collector)
    answer = collector.post("/v1/traces", BODY, PROTOBUF, authorization=f"Bearer {KEY}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert b"secret of the catalog cannot be read" in answer.content
    assert deliver(collector, "portal", "msg_1", KEY) == 503
    assert deliver(collector, "portal", "msg_2", secrets["OLD_HOOK"]) == 200, "its other secret can be read"
    assert deliver(collector, "shop", "msg_3", KEY.replace("M", "N")) == 401, "all of its secrets can be read"
    assert send(collector, secrets["TOKEN_CRM"]) == 200
    assert collector.telemetry.value(M.SECRETS_UNREADABLE) == 2
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="secret_unreadable") == 2

    late.chmod(0o600)
    look(collector)
    assert send(collector, KEY) == 200
    assert deliver(collector, "portal", "msg_1", KEY) == 200
    assert send(collector, "a guess") == 401
    assert collector.telemetry.value(M.SECRETS_UNREADABLE) == 0
    assert [record.source for record in collector.records(Lane.CRITICAL)] == ["crm", "erp"]
    assert [record.source for record in collector.records()] == ["portal", "portal"]


def test_what_is_no_token_is_refused_all_the_same(collector: Running) -> None:
    look(collector)
    for authorization in ("Basic dXNlcjpwYXNz", "Bearer", ""):
        assert collector.post("/v1/traces", BODY, PROTOBUF, authorization=authorization).status_code == 401


def test_a_token_that_is_replaced_is_in_force_without_a_changed_catalog(collector: Running, late: Path) -> None:
    late.chmod(0o600)
    look(collector)
    assert send(collector, KEY) == 200
    late.write_text("another-token")
    look(collector)
    assert (send(collector, KEY), send(collector, "another-token")) == (401, 200)


def test_over_grpc_it_is_unavailable(collector: Running) -> None:
    look(collector)
    with grpc.insecure_channel(f"127.0.0.1:{collector.engine.grpc_port}") as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(EXPORT)(BODY, timeout=60, metadata=(("authorization", f"Bearer {KEY}"),))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "grpc-status-details-bin" in dict(caught.value.trailing_metadata())


def test_guessing_meanwhile_counts(collector: Running) -> None:
    look(collector)
    assert [send(collector, f"guess-{number}") for number in range(11)] == [503] * 11
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="secret_unreadable") == 10
    assert collector.telemetry.value(M.REJECTED_REQUESTS, source="", reason="auth_rate_limited") == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [("whsec_no base64", "must be base64"), ("whsec_", "write the key as base64"), ("whsec_\u00fcabc", "must be base64")],
)
def test_a_key_that_is_none_is_told(
    start: Callable[..., Running], late: Path, content: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    late.write_text(content)
    late.chmod(0o600)
    portal = Source(source="portal", owner="it", webhook=Webhook(scheme="standard", secrets=[f"file:{late}"]))
    collector = start(Catalog(sources={"portal": portal}))
    assert deliver(collector, "portal", "msg_1", KEY) == 503
    (told,) = [record for record in caplog.records if record.name == "andon.catalog"]
    error = vars(told)["fields"]["error"]
    assert error.startswith(f"source 'portal': secret file:{late}: ")
    assert why in error
