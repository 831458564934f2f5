"""The outside witness: what was sent, what was acknowledged; the product never sees it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aio_pika
import grpc
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.collector.test_webhooks import standard
from tests.product import Product

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"
HOOK, QUEUE = "web-shop", "orders"
"""The source that signs webhooks, and the queue of the one that publishes messages."""
ORIGINS = ("/faults", f"/webhooks/{HOOK}", f"/queues/{QUEUE}")
"""The CloudEvents sources of the events in the ledger."""
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
RECONNECTS_SOON = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]


Road = tuple[str, Callable[[list[str]], str]]


@dataclass(frozen=True)
class Roads:
    """What a catalog takes beside CloudEvents and OTLP: webhooks signed with ``secret``, messages of the broker at ``broker``."""

    secret: str = ""
    broker: str = ""


@dataclass
class Ledger:
    """Outcome by content key, for events and for spans."""

    events: dict[str, str] = field(default_factory=dict)
    spans: dict[str, str] = field(default_factory=dict)
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
                self._send(roads)
                return
            with messages(self._more.broker) as road:
                self._send([*roads, road])

    def _send(self, roads: list[Road]) -> None:
        number = 0
        while not self._stopping.is_set():
            number += 1
            for _ in range(1 + (self._random.random() < 0.1)):
                self._send_until_answered(number, *roads[number % len(roads)])
            time.sleep(self._pause)

    def stop(self) -> None:
        self._stopping.set()
        self.join(10)
        assert not self.is_alive()

    def _send_until_answered(self, number: int, kind: str, send: Callable[[list[str]], str]) -> None:
        names = [f"{self.name}-{number}-{index}" for index in range(5)]
        keys = names if kind == "events" else [trace_id_of(name) for name in names]
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
        return "spans", lambda keys: self._post(client, "/v1/traces", "application/x-protobuf", spans_of(keys))

    def _spans_over_grpc(self, channel: grpc.Channel) -> Road:
        export = channel.unary_unary(EXPORT)

        def send(keys: list[str]) -> str:
            try:
                export(spans_of(keys), timeout=5.0)
            except grpc.RpcError:
                return UNKNOWN
            return ACKNOWLEDGED

        return "spans", send

    def _post(self, client: httpx.Client, path: str, content_type: str, body: bytes, headers: dict[str, str] | None = None) -> str:
        try:
            response = client.post(self._product.door + path, content=body, headers={"content-type": content_type, **(headers or {})})
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


def spans_of(traces: list[str]) -> bytes:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for trace in traces:
        span = spans.add(name="order.receive", trace_id=bytes.fromhex(trace), span_id=bytes.fromhex(trace[:16]))
        span.start_time_unix_nano = span.end_time_unix_nano = 1_774_605_600_000_000_000
    return request.SerializeToString()


def audit(product: Product, ledger: Ledger) -> dict[str, int]:
    """Compare the ledger with what the read endpoint shows: lost, invented and duplicate content keys."""
    found = {
        "events": [row[0] for row in product.query(f"SELECT id FROM events FINAL WHERE event_source IN {ORIGINS}")],
        "spans": [row[0] for row in product.query("SELECT trace_id FROM spans FINAL WHERE name = 'order.receive'")],
    }
    result = {"lost": 0, "invented": 0, "duplicates": 0}
    for kind, keys in found.items():
        result["lost"] += len(ledger.acknowledged(kind) - set(keys))
        result["invented"] += len(set(keys) - ledger.sent(kind))
        result["duplicates"] += len(keys) - len(set(keys))
    return result
