"""The outside witness: what was sent, what was acknowledged; the product never sees it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import grpc
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.collector.http.test_webhooks import standard
from tests.product import Product

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"
HOOK, QUEUE = "web-shop", "orders"
"""The source that signs webhooks, and the queue of the one that publishes messages."""
ORIGINS = ("/faults", f"/webhooks/{HOOK}", f"/queues/{QUEUE}")
"""The CloudEvents sources of the events in the ledger."""
REJECTED_IN = (1, 5, 20)
"""Of a producer's batches of orders those of which ERP rejects the first order, each for a cause of its own: an incident each."""
CATALOG = Path(__file__).parents[2] / "benchmarks" / "catalogs" / "orders"
NOWHERE = "http://127.0.0.1:9/"
ENVIRONMENT = {"ANDON_TEST_WEBHOOK": NOWHERE, "ANDON_TEST_WEBHOOK_SECRET": "whsec_dGVzdA=="}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = f"source: {HOOK}\nowner: order-desk\nwebhook: {{scheme: standard, secrets: ['env:ANDON_TEST_HOOK'], type: 'shop.{{type}}'}}\n"
BROKER = f"source: broker\nowner: order-desk\nreceiver: {{type: rabbitmq, url: 'env:ANDON_TEST_BROKER', queue: {QUEUE}, declare: true}}\n"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
RECONNECTS_SOON = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]


Road = tuple[str, Callable[[list[str]], str]]


@dataclass(frozen=True)
class Roads:
    """What a catalog takes beside CloudEvents and OTLP: webhooks signed with ``secret``, messages of the broker at ``broker``."""

    secret: str = ""
    broker: str = ""


def with_every_road(folder: Path, broker: str, desk: str = NOWHERE) -> tuple[Path, dict[str, str]]:
    """Return the catalog with a source that signs webhooks and, where there is a broker, one that is a queue; and its environment."""
    catalog = shutil.copytree(CATALOG, folder / "catalog")
    (catalog / "sources" / f"{HOOK}.yaml").write_text(WEBHOOK)
    if broker:
        (catalog / "sources" / "broker.yaml").write_text(BROKER)
    return catalog, {**ENVIRONMENT, "ANDON_TEST_WEBHOOK": desk, "ANDON_TEST_HOOK": SECRET, "ANDON_TEST_BROKER": broker}


@dataclass
class Ledger:
    """Outcome by content key, for events (an order's number), spans (the id of their trace) and rejections (an order's number).

    ``orders``: the order that a span names, by the id of its trace.
    """

    events: dict[str, str] = field(default_factory=dict)
    spans: dict[str, str] = field(default_factory=dict)
    rejections: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, keys: list[str], outcome: str) -> None:
        with self.lock:
            book: dict[str, str] = getattr(self, kind)
            for key in keys:
                if book.get(key) != ACKNOWLEDGED:
                    book[key] = outcome

    def acknowledged(self, kind: str) -> set[str]:
        with self.lock:
            return {key for key, outcome in getattr(self, kind).items() if outcome == ACKNOWLEDGED}

    def sent(self, kind: str) -> set[str]:
        with self.lock:
            return set(getattr(self, kind))

    def milestones(self, *, sent: bool = False) -> dict[str, Counter[str]]:
        """Return how many signals of each milestone were acknowledged (or at least sent) for each order."""
        found: dict[str, Counter[str]] = {}
        of = self.sent if sent else self.acknowledged
        for milestone, orders in (
            ("captured", of("events")),
            ("received", [self.orders[trace] for trace in of("spans")]),
            ("rejected", of("rejections")),
        ):
            for order in orders:
                found.setdefault(order, Counter())[milestone] += 1
        return found


class Producer(threading.Thread):
    """Sends numbered events and spans on every road until stopped; sends again what got no answer, and some for no reason."""

    def __init__(self, product: Product, ledger: Ledger, name: str, seed: int, pause: float = 0.1, more: Roads | None = None) -> None:
        super().__init__(name=name, daemon=True)
        self._product = product
        self._ledger = ledger
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._pause = pause
        self._more = more or Roads()
        self._at = datetime.now(UTC).isoformat()

    def run(self) -> None:
        address = f"127.0.0.1:{self._product.grpc_port}"
        with httpx.Client(timeout=5.0) as client, grpc.insecure_channel(address, options=RECONNECTS_SOON) as channel:
            roads = [self._events(client), self._spans_over_http(client), self._spans_over_grpc(channel)]
            if self._more.secret:
                roads.append(self._webhooks(client, self._more.secret))
            if not self._more.broker:
                self._send(roads, self._rejections(client))
                return
            with messages(self._more.broker) as road:
                self._send([*roads, road], self._rejections(client))

    def _send(self, roads: list[Road], rejections: Road) -> None:
        number = 0
        while not self._stopping.is_set():
            number += 1
            kind, send = roads[number % len(roads)]
            keys = self._keys(kind, number, len(roads))
            for _ in range(1 + (self._random.random() < 0.1)):
                self._send_until_answered(kind, keys, send)
            if number in {batch * len(roads) for batch in REJECTED_IN}:
                self._send_until_answered(rejections[0], keys[:1], rejections[1])
            time.sleep(self._pause)

    def _keys(self, kind: str, number: int, roads: int) -> list[str]:
        """Return the keys of a batch; its spans name the orders of a batch of events that is only coming."""
        names = [f"{self.name}-{number}-{index}" for index in range(5)]
        if kind == "events":
            return names
        traces = [trace_id_of(name) for name in names]
        coming = (number // roads + 1) * roads
        with self._ledger.lock:
            self._ledger.orders.update({trace: f"{self.name}-{coming}-{index}" for index, trace in enumerate(traces)})
        return traces

    def stop(self) -> None:
        self._stopping.set()
        self.join(120)
        assert not self.is_alive()

    def _send_until_answered(self, kind: str, keys: list[str], send: Callable[[list[str]], str]) -> None:
        self._ledger.note(kind, keys, UNKNOWN)
        while (outcome := send(keys)) != ACKNOWLEDGED and not self._stopping.is_set():
            self._ledger.note(kind, keys, outcome)
            time.sleep(0.05)
        self._ledger.note(kind, keys, outcome)

    def _events(self, client: httpx.Client) -> Road:
        def send(keys: list[str]) -> str:
            common = {"specversion": "1.0", "source": "/faults", "type": "shop.order.captured", "time": self._at}
            batch = [{**common, "id": key, "data": order_of(key)} for key in keys]
            return self._post(client, "/v1/events", "application/cloudevents-batch+json", json.dumps(batch).encode())

        return "events", send

    def _rejections(self, client: httpx.Client) -> Road:
        def send(keys: list[str]) -> str:
            common = {"specversion": "1.0", "source": "/erp", "type": "erp.order.rejected", "time": self._at}
            batch = [{**common, "id": key, "data": {"order": key, "cause": cause_of(key)}} for key in keys]
            return self._post(client, "/v1/events", "application/cloudevents-batch+json", json.dumps(batch).encode())

        return "rejections", send

    def _webhooks(self, client: httpx.Client, secret: str) -> Road:
        def send(keys: list[str]) -> str:
            for key in keys:
                body = json.dumps({"type": "order.captured", **order_of(key)}).encode()
                outcome = self._post(client, f"/v1/webhooks/{HOOK}", "application/json", body, standard(secret, key, body))
                if outcome != ACKNOWLEDGED:
                    return outcome
            return ACKNOWLEDGED

        return "events", send

    def _spans_over_http(self, client: httpx.Client) -> Road:
        return "spans", lambda keys: self._post(client, "/v1/traces", "application/x-protobuf", self._spans_of(keys))

    def _spans_of(self, traces: list[str]) -> bytes:
        return spans_of({trace: self._ledger.orders[trace] for trace in traces})

    def _spans_over_grpc(self, channel: grpc.Channel) -> Road:
        export = channel.unary_unary(EXPORT)

        def send(keys: list[str]) -> str:
            try:
                export(self._spans_of(keys), timeout=5.0)
            except grpc.RpcError:
                return UNKNOWN
            return ACKNOWLEDGED

        return "spans", send

    def _post(self, client: httpx.Client, path: str, content_type: str, body: bytes, headers: dict[str, str] | None = None) -> str:
        try:
            response = client.post(
                self._product.collector_url + path, content=body, headers={"content-type": content_type, **(headers or {})}
            )
        except httpx.TransportError:
            return UNKNOWN
        return ACKNOWLEDGED if response.status_code == 200 else REFUSED


def order_of(key: str) -> dict[str, Any]:
    return {"order": key, "amount": 10, "currency": "EUR", "customer": "ACME", "plant": "DE07"}


@contextmanager
def messages(broker: str) -> Iterator[Road]:
    """Publish with confirms: what the broker has taken is ours to deliver, whatever dies between it and the store."""
    with asyncio.Runner() as runner:
        connection = runner.run(aio_pika.connect(broker))

        async def publish(keys: list[str]) -> None:
            for key in keys:
                body = json.dumps(order_of(key)).encode()
                properties = {"content_type": "application/json", "message_id": key, "type": "shop.order.captured"}
                message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, **properties)
                await channel.default_exchange.publish(message, QUEUE, timeout=5.0)

        def send(keys: list[str]) -> str:
            runner.run(publish(keys))
            return ACKNOWLEDGED

        try:
            channel = runner.run(_confirming(connection))
            yield "events", send
        finally:
            runner.run(connection.close())


async def _confirming(connection: Any) -> Any:
    channel = await connection.channel(publisher_confirms=True)
    await channel.declare_queue(QUEUE, durable=True)
    return channel


def trace_id_of(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def cause_of(order: str) -> str:
    return f"NO_STOCK_FOR_{order}"


def spans_of(orders: dict[str, str]) -> bytes:
    """Return a request with a span for each trace, which names its order."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for trace, order in orders.items():
        span = spans.add(name="order.receive", trace_id=bytes.fromhex(trace), span_id=bytes.fromhex(trace[:16]))
        span.start_time_unix_nano = span.end_time_unix_nano = 1_774_605_600_000_000_000
        span.attributes.add(key="order.id").value.string_value = order
    return request.SerializeToString()
