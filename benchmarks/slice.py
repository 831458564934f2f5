"""What loading one slice costs, in processor time, by kind and number of signals: from the journal into the tables.

As in the engine, positions are written once some slices are in; the median is of a slice after which they are not.

Two ways alternate, each in a process of its own: rows decoded in Python, as the engine does with small slices, and by the store's views, as
it does with large ones. Where both cost the same is where ``store.loading.slice.DECODED_MAX`` belongs.

``--against`` names the folder of another checkout, whose loads alternate with those of this one, both as they are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.figures import Figure, percentile, show
from core.clock import SystemClock
from core.config import Settings
from core.folder import make_folder
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from journal.format import segment_path
from journal.segment import SegmentWriter, make_row
from store.client import open_store
from store.loading import slice as slices
from store.loading.loader import Loader
from store.migrations import migrate

CHECKOUT = Path(__file__).parents[1]
"""This one."""
SIZES = (1, 10, 100, 1_000, 10_000)
WANTED = {SignalKind.TRACES: 15, SignalKind.LOGS: 15, SignalKind.METRICS: 15, SignalKind.EVENT: 10}
"""Milliseconds for a single signal."""
AS_IT_IS = -1
_Ask = Callable[[SignalKind, int], float]


def _spans(count: int) -> list[tuple[bytes, int]]:
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "order-gateway"
    scope = resource.scope_spans.add()
    now = time.time_ns()
    for number in range(count):
        span = scope.spans.add(
            trace_id=os.urandom(16), span_id=os.urandom(8), parent_span_id=os.urandom(8), name="order.book", kind=2,
            start_time_unix_nano=now + number, end_time_unix_nano=now + number + 1_000_000,
        )  # fmt: skip
        for key in ("order.id", "customer.id", "plant", "http.route", "http.request.method", "server.address"):
            span.attributes.add(key=key).value.string_value = f"{key} {number}"
        span.attributes.add(key="http.response.status_code").value.int_value = 200
        span.attributes.add(key="order.express").value.bool_value = False
    return [(message.SerializeToString(), count)]


def _logs(count: int) -> list[tuple[bytes, int]]:
    message = ExportLogsServiceRequest()
    resource = message.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "order-gateway"
    scope = resource.scope_logs.add()
    for number in range(count):
        record = scope.log_records.add(
            time_unix_nano=time.time_ns() + number, severity_number=9, severity_text="INFO", trace_id=os.urandom(16)
        )
        record.body.string_value = f"order {number} is booked"
        for key in ("order.id", "customer.id", "plant"):
            record.attributes.add(key=key).value.string_value = f"{key} {number}"
    return [(message.SerializeToString(), count)]


def _metrics(count: int) -> list[tuple[bytes, int]]:
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "order-gateway"
    points = resource.scope_metrics.add().metrics.add(name="orders.open", unit="1").gauge.data_points
    for number in range(count):
        point = points.add(time_unix_nano=time.time_ns() + number, as_int=number)
        point.attributes.add(key="plant").value.string_value = f"DE{number}"
    return [(message.SerializeToString(), count)]


def _events(count: int) -> list[tuple[bytes, int]]:
    head = {"specversion": "1.0", "source": "/crm", "type": "crm.order.captured", "time": "2026-11-29T10:00:00Z"}
    data = {"orderId": "4711", "total": 1200, "currency": "EUR", "customer": "C-100", "plant": "DE07"}
    return [(msgspec.json.encode({**head, "id": os.urandom(8).hex(), "data": data}), 1) for _ in range(count)]


BODIES: dict[SignalKind, Callable[[int], list[tuple[bytes, int]]]] = {
    SignalKind.TRACES: _spans,
    SignalKind.LOGS: _logs,
    SignalKind.METRICS: _metrics,
    SignalKind.EVENT: _events,
}
"""By kind: what makes the bodies of records, each with its number of signals, that hold so many signals."""


def _worker() -> None:
    """Load a slice for each kind and number read; answer on standard output with the processor seconds of this process."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        store = open_store(settings)
        migrate(store)
        loader = Loader(settings, store, SystemClock(), Telemetry())
        path = segment_path(settings.journal, "bench", Lane.STANDARD, 1)
        make_folder(path.parent)
        segment = SegmentWriter(path)  # one that stays open, as the collector's
        for asked in sys.stdin:
            kind, count = asked.split()
            _write(segment, SignalKind(kind), int(count))
            started = time.process_time()
            report = loader.load(write_behind=True)
            store.flush()
            taken = time.process_time() - started
            if report.failed or sum(report.signals.values()) != int(count):
                raise RuntimeError(f"{report.signals} were loaded instead of {count}: {report.failed}")
            print(taken, flush=True)
        loader.close()
        store.close()


def _write(segment: SegmentWriter, kind: SignalKind, count: int) -> None:
    now = time.time_ns() // 1_000_000
    segment.append([make_row(Record(kind, "gateway", Lane.STANDARD, now, signals, body)) for body, signals in BODIES[kind](count)])


@contextmanager
def _worker_of(checkout: Path, decoded_max: int) -> Iterator[_Ask]:
    """Yield a function that asks a worker on the code of a checkout."""
    command = [sys.executable, "-P", __file__, "--worker", str(decoded_max)]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:

        def ask(kind: SignalKind, count: int) -> float:
            print(kind.value, count, file=process.stdin, flush=True)
            answer = process.stdout.readline() if process.stdout else ""
            if not answer:
                raise SystemExit(f"the worker on {checkout} has ended")
            return float(answer)

        yield ask
        if process.stdin:
            process.stdin.close()


def _figure(kind: SignalKind, count: int, ways: dict[str, _Ask], rounds: int) -> Figure:
    """Load slices in each way in turn; the first round warms up."""
    found = [{way: ask(kind, count) for way, ask in ways.items()} for _ in range(rounds + 1)][1:]
    first, second = (percentile([taken[way] for taken in found], 0.5) * 1e3 for way in ways)
    wanted = f"≤ {WANTED[kind]} ms" if count == 1 else ""
    return Figure(f"{kind.value}, {count:,} in a slice", f"{first:.1f} / {second:.1f} ms = {first / second:.2f}", wanted)


def main() -> None:
    """Load slices of every kind and size, in two ways in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="of each size up to 100; a third of it for larger ones")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--kinds", type=SignalKind, nargs="+", default=list(BODIES))
    parser.add_argument("--against", type=Path, help="the folder of another checkout")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        if options.worker != AS_IT_IS:
            slices.DECODED_MAX.update(dict.fromkeys(slices.DECODED_MAX, options.worker))
        _worker()
        return
    chosen: dict[str, tuple[Path, int]] = {"decoded in Python": (CHECKOUT, 1 << 30), "by views": (CHECKOUT, 0)}
    if options.against:
        chosen = {"this checkout": (CHECKOUT, AS_IT_IS), str(options.against): (options.against.absolute(), AS_IT_IS)}
    with ExitStack() as stack:
        ways = {name: stack.enter_context(_worker_of(*way)) for name, way in chosen.items()}
        figures = [
            _figure(kind, count, ways, options.rounds if count <= 100 else max(1, options.rounds // 3))
            for kind in options.kinds
            for count in options.sizes
        ]
    show(f"Loading one slice, processor time: {' / '.join(chosen)}", figures)


if __name__ == "__main__":
    main()
