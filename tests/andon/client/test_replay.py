"""Input that a defect kept out goes in by one command once the defect is gone, on every road, as its sender sent it."""

from __future__ import annotations

import gzip
import hmac
import json
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import grpc
import httpx
import pytest
from backports import zstd
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from andon.client.replay import Replayer
from collector.ingest.handler import IngestHandler
from collector.rejection import unusable
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.clock import SystemClock
from core.errors import AndonError
from core.signal import Lane, SignalKind
from store.client import Store
from tests.collector.conftest import Running, catalog, running, secrets
from tests.collector.http.test_webhooks import standard
from tests.collector.requests import PROTOBUF, spans
from tests.store.journals import loader_on

__all__ = ["catalog", "secrets"]
EVENT = {"specversion": "1.0", "id": "1", "source": "/crm", "type": "t", "data": {"order": 1}}
TRACES = spans(count=2).SerializeToString()
LOGS = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1774000000000000000", "body": {"stringValue": "x"}}]}]}]}
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
BINARY = {"ce-specversion": "1.0", "ce-id": "2", "ce-source": "/crm", "ce-type": "t"}
Road = tuple[str, dict[str, str], bytes]


def metrics() -> bytes:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    metric.gauge.data_points.add(time_unix_nano=1_774_000_000_000_000_000, as_int=1)
    return request.SerializeToString()


def github(secret: str, delivery: str, body: bytes) -> dict[str, str]:
    signature = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    return {"x-hub-signature-256": signature, "x-github-delivery": delivery, "x-github-event": "push"}


def zipped(body: bytes) -> bytes:
    return gzip.compress(body)


ROADS: dict[str, Road] = {
    "traces": ("/v1/traces", {"content-type": PROTOBUF}, TRACES),
    "traces, gzip": ("/v1/traces", {"content-type": PROTOBUF, "content-encoding": "gzip"}, zipped(TRACES)),
    "logs, JSON": ("/v1/logs", {"content-type": "application/json"}, json.dumps(LOGS).encode()),
    "metrics, zstd": ("/v1/metrics", {"content-type": PROTOBUF, "content-encoding": "zstd"}, zstd.compress(metrics())),
    "event": ("/v1/events", {"content-type": STRUCTURED}, json.dumps(EVENT).encode()),
    "batch, gzip": ("/v1/events", {"content-type": BATCH, "content-encoding": "gzip"}, zipped(json.dumps([EVENT, EVENT]).encode())),
    "binary event": ("/v1/events", {"content-type": "application/json", **BINARY}, b'{"order": 2}'),
}


class Installation:
    """A collector that wants tokens and TLS, and the store its journal is loaded into."""

    def __init__(self, collector: Running, store: Store, certificate: Path, token: str) -> None:
        self.collector, self.store = collector, store
        self.client = httpx.Client(
            base_url=f"https://localhost:{collector.engine.http_port}",
            verify=ssl.create_default_context(cafile=certificate),
            headers={"authorization": f"Bearer {token}"},
        )
        self.settings = collector.settings.model_copy(update={"http_port": collector.engine.http_port, "host": "127.0.0.1"})

    def load(self) -> list[str]:
        """Load the journal; return the ids in quarantine, the newest first."""
        loader = loader_on(self.store, self.collector.settings)
        while loader.load().slices:
            pass
        loader.close()
        return [row["quarantine_id"] for row in self.store.rows("SELECT quarantine_id FROM quarantine FINAL ORDER BY received_at DESC")]

    def replayer(self, catalog: Catalog, token: str | None = None) -> Replayer:
        return Replayer(self.store.reader, self.settings, catalog, SystemClock(), token)


@pytest.fixture
def installation(
    tmp_path: Path, store: Store, catalog: Catalog, certificate: tuple[Path, Path], secrets: dict[str, str]
) -> Iterator[Installation]:
    with running(tmp_path, catalog, host="0.0.0.0", tls_certificate=certificate[0], tls_key=certificate[1]) as collector:
        found = Installation(collector, store, certificate[0], secrets["TOKEN_CRM"])
        yield found
        found.client.close()  # an idle TLS client is waited for when the server ends


@pytest.fixture
def defect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The collector takes nothing for usable, until what this yields is called."""

    def refuse(*_: Any) -> None:
        raise unusable("bad_protobuf", "a defect of ours")

    with monkeypatch.context() as patch:
        for taking in ("take_otlp", "event_record"):
            patch.setattr(IngestHandler, taking, refuse)
        yield patch.undo


@pytest.mark.parametrize("road", ROADS)
def test_what_came_over_http_goes_in_again(installation: Installation, catalog: Catalog, defect: Callable[[], None], road: str) -> None:
    path, headers, body = ROADS[road]
    answer = installation.client.post(path, content=body, headers=headers)
    assert answer.status_code == 400
    (kept,) = installation.load()
    defect()

    assert installation.client.post(path, content=body, headers=headers).status_code == 200
    sent = [(record.kind, record.source, record.body) for record in installation.collector.records(Lane.CRITICAL)][1:]
    assert installation.replayer(catalog).replay(kept) == f"{kept}: accepted"
    again = [(record.kind, record.source, record.body) for record in installation.collector.records(Lane.CRITICAL)][1 + len(sent) :]
    assert again == sent
    assert {source for _, source, _ in sent} == {"crm"}


def test_what_came_over_grpc_goes_in_again(
    installation: Installation, catalog: Catalog, certificate: tuple[Path, Path], secrets: dict[str, str], defect: Callable[[], None]
) -> None:
    credentials = grpc.ssl_channel_credentials(certificate[0].read_bytes())
    with grpc.secure_channel(f"localhost:{installation.collector.engine.grpc_port}", credentials) as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError):
            call(TRACES, timeout=60, metadata=(("authorization", f"Bearer {secrets['TOKEN_CRM']}"),))
    (kept,) = installation.load()
    defect()
    assert installation.replayer(catalog).replay(kept) == f"{kept}: accepted"
    assert [record.body for record in installation.collector.records(Lane.CRITICAL) if record.kind is SignalKind.TRACES] == [TRACES]


@pytest.mark.parametrize("source", ["shop", "repo"])
def test_a_webhook_is_signed_anew(
    installation: Installation, catalog: Catalog, secrets: dict[str, str], defect: Callable[[], None], source: str
) -> None:
    body = zipped(b'{"type": "order.paid"}')
    headers = standard(secrets["OLD_HOOK"], "msg_1", body, time.time() - 200) if source == "shop" else github(secrets["GITHUB"], "d1", body)
    answer = installation.client.post(
        f"/v1/webhooks/{source}", content=body, headers={"content-type": "application/json", "content-encoding": "gzip", **headers}
    )
    assert answer.status_code == 400
    (kept,) = installation.load()
    defect()
    assert installation.replayer(catalog).replay(kept) == f"{kept}: accepted"
    (record,) = [record for lane in Lane for record in installation.collector.records(lane) if record.kind is SignalKind.EVENT]
    assert (record.source, json.loads(record.body)["id"]) == (source, "msg_1" if source == "shop" else "d1")


def test_one_bad_event_of_a_batch_is_kept_as_an_event_of_its_own(installation: Installation, catalog: Catalog) -> None:
    path, headers, _ = ROADS["batch, gzip"]
    answer = installation.client.post(path, content=zipped(json.dumps([EVENT, {**EVENT, "id": ""}]).encode()), headers=headers)
    assert answer.json()["accepted"] == 1
    (kept,) = installation.load()
    with pytest.raises(AndonError, match=rf"^{kept}: rejected again \(400\): the attribute 'id' is missing.*; kept as q_"):
        installation.replayer(catalog).replay(kept)


def test_bad_spans_are_kept_as_a_request_of_their_own(installation: Installation, catalog: Catalog) -> None:
    _, headers, _ = ROADS["traces, gzip"]
    body = zipped(spans({}, {"span_id": b""}).SerializeToString())
    assert installation.client.post("/v1/traces", content=body, headers=headers).status_code == 200
    (kept,) = installation.load()
    with pytest.raises(AndonError, match=f"^{kept}: partly rejected again: "):
        installation.replayer(catalog).replay(kept)


def test_the_credential_is_asked_for_and_never_shown(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, defect: Callable[[], None], secrets: dict[str, str]
) -> None:
    path, headers, body = ROADS["event"]
    installation.client.post(path, content=body, headers=headers)
    (kept,) = installation.load()
    defect()
    nameless = Catalog(sources={"crm": Source(source="crm", owner="sales")})
    monkeypatch.setenv("WRONG", "not-the-token")
    for token in (None, "env:WRONG"):
        with pytest.raises(AndonError, match="source 'crm'; give --token") as caught:
            installation.replayer(nameless, token).replay(kept)
        assert "not-the-token" not in str(caught.value)
    said = installation.replayer(nameless, "env:TOKEN_CRM").replay(kept)
    assert said == f"{kept}: accepted"
    assert secrets["TOKEN_CRM"] not in said


def test_another_server_at_the_address_is_not_given_the_credential(
    installation: Installation, catalog: Catalog, defect: Callable[[], None]
) -> None:
    path, headers, body = ROADS["event"]
    installation.client.post(path, content=body, headers=headers)
    (kept,) = installation.load()
    defect()
    elsewhere = installation.settings.model_copy(update={"tls_certificate": Path(certifi.where())})
    with pytest.raises(AndonError, match="does not answer"):
        Replayer(installation.store.reader, elsewhere, catalog, SystemClock()).replay(kept)
