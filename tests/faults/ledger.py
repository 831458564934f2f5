"""The outside witness: what was sent, what was acknowledged; the product never sees it."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import grpc
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.product import Product

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
RECONNECTS_SOON = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]


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
    """Sends numbered events and spans over HTTP and gRPC until stopped; sends again what got no answer, and some for no reason."""

    def __init__(self, product: Product, ledger: Ledger, name: str, seed: int, pause: float = 0.1) -> None:
        super().__init__(name=name, daemon=True)
        self._product = product
        self._ledger = ledger
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._pause = pause
        self._at = datetime.now(UTC).isoformat()

    def run(self) -> None:
        address = f"127.0.0.1:{self._product.grpc_port}"
        with httpx.Client(timeout=5.0) as client, grpc.insecure_channel(address, options=RECONNECTS_SOON) as channel:
            roads = (self._events(client), self._spans_over_http(client), self._spans_over_grpc(channel))
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

    def _events(self, client: httpx.Client) -> tuple[str, Callable[[list[str]], str]]:
        def send(keys: list[str]) -> str:
            data = {"amount": 10, "currency": "EUR", "customer": "ACME", "plant": "DE07"}
            common = {"specversion": "1.0", "source": "/faults", "type": "shop.order.captured", "time": self._at}
            batch = [{**common, "id": key, "data": {"order": key, **data}} for key in keys]
            return self._post(client, "/v1/events", "application/cloudevents-batch+json", json.dumps(batch).encode())

        return "events", send

    def _spans_over_http(self, client: httpx.Client) -> tuple[str, Callable[[list[str]], str]]:
        return "spans", lambda keys: self._post(client, "/v1/traces", "application/x-protobuf", spans_of(keys))

    def _spans_over_grpc(self, channel: grpc.Channel) -> tuple[str, Callable[[list[str]], str]]:
        export = channel.unary_unary(EXPORT)

        def send(keys: list[str]) -> str:
            try:
                export(spans_of(keys), timeout=5.0)
            except grpc.RpcError:
                return UNKNOWN
            return ACKNOWLEDGED

        return "spans", send

    def _post(self, client: httpx.Client, path: str, content_type: str, body: bytes) -> str:
        try:
            response = client.post(self._product.door + path, content=body, headers={"content-type": content_type})
        except httpx.TransportError:
            return UNKNOWN
        return ACKNOWLEDGED if response.status_code == 200 else REFUSED


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
        "events": [row[0] for row in product.query("SELECT id FROM events FINAL WHERE event_source = '/faults'")],
        "spans": [row[0] for row in product.query("SELECT trace_id FROM spans FINAL WHERE name = 'order.receive'")],
    }
    result = {"lost": 0, "invented": 0, "duplicates": 0}
    for kind, keys in found.items():
        result["lost"] += len(ledger.acknowledged(kind) - set(keys))
        result["invented"] += len(set(keys) - ledger.sent(kind))
        result["duplicates"] += len(keys) - len(set(keys))
    return result
