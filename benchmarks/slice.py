"""What loading one slice costs, in processor time of this process, by kind and number of signals: from the journal to a written position.

Two ways alternate in every round: rows decoded by the engine itself, as it does with small slices, and by the store's views, as it does
with large ones. Where both cost the same is where ``store.slice.DECODED_MAX`` belongs.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from benchmarks.figures import Figure, percentile, show
from benchmarks.journals import Bench, bench, request
from core.signal import SignalKind
from store import slice as slices

WAYS = {"here": 1 << 30, "views": 0}
"""The largest slice that is decoded by the engine itself."""
_SIZES = (1, 10, 100, 1_000, 10_000)


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
    return [(json.dumps({**head, "id": os.urandom(8).hex(), "data": data}).encode(), 1) for _ in range(count)]


_MAKERS: dict[SignalKind, Callable[[int], list[tuple[bytes, int]]]] = {
    SignalKind.TRACES: lambda count: [(request(["order.book"], count), count)],
    SignalKind.LOGS: _logs,
    SignalKind.METRICS: _metrics,
    SignalKind.EVENT: _events,
}


def _round(opened: Bench, kind: SignalKind, count: int) -> dict[str, float]:
    """Load a slice in each way; return the processor seconds."""
    taken = {}
    for way, most in WAYS.items():
        slices.DECODED_MAX.update(dict.fromkeys(slices.DECODED_MAX, most))
        opened.write_records(kind, _MAKERS[kind](count))
        taken[way] = opened.load()[0].processor
    return taken


def main() -> None:
    """Load slices of every kind and size, in both ways in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="of each size up to 100; a third of it for larger ones")
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES)
    parser.add_argument("--kinds", type=SignalKind, nargs="+", default=list(_MAKERS))
    options = parser.parse_args()
    figures = []
    for kind in options.kinds:
        for count in options.sizes:
            with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as opened:
                _round(opened, kind, count)
                rounds = [_round(opened, kind, count) for _ in range(options.rounds if count <= 100 else max(1, options.rounds // 3))]
            here, views = (percentile([taken[way] for taken in rounds], 0.5) * 1e3 for way in WAYS)
            both = f"{here:.1f} / {views:.1f} ms = {here / views:.2f}"
            name = f"{kind.value}, {count:,} in a slice" + (": decoded here / by views" if kind in slices.DECODED_MAX else "")
            figures.append(Figure(name, both if kind in slices.DECODED_MAX else f"{views:.1f} ms", ""))
    show("Loading one slice, processor time", figures)


if __name__ == "__main__":
    main()
