"""An OpenTelemetry Collector in front of us, in the README's own configuration."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tests import plain_http
from tests.collector.requests import spans
from tests.product import Product, running
from tests.servers.otel_collector import OtelCollector, otel_collector
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("otel-collector")]
ROOT = Path(__file__).parents[2]
LARGE_SPANS = 12_000
Started = Callable[[str], OtelCollector]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(
        Product(tmp_path_factory.mktemp("product") / "data", ROOT / "tests" / "catalogs" / "orders"), "collect", "engine"
    ) as started:
        yield started


@pytest.fixture
def started(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Started]:
    """Start a Collector with a configuration."""
    cleanup = []

    def start(configuration: str) -> OtelCollector:
        opened = otel_collector(tmp_path, pytestconfig.cache.mkdir("otel-collector"), configuration)
        cleanup.append(opened)
        return opened.__enter__()

    yield start
    for opened in cleanup:
        opened.__exit__(None, None, None)


def book(collector: OtelCollector, order: str) -> None:
    """Say through the Collector that the order is booked."""
    provider = TracerProvider(resource=Resource({"service.name": "erp"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{collector.url}/v1/traces")))
    with provider.get_tracer("e2e").start_as_current_span("order.book", attributes={"order.id": order}):
        pass
    assert provider.force_flush(30_000)
    provider.shutdown()


def capture(product: Product, order: str) -> None:
    event = {"specversion": "1.0", "id": order, "source": "/shop", "type": "shop.order.captured", "time": datetime.now(UTC).isoformat()}
    content = {"content-type": "application/cloudevents+json"}
    reply = plain_http.post(f"{product.collector_url}/v1/events", json={**event, "data": {"order": order}}, headers=content)
    assert reply.status_code == 200, reply.text


def stands_at(product: Product, order: str) -> list[tuple[str]]:
    return product.query("SELECT stage FROM transactions FINAL WHERE reference = {order:String}", order=order)


def test_an_order_is_followed_through_the_configuration_of_the_readme_and_a_restart_of_ours(product: Product, started: Started) -> None:
    (written,) = re.findall(
        r"\*\*OpenTelemetry Collector\*\*.*?```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    collector = started(written.replace("127.0.0.1:4318", f"127.0.0.1:{product.http_port}"))
    order, later = (f"SO-{uuid.uuid4().hex[:12]}" for _ in range(2))
    for each in (order, later):
        capture(product, each)
    book(collector, order)
    wait_until(lambda: stands_at(product, order) == [("booked",)], 30, "the order is booked")

    product.stop("collect")
    book(collector, later)  # the Collector takes it and holds it
    wait_until(lambda: "retry" in (collector.folder / "log").read_text(), 30, "the Collector has tried to send it")
    product.start("collect")
    wait_until(lambda: stands_at(product, later) == [("booked",)], 60, "the order that the Collector held is booked")


def test_large_requests_in_every_encoding_are_taken_whole(product: Product, started: Started) -> None:
    over_http = {
        f"otlp_http/{name}": {"endpoint": product.collector_url, "compression": name} for name in ("gzip", "zstd", "snappy", "none")
    }
    endpoint = {"endpoint": f"127.0.0.1:{product.grpc_port}", "tls": {"insecure": True}}
    exporters = over_http | {f"otlp_grpc/{name}": {**endpoint, "compression": name} for name in ("gzip", "none")}
    receivers = {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:5317"}, "http": {"endpoint": "127.0.0.1:5318"}}}}
    pipelines = {"traces": {"receivers": ["otlp"], "exporters": list(exporters)}}
    collector = started(yaml.safe_dump({"receivers": receivers, "exporters": exporters, "service": {"pipelines": pipelines}}))
    before = accepted(product)
    request = spans(count=LARGE_SPANS)
    for number, span in enumerate(request.resource_spans[0].scope_spans[0].spans):
        span.span_id = (number + 1).to_bytes(8, "big")
        span.name = f"large {number} ".ljust(400, ".")
    body = request.SerializeToString()
    assert len(body) > 4 << 20, "more than a message of gRPC is by default"

    reply = plain_http.post(f"{collector.url}/v1/traces", content=body, headers={"content-type": "application/x-protobuf"}, timeout=60)

    assert reply.status_code == 200, reply.text
    wait_until(
        lambda: accepted(product) >= before + LARGE_SPANS * len(exporters),
        60,
        f"each exporter's request is taken whole; the log is {collector.folder}",
    )
    stored = "SELECT count() FROM (SELECT DISTINCT span_id FROM spans WHERE startsWith(name, 'large '))"
    wait_until(lambda: product.query(stored) == [(LARGE_SPANS,)], 60, "they are stored once each")
    assert "Dropping data" not in (collector.folder / "log").read_text()


def accepted(product: Product) -> int:
    """Return how many signals were taken since our collector began."""
    told = plain_http.get(f"{product.collector_url}/metrics").text
    return int(sum(float(value) for value in re.findall(r"^andon_acknowledged_signals_total\{.*\} (\S+)$", told, re.MULTILINE)))
