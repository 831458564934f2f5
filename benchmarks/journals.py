"""Journals of spans, and their way into an embedded store, for the benchmarks that measure it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from core.clock import SystemClock
from core.config import Settings
from core.folder import make_folder
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from journal.format import segment_path
from journal.segment import SegmentWriter, make_row
from store.client import Store, open_store
from store.loading.loader import Loader
from store.migrations import migrate

SPANS = 1000
"""A request's."""

TEXTS = ("order.id", "customer.id", "plant", "http.route", "http.request.method", "server.address")


@dataclass(frozen=True)
class Taken:
    """What a load took: seconds by the clock, and of all this process's threads."""

    wall: float
    processor: float


class Bench:
    """An empty embedded store, and a loader that reads journals written here."""

    def __init__(self, folder: Path) -> None:
        self._settings = Settings(data=folder)
        self.store: Store = open_store(self._settings)
        migrate(self.store)
        self._loader = Loader(self._settings, self.store, SystemClock(), Telemetry())
        self._segments = 0

    def write(self, bodies: Sequence[bytes]) -> None:
        """Write a closed segment of trace requests."""
        self._segments += 1
        path = segment_path(self._settings.journal, "bench", Lane.STANDARD, self._segments)
        make_folder(path.parent)
        now = time.time_ns() // 1_000_000
        segment = SegmentWriter(path)
        segment.append([make_row(Record(SignalKind.TRACES, "gateway", Lane.STANDARD, now, SPANS, body)) for body in bodies])
        segment.close(now)

    def load(self) -> tuple[Taken, list[int]]:
        """Load all there is; return what it took and the slices."""
        slices: list[int] = []
        wall, processor = time.perf_counter(), time.process_time()
        more = True
        while more:
            report = self._loader.load()
            if report.failed:
                raise RuntimeError(report.failed)
            slices += report.slices
            more = report.more or bool(report.slices)
        return Taken(time.perf_counter() - wall, time.process_time() - processor), slices

    def close(self) -> None:
        """Close the loader and the store."""
        self._loader.close()
        self.store.close()


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Yield a bench and close it."""
    opened = Bench(folder)
    try:
        yield opened
    finally:
        opened.close()


def request(names: Sequence[str]) -> bytes:
    """Return a request of 1,000 spans of nine attributes each (six texts, a number, a truth value, an empty text)."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "order-gateway"
    scope = resource.scope_spans.add()
    scope.scope.name = "benchmark"
    now = time.time_ns()
    for number in range(SPANS):
        span = scope.spans.add(
            trace_id=os.urandom(16), span_id=os.urandom(8), parent_span_id=os.urandom(8), name=names[number % len(names)], kind=2,
            start_time_unix_nano=now + number, end_time_unix_nano=now + number + 1_000_000,
        )  # fmt: skip
        for text in TEXTS:
            span.attributes.add(key=text).value.string_value = f"{text} {number}"
        span.attributes.add(key="http.response.status_code").value.int_value = 200
        span.attributes.add(key="order.express").value.bool_value = False
        span.attributes.add(key="order.note").value.string_value = ""
    return message.SerializeToString()
