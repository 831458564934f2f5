"""Opening and closing the servers: exposure, TLS, ports, reload, pull receivers."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from collector.brokers.queue_series import QueueState
from collector.engine import Collector
from collector.ingest.authentication import check_exposure
from collector.own_points import record_of
from collector.receiver import ReceiverContext
from collector.source_troubles import UNTOLD
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.clock import SystemClock
from core.config import Settings
from core.errors import Permanent, UsageError
from core.pauses import ITSELF, Pauses
from core.signal import Lane, Record, SignalKind
from core.telemetry import M, Telemetry
from tests.collector.conftest import Running, running
from tests.collector.requests import PROTOBUF, spans
from tests.waiting import slowness, wait_until


def test_tls_on_both_servers(start: Callable[..., Running], certificate: tuple[Path, Path]) -> None:
    collector = start(tls_certificate=certificate[0], tls_key=certificate[1])
    body = spans(count=1).SerializeToString()
    context = ssl.create_default_context(cafile=str(certificate[0]))
    url = f"https://localhost:{collector.engine.http_port}/v1/traces"
    assert httpx.post(url, content=body, headers={"content-type": PROTOBUF}, verify=context).status_code == 200
    with pytest.raises(httpx.HTTPError):
        collector.client.post("/v1/traces", content=body)
    old = ssl.create_default_context(cafile=str(certificate[0]))
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.HTTPError):
        httpx.post(url, content=body, verify=old)
    credentials = grpc.ssl_channel_credentials(certificate[0].read_bytes())
    with grpc.secure_channel(f"localhost:{collector.engine.grpc_port}", credentials) as channel:
        channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")(body, timeout=60)
    assert len(collector.records()) == 2


def test_no_server_is_open_to_the_network_by_itself(catalog: Catalog, certificate: tuple[Path, Path]) -> None:
    assert check_exposure(Settings(), Catalog()) is False
    assert check_exposure(Settings(host="::1"), Catalog()) is False
    assert check_exposure(Settings(host="0.0.0.0", insecure=True), Catalog()) is False
    with pytest.raises(UsageError, match="TLS"):
        check_exposure(Settings(host="0.0.0.0"), catalog)
    tls = {"tls_certificate": certificate[0], "tls_key": certificate[1]}
    with pytest.raises(UsageError, match="tokens"):
        check_exposure(Settings(host="10.0.0.7", **tls), Catalog())
    assert check_exposure(Settings(host="10.0.0.7", **tls), catalog) is True
    with pytest.raises(UsageError, match="both"):
        check_exposure(Settings(tls_key=certificate[1]), catalog)


def test_without_a_token_where_one_is_required(
    tmp_path: Path, catalog: Catalog, certificate: tuple[Path, Path], secrets: dict[str, str]
) -> None:
    tls = {"tls_certificate": certificate[0], "tls_key": certificate[1]}
    with running(tmp_path, catalog, host="0.0.0.0", **tls) as collector:
        url = f"https://localhost:{collector.engine.http_port}/v1/traces"
        context = ssl.create_default_context(cafile=str(certificate[0]))
        body, headers = spans(count=1).SerializeToString(), {"content-type": PROTOBUF}
        assert httpx.post(url, content=body, headers=headers, verify=context).status_code == 401
        headers["authorization"] = f"Bearer {secrets['TOKEN_CRM']}"
        assert httpx.post(url, content=body, headers=headers, verify=context).status_code == 200


def test_the_certificate_is_checked_before_a_port_is_taken(start: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no PEM")
    with pytest.raises(UsageError, match="TLS cannot use"):
        start(tls_certificate=tmp_path / "text", tls_key=tmp_path / "text")


@pytest.mark.parametrize("setting", ["http_port", "otlp_grpc_port"])
def test_a_port_in_use_is_named(tmp_path: Path, setting: str) -> None:
    async def open_twice(settings: Settings) -> None:
        await Collector(settings, Catalog(), SystemClock(), Telemetry(), dict, dict).start()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(data=tmp_path, **{"http_port": 0, "otlp_grpc_port": 0, setting: port})
        with pytest.raises(UsageError, match=rf"port {port} .*{setting}"):
            asyncio.run(open_twice(settings))


class Ticker:
    """A receiver that hands over one record, fails once, then says that it can never work."""

    name = "ticker"
    runs = 0

    def validate(self, settings: dict[str, Any]) -> None:
        """Accept everything."""

    async def run(self, context: ReceiverContext) -> None:
        type(self).runs += 1
        source = context.source
        await context.intake.accept([Record(SignalKind.EVENT, source.source, source.lane, 1_774_000_000_000, 1, b"{}")])
        assert context.state.is_dir()
        if type(self).runs == 1:
            raise RuntimeError("a fault of the plug-in")
        raise Permanent("wrong password")


def test_pull_receivers_are_kept_apart_from_the_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.engine.RECEIVER_RESTART_SECONDS", 0.05)
    source = Source(source="erp", owner="it", receiver={"type": "ticker", "every": 1})
    with running(tmp_path, Catalog(), {"ticker": Ticker()}) as collector:
        collector.loop.call_soon_threadsafe(collector.engine.reload, Catalog(sources={"erp": source}))
        wait_until(lambda: len(collector.records()) >= 2, 10, "it was started again")
        time.sleep(0.3)
        assert [record.source for record in collector.records()] == ["erp", "erp"]
        assert collector.client.get("/healthz").status_code == 200
        assert Ticker.runs == 2


class Reader:
    """A receiver that says whether it is reading."""

    name = "reader"

    def __init__(self) -> None:
        self.reading = 0

    def validate(self, settings: dict[str, Any]) -> None:
        """Accept everything."""

    async def run(self, context: ReceiverContext) -> None:
        self.reading += 1
        context.tell_up(up=True)
        try:
            await asyncio.Event().wait()
        finally:
            self.reading -= 1


class Untelling(Reader):
    """A receiver of a broker that tells nobody what waits."""

    def untold(self, settings: dict[str, Any]) -> str:
        """Return what the settings say."""
        return str(settings["why"])


def test_why_nobody_tells_of_the_queues_of_a_source_is_kept_until_it_is_gone(tmp_path: Path) -> None:
    def told() -> dict[str, tuple[float, str]]:
        points = collector.engine._troubles.due(0)
        return {each.attributes["source"]: (each.value, each.attributes["why"]) for each in points if each.name == UNTOLD}

    receivers = {"untelling": {"type": "untelling", "why": "it has none"}, "reader": {"type": "reader"}}
    sources = {name: Source(source=name, owner="it", receiver=receiver) for name, receiver in receivers.items()}
    with running(tmp_path, Catalog(), {"untelling": Untelling(), "reader": Reader()}) as collector:
        collector.loop.call_soon_threadsafe(collector.engine.reload, Catalog(sources=sources))
        wait_until(lambda: told() == {"untelling": (1, "it has none"), "reader": (0, "")}, 20, "the one that leaves them untold says so")
        collector.loop.call_soon_threadsafe(collector.engine.reload, Catalog())
        wait_until(lambda: told().get("untelling", (0, ""))[0] == 0, 20, "it is over")


def test_a_paused_source_is_not_read_and_its_senders_are_told_to_come_back(
    tmp_path: Path, catalog: Catalog, secrets: dict[str, str]
) -> None:
    reader, now = Reader(), SystemClock().now()
    source = Source(source="erp", owner="it", receiver={"type": "reader"})
    both = Catalog(sources={**catalog.sources, "erp": source})
    pauses = Pauses(tmp_path / "data")
    event = b'{"specversion": "1.0", "id": "1", "source": "/crm", "type": "t", "data": {}}'

    def send(to: Running, body: bytes = event) -> httpx.Response:
        return to.post("/v1/events", body, "application/cloudevents+json", authorization=f"Bearer {secrets['TOKEN_CRM']}")

    with running(tmp_path, both, {"reader": reader}) as collector:
        wait_until(lambda: reader.reading == 1, 10, "it is read")
        for name in ("erp", "crm"):
            pauses.pause(name, "Ana", "upgrade", now)
        collector.loop.call_soon_threadsafe(collector.engine.look_for_pauses)
        wait_until(lambda: reader.reading == 0, 10, "it is no longer read")
        assert collector.telemetry.value(M.SOURCE_PAUSED, source="erp") == 1
        assert collector.telemetry.value(M.RECEIVER_UP, source="erp") == 0
        for body in (event, b"no event"):
            refused = send(collector, body)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert "the source 'crm' is paused" in refused.text
        spans_of_crm = spans(count=1).SerializeToString()
        assert collector.post("/v1/traces", spans_of_crm, PROTOBUF, authorization=f"Bearer {secrets['TOKEN_CRM']}").status_code == 503
        assert collector.post("/v1/traces", spans_of_crm, PROTOBUF).status_code == 200  # another sender's
        assert collector.records(Lane.CRITICAL) == []
    with running(tmp_path, both, {"reader": reader}) as collector:
        assert send(collector).status_code == 503
        assert reader.reading == 0
        for name in ("erp", "crm"):
            pauses.resume(name, "Ana", "", now)
        collector.loop.call_soon_threadsafe(collector.engine.look_for_pauses)
        wait_until(lambda: reader.reading == 1, 10, "it is read again")
        assert send(collector).status_code == 200
        assert collector.telemetry.value(M.SOURCE_PAUSED, source="erp") == 0


def test_a_changed_source_is_read_once_its_old_receiver_has_ended(tmp_path: Path) -> None:
    class Slow(Reader):
        most = 0

        async def run(self, context: ReceiverContext) -> None:
            self.most = max(self.most, self.reading + 1)
            self.reading += 1
            context.tell_up(up=True)
            try:
                await asyncio.Event().wait()
            finally:
                ending.set()
                await asyncio.to_thread(may_end.wait, 60)
                self.reading -= 1
                ended.append(context.source.owner)

    def source(owner: str) -> Catalog:
        return Catalog(sources={"erp": Source(source="erp", owner=owner, receiver={"type": "reader"})})

    reader, ended, ending, may_end = Slow(), list[str](), threading.Event(), threading.Event()
    with running(tmp_path, source("it"), {"reader": reader}) as collector:
        wait_until(lambda: reader.reading == 1, 10, "it is read")
        for owner in ("other", "third"):  # the second change comes while the first one still waits
            collector.loop.call_soon_threadsafe(collector.engine.reload, source(owner))
        assert ending.wait(60)
        assert collector.client.get("/healthz").status_code == 200  # it has had its turn meanwhile
        may_end.set()
        wait_until(lambda: ended == ["it"] and reader.reading == 1, 10, "the new one is read")
        assert reader.most == 1
    assert ended == ["it", "third"]


def test_a_state_of_a_queue_that_cannot_be_kept_does_not_end_what_is_kept_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Telling(Reader):
        async def run(self, context: ReceiverContext) -> None:
            context.tell_queue(QueueState("orders", waiting=3))
            await super().run(context)

    def fail_once(*given: Any) -> Record:
        failed.append(given)
        if len(failed) == 1:
            raise ValueError("what a broker says")
        return record_of(*given)

    failed: list[Any] = []
    labels = {"source": "erp", "queue": "orders", "reader": ""}
    monkeypatch.setattr("collector.engine.KEEP_SECONDS", 0.05)
    monkeypatch.setattr("collector.engine.record_of", fail_once)
    source = Source(source="erp", owner="it", receiver={"type": "reader"})
    with running(tmp_path, Catalog(sources={"erp": source}), {"reader": Telling()}) as collector:
        wait_until(lambda: bool(collector.records()), 10, "it is kept at the next time")
        assert collector.telemetry.registry.get_sample_value(M.QUEUE_WAITING.value.name, labels) == 3
        monkeypatch.setattr("collector.brokers.queue_series.FORGET_MILLISECONDS", -1_000)
        gone = "what nobody tells of any more has no metric"
        wait_until(lambda: collector.telemetry.registry.get_sample_value(M.QUEUE_WAITING.value.name, labels) is None, 10, gone)


def test_a_source_that_paused_itself_goes_on_with_a_changed_catalog(tmp_path: Path) -> None:
    reader, now = Reader(), SystemClock().now()
    source = Source(source="erp", owner="it", receiver={"type": "reader"})
    other = Source(source="mes", owner="it", receiver={"type": "reader"})
    pauses = Pauses(tmp_path / "data")
    pauses.pause("erp", ITSELF, "nothing can be used", now)
    pauses.pause("mes", "Ana", "upgrade", now)
    with running(tmp_path, Catalog(sources={"erp": source, "mes": other}), {"reader": reader}) as collector:
        assert reader.reading == 0
        collector.loop.call_soon_threadsafe(collector.engine.reload, Catalog(sources={"erp": source, "mes": other}))
        wait_until(lambda: reader.reading == 1, 10, "it is read again")
        assert list(pauses.paused()) == ["mes"]


def test_a_receiver_whose_package_is_missing_costs_only_its_source(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(source="erp", owner="it", receiver={"type": "rabbitmq", "url": "env:NONE", "queue": "q"})
    monkeypatch.setattr("collector.engine.KEEP_SECONDS", 0.05)
    with running(tmp_path, Catalog(sources={"erp": source})) as collector:
        assert collector.client.get("/readyz").status_code == 200
        wait_until(lambda: "a source is not read" in caplog.text, 10, "it is told")
        wait_until(lambda: any(b"is not installed" in record.body for record in collector.records()), 10, "it is kept for the pages")


def test_a_source_that_was_not_read_and_need_not_be_any_more_is_told_as_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Reader):
        async def run(self, context: ReceiverContext) -> None:
            context.tell_up(up=False)
            raise Permanent("wrong password")

    def unread(collector: Running) -> dict[str, float]:
        """Return by source what was told of it last."""
        told = {}
        for record in collector.records():
            for metric in ExportMetricsServiceRequest.FromString(record.body).resource_metrics[0].scope_metrics[0].metrics:
                (point,) = metric.gauge.data_points
                told[next(each.value.string_value for each in point.attributes if each.key == "source")] = point.as_double
        return told

    def change(collector: Running, *receivers: dict[str, str] | None) -> Catalog:
        sources = {name: Source(source=name, owner="it", receiver=each) for name, each in zip(names, receivers, strict=False)}
        changed = Catalog(sources=sources)
        collector.loop.call_soon_threadsafe(collector.engine.reload, changed)
        return changed

    names, stopped = ("paused", "pushed", "removed"), {"type": "stopped"}
    pauses = Pauses(tmp_path / "data")
    monkeypatch.setattr("collector.engine.KEEP_SECONDS", 0.05)
    with running(tmp_path, Catalog(), {"stopped": Stopped()}) as collector:
        change(collector, stopped, stopped, stopped)
        wait_until(lambda: unread(collector) == dict.fromkeys(names, 1.0), 10, "none is read")
        pauses.pause("paused", "Ana", "upgrade", SystemClock().now())
        collector.loop.call_soon_threadsafe(collector.engine.look_for_pauses)
        catalog = change(collector, stopped, None)
        wait_until(lambda: unread(collector) == dict.fromkeys(names, 0.0), 10, "all of them are over")
        pauses.resume("paused", "Ana", "", SystemClock().now())
        collector.loop.call_soon_threadsafe(collector.engine.look_for_pauses)
        wait_until(lambda: unread(collector)["paused"] == 1, 10, "it is not read again")
    pauses.pause("paused", "Ana", "upgrade", SystemClock().now())
    with running(tmp_path, catalog, {"stopped": Stopped()}) as collector:
        wait_until(lambda: unread(collector)["paused"] == 0, 10, "it was paused while no collector ran")


def test_an_idle_client_over_tls_does_not_hold_up_the_end(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    with (
        httpx.Client(verify=context) as idle,
        running(tmp_path, Catalog(), tls_certificate=certificate[0], tls_key=certificate[1]) as collector,
    ):
        url = f"https://localhost:{collector.engine.http_port}/v1/traces"
        assert idle.post(url, content=spans(count=1).SerializeToString(), headers={"content-type": PROTOBUF}).status_code == 200
        began = time.monotonic()
        asyncio.run_coroutine_threadsafe(collector.engine.stop(), collector.loop).result(120)
        assert time.monotonic() - began < 5 * slowness()
