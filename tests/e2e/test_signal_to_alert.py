"""From a signal of a real exporter to an alert at a real receiver."""

from __future__ import annotations

import logging
import shutil
import subprocess
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode

from store.reads import detail, search
from tests import plain_http
from tests.e2e.sinks import Sink
from tests.product import Product
from tests.waiting import slowness, wait_until

pytestmark = pytest.mark.xdist_group("product")
NODE = Path(__file__).parent / "node"
RETURNS = "book-return-in-time"


def new_order() -> str:
    """Return a new order's number; never one that begins with zeros, which the flow takes off."""
    return f"SO-{uuid.uuid4().hex[:12]}"


def capture(product: Product, order: str, at: datetime, amount: float = 1200) -> None:
    data = {"order": order, "amount": amount, "currency": "EUR", "customer": "ACME", "plant": "DE07"}
    tell(product, id=f"captured-{order}", type="shop.order.captured", time=at.isoformat(), data=data)


def announce(product: Product, number: str, at: datetime) -> None:
    """Send the first milestone of a return."""
    data = {"return": number, "amount": 1200, "currency": "EUR", "customer": "ACME"}
    tell(product, id=f"announced-{number}", type="shop.return.announced", time=at.isoformat(), data=data)


def note(product: Product, order: str, trace: str) -> None:
    """Send an event that is no milestone and names no order: only its trace ties it to one."""
    tell(product, id=f"note-{order}", type="shop.note", traceparent=f"00-{trace}-{'1' * 16}-01")


def tell(product: Product, **fields: Any) -> None:
    """Send an event of the shop."""
    event = {"specversion": "1.0", "source": "/shop", **fields}
    reply = plain_http.post(f"{product.collector_url}/v1/events", json=event, headers={"content-type": "application/cloudevents+json"})
    assert reply.status_code == 200, reply.text


def provider_for(exporter: HttpSpanExporter | GrpcSpanExporter) -> TracerProvider:
    provider = TracerProvider(resource=Resource({"service.name": "erp"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def book(provider: TracerProvider, order: str, *, error: str = "") -> None:
    with provider.get_tracer("e2e").start_as_current_span("order.book", attributes={"order.id": order}) as span:
        if error:
            span.set_attribute("error.type", error)
            span.set_status(Status(StatusCode.ERROR, "rejected"))
    assert provider.force_flush(10_000)


def verdicts(product: Product, order: str, sla: str = "book-in-time") -> list[str]:
    rows = product.query(
        "SELECT v.verdict FROM verdicts AS v FINAL INNER JOIN (SELECT transaction_id FROM transactions FINAL WHERE reference = {order:String}) AS t"
        " ON t.transaction_id = v.transaction_id WHERE v.sla = {sla:String} ORDER BY v.version",
        order=order,
        sla=sla,
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_spans_of_the_sdk_exporters_stop_the_clock(product: Product, transport: str):
    order = new_order()
    exporter = (
        HttpSpanExporter(endpoint=f"{product.collector_url}/v1/traces")
        if transport == "http"
        else GrpcSpanExporter(endpoint=f"127.0.0.1:{product.grpc_port}", insecure=True)
    )
    provider = provider_for(exporter)

    capture(product, order, datetime.now(UTC))
    book(provider, order)
    provider.shutdown()

    wait_until(lambda: verdicts(product, order)[-1:] == ["met"], 15, f"the order booked over {transport} is met")


def test_a_deadline_that_passes_in_silence_reaches_the_desk_once_and_is_resolved_by_the_late_booking(product: Product, desk: Sink):
    """Of a flow of its own: where many orders of other tests were late for a moment, the desk hears of the next ten minutes later."""
    number = new_order()
    sent = datetime.now(UTC)

    announce(product, number, sent)
    wait_until(lambda: "breached" in verdicts(product, number, RETURNS), 15, "the verdict is breached")
    decided = product.query(
        "SELECT min(decided_at) FROM verdicts FINAL WHERE verdict = 'breached' AND sla = {sla:String} AND transaction_id IN"
        " (SELECT transaction_id FROM transactions FINAL WHERE reference = {number:String})",
        sla=RETURNS,
        number=number,
    )[0][0].replace(tzinfo=UTC)
    due = sent + timedelta(seconds=4)
    assert timedelta(seconds=-0.01) <= decided - due <= timedelta(seconds=2 * slowness())

    def firing() -> list[dict]:
        return [m for m in desk.messages if m["status"] != "resolved" and any(line["reference"] == number for line in m["top"])]

    message = wait_until(firing, 15, "the desk hears of it")[-1]
    assert message["owner"] == "order-desk"
    assert message["runbook"] == "order-not-booked"
    assert "inbound queue" in message["runbook_body"]
    assert message["value"]["EUR"] >= 1200
    assert "ACME" in message["customers"]

    provider = provider_for(HttpSpanExporter(endpoint=f"{product.collector_url}/v1/traces"))
    with provider.get_tracer("e2e").start_as_current_span("return.book", attributes={"return.id": number}):
        pass
    provider.shutdown()
    wait_until(lambda: verdicts(product, number, RETURNS)[-1:] == ["met_late"], 15, "the late booking corrects the verdict")


def test_a_rejection_is_an_incident_of_its_own_cause(product: Product, desk: Sink):
    order = new_order()
    cause = f"CREDIT_{order}"
    provider = provider_for(HttpSpanExporter(endpoint=f"{product.collector_url}/v1/traces"))

    capture(product, order, datetime.now(UTC))
    book(provider, order, error=cause)
    provider.shutdown()

    wait_until(lambda: [m for m in desk.messages if m["cause"] == cause], 20, "the desk hears of the rejection")


def test_logs_spans_and_events_of_one_trace_are_reachable_from_the_transaction(product: Product):
    order = new_order()
    resource = Resource({"service.name": "erp"})
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{product.collector_url}/v1/logs")))
    logger = logging.getLogger(f"erp-{order}")
    logger.addHandler(LoggingHandler(logger_provider=logs))
    logger.setLevel(logging.INFO)
    provider = provider_for(HttpSpanExporter(endpoint=f"{product.collector_url}/v1/traces"))

    capture(product, order, datetime.now(UTC))
    with provider.get_tracer("e2e").start_as_current_span("order.book", attributes={"order.id": order}) as span:
        note(product, order, format(span.get_span_context().trace_id, "032x"))
        logger.info("INVOICE 90001 posted for order %s", order)
        with provider.get_tracer("e2e").start_as_current_span("table.update"):
            logger.info("only the trace id ties this line to the order")
    provider.force_flush()
    logs.force_flush()
    provider.shutdown()
    logs.shutdown()

    def reachable() -> bool:
        client = product.reader
        found = search.find(client, value=order)
        if found.empty:
            return False
        flow, identity = found.iloc[0]["flow"], found.iloc[0]["transaction_id"]
        steps = detail.milestones(client, flow=flow, transaction_id=identity)
        traces = tuple({trace for trace in steps["trace_id"] if trace})
        names = set(detail.spans(client, trace_ids=traces)["name"])
        lines = set(detail.logs(client, trace_ids=traces, log_ids=())["body"])
        milestone, by_trace = f"captured-{order}", f"note-{order}"
        events = set(detail.events(client, trace_ids=traces, signal_ids=(f"/shop {milestone}",))["id"])
        return (
            {"order.book", "table.update"} <= names
            and "only the trace id ties this line to the order" in lines
            and events == {milestone, by_trace}
        )

    wait_until(reachable, 20, "every signal of the transaction is reachable")


@pytest.mark.server
@pytest.mark.parametrize("transport", ["proto", "http", "grpc"])
def test_a_node_sdk_speaks_to_the_same_ports(product: Product, transport: str):
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules").exists():
        pytest.skip("needs Node.js and its packages: apt install nodejs npm; cd tests/e2e/node && npm ci")
    order = new_order()
    url = f"http://127.0.0.1:{product.grpc_port}" if transport == "grpc" else f"{product.collector_url}/v1/traces"

    done = subprocess.run([node, "send.js", transport, url, order], cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr

    def seen() -> list[tuple]:
        return product.query(
            "SELECT attributes, attribute_types, status FROM spans FINAL WHERE attributes['order.id'] = {order:String}", order=order
        )

    attributes, types, status = wait_until(seen, 15, f"the span sent over {transport}")[0]
    assert (attributes["zero"], attributes["no"], attributes["empty"], attributes["ratio"]) == ("0", "false", "", "0.25")
    assert set(types) >= {"zero", "no", "ratio", "list"}
    assert status == "ok"


def test_the_notifier_is_down_and_each_state_is_delivered_once_afterwards(product: Product, desk: Sink):
    cause = f"DOWN_{new_order()}"
    provider = provider_for(HttpSpanExporter(endpoint=f"{product.collector_url}/v1/traces"))
    order = new_order()
    desk.status = 503
    try:
        capture(product, order, datetime.now(UTC))
        book(provider, order, error=cause)
        wait_until(
            lambda: product.query("SELECT attempts FROM deliveries FINAL WHERE state = 'pending' AND attempts > 0"),
            20,
            "an attempt has failed",
        )
    finally:
        desk.status = 200
    messages = wait_until(lambda: [m for m in desk.messages if m["cause"] == cause], 60, "the message arrives after recovery")
    time.sleep(3)
    again = [m for m in desk.messages if m["cause"] == cause]
    provider.shutdown()

    assert len({(m["reason"], m["delivery_id"]) for m in again}) == len(again) >= len(messages)
