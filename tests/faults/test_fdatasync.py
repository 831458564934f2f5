"""An acknowledgement is sent only after the record's ``fdatasync`` has returned: seen from outside of the process, on every road in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.collector.http.test_webhooks import standard
from tests.collector.requests import PROTOBUF, START, spans
from tests.faults.ledger import HOOK, SECRET, messages, order_of, with_every_road
from tests.faults.system_calls import WRAPPER, Call, amqp_acknowledged, calls, holds_http2_data
from tests.product import Product, running
from tests.servers.rabbitmq import RabbitServer
from tests.waiting import wait_until

REQUESTS = 20
SERVICES = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}


def otlp(kind: str, mark: str) -> bytes:
    """Return a request with one span, log record or point that says ``mark``."""
    if kind == "traces":
        return spans({"name": mark}).SerializeToString()
    if kind == "logs":
        logs = ExportLogsServiceRequest()
        logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=START).body.string_value = mark
        return logs.SerializeToString()
    metrics = ExportMetricsServiceRequest()
    point = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name=mark).gauge.data_points.add()
    point.time_unix_nano, point.as_double = START, 1.0
    return metrics.SerializeToString()


def marks(kind: str) -> list[str]:
    return [f"mark-{number:04d}-{kind}" for number in range(REQUESTS)]


@dataclass
class Witness:
    """What strace saw of a collector, and the server it read from."""

    product: Product
    trace: Path
    broker: RabbitServer | None = None

    def calls(self) -> list[Call]:
        return list(calls(self.trace))


Answers = Callable[[list[Call]], list[Call]]
Sent = tuple[list[str], Answers]
"""The marks that were sent, in order, and how the calls are found that answer them, in that order."""


def over_http(witness: Witness) -> Sent:
    """Traces, logs, metrics, events and webhooks, one request after the other."""
    sent = []

    def send(mark: str, path: str, content_type: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        reply = client.post(witness.product.collector_url + path, content=body, headers={"content-type": content_type, **(headers or {})})
        assert reply.status_code == 200, reply.text
        sent.append(mark)

    with httpx.Client() as client:
        for kind in SERVICES:
            for mark in marks(kind):
                send(mark, f"/v1/{kind}", PROTOBUF, otlp(kind, mark))
        for mark in marks("events"):
            event = {"specversion": "1.0", "id": mark, "source": "/ledger", "type": "t"}
            send(mark, "/v1/events", "application/cloudevents+json", json.dumps(event).encode())
        for mark in marks("webhooks"):
            body = json.dumps({"type": "order.captured", **order_of(mark)}).encode()
            send(mark, f"/v1/webhooks/{HOOK}", "application/json", body, standard(SECRET, mark, body))
    return sent, _in_turn(len(sent), lambda call: b"HTTP/1.1 200" in call.data)


def over_grpc(witness: Witness) -> Sent:
    """Traces, logs and metrics, one request after the other."""
    port = witness.product.grpc_port
    sent = []
    with closing(grpc.insecure_channel(f"127.0.0.1:{port}")) as channel:
        for kind, service in SERVICES.items():
            for mark in marks(kind):
                assert channel.unary_unary(service)(otlp(kind, mark), timeout=60) == b""
                sent.append(mark)
    return sent, _in_turn(len(sent), lambda call: f":{port}->" in call.on and holds_http2_data(call.data))


def over_amqp(witness: Witness) -> Sent:
    """Messages of a queue; an acknowledgement is for all messages up to the one that it names."""
    assert witness.broker is not None
    port, sent = witness.broker.port, marks("messages")
    with messages(witness.broker.url) as (_, publish):
        for mark in sent:
            publish([mark])

    def acknowledged(call: Call) -> int:
        return amqp_acknowledged(call.data) if call.sends and f"->127.0.0.1:{port}" in call.on else 0

    wait_until(lambda: max(map(acknowledged, witness.calls())) == len(sent), 30, "every message is acknowledged")
    return sent, lambda seen: [next(call for call in seen if acknowledged(call) >= number) for number in range(1, len(sent) + 1)]


def _in_turn(count: int, is_answer: Callable[[Call], bool]) -> Answers:
    """One request after the other: the n-th answer is that of the n-th mark; before them is the answer that the collector is ready."""
    return lambda seen: [call for call in seen if call.sends and is_answer(call)][-count:]


@contextmanager
def watched(folder: Path, broker: RabbitServer | None) -> Iterator[Witness]:
    """Run a collector with every road in below strace."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt package strace")
    trace = folder / "trace"
    catalog, environment = with_every_road(folder, broker.url if broker else "")
    with running(Product(folder / "data", catalog, environment, wrapper=(*WRAPPER, "-o", str(trace))), "collect") as product:
        yield Witness(product, trace, broker)


@pytest.mark.slow
@pytest.mark.parametrize(
    "send", [over_http, over_grpc, pytest.param(over_amqp, marks=[pytest.mark.server, pytest.mark.xdist_group("rabbitmq")])]
)
def test_no_answer_before_the_disk_has_it(tmp_path: Path, request: pytest.FixtureRequest, send: Callable[[Witness], Sent]) -> None:
    with watched(tmp_path, request.getfixturevalue("broker") if send is over_amqp else None) as witness:
        sent, answers = send(witness)
    seen = witness.calls()
    for mark, answer in zip(sent, answers(seen), strict=True):
        written = next(call for call in seen if call.name == "pwrite64" and "-wal" in call.on and mark.encode() in call.data)
        synced = next(call for call in seen if call.syncs and call.on == written.on and call.began > written.ended)
        assert answer.began > synced.ended, mark
    folders = {call.on for call in seen if call.syncs}
    assert {str(Path(call.on).parent) for call in seen if call.name == "pwrite64" and "-wal" in call.on} <= folders, (
        "a new name is not durable"
    )
