"""The outside witness: what was sent, what was acknowledged; the product never sees it."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.product import Product

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"


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
    """Sends numbered events and spans until stopped; resends what got no answer, as senders do."""

    def __init__(self, product: Product, ledger: Ledger, name: str, seed: int, pause: float = 0.1) -> None:
        super().__init__(name=name, daemon=True)
        self._product = product
        self._ledger = ledger
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._pause = pause
        self._at = datetime.now(UTC).isoformat()

    def run(self) -> None:
        number = 0
        with httpx.Client(timeout=5.0) as client:
            while not self._stopping.is_set():
                number += 1
                send = self._send_events if number % 2 else self._send_spans
                for _ in range(1 + (self._random.random() < 0.1)):
                    send(client, number)
                time.sleep(self._pause)

    def stop(self) -> None:
        self._stopping.set()
        self.join(10)

    def _send_events(self, client: httpx.Client, number: int) -> None:
        keys = [f"{self.name}-{number}-{index}" for index in range(5)]
        batch = [
            {
                "specversion": "1.0",
                "id": key,
                "source": "/faults",
                "type": "shop.order.captured",
                "time": self._at,
                "data": {"order": key, "amount": 10, "currency": "EUR", "customer": "ACME", "plant": "DE07"},
            }
            for key in keys
        ]
        self._exchange(client, "events", keys, "/v1/events", {"content-type": "application/cloudevents-batch+json"}, json=batch)

    def _send_spans(self, client: httpx.Client, number: int) -> None:
        request = ExportTraceServiceRequest()
        spans = request.resource_spans.add().scope_spans.add().spans
        keys = []
        for index in range(5):
            trace = (f"{self.name}-{number}-{index}".encode().hex() + "0" * 32)[:32]
            span = spans.add(name="order.receive", trace_id=bytes.fromhex(trace), span_id=bytes.fromhex(trace[:16]))
            span.start_time_unix_nano = span.end_time_unix_nano = 1_774_605_600_000_000_000
            keys.append(trace)
        body = request.SerializeToString()
        self._exchange(client, "spans", keys, "/v1/traces", {"content-type": "application/x-protobuf"}, content=body)

    def _exchange(self, client: httpx.Client, kind: str, keys: list[str], path: str, headers: dict[str, str], **body: object) -> None:
        self._ledger.note(kind, keys, UNKNOWN)
        try:
            response = client.post(self._product.door + path, headers=headers, **body)  # type: ignore[arg-type]
        except httpx.TransportError:
            time.sleep(0.05)
            return
        self._ledger.note(kind, keys, ACKNOWLEDGED if response.status_code == 200 else REFUSED)


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
