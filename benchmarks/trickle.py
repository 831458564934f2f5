"""What a trickle costs: a span, a log record, a metric point and an event a second, each in a request of its own; and what idling does.

Processor time of each process, as a share of a core, after it has warmed up. The catalog is the shipped one; the event is an order that is
captured, so that every second a transaction begins.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.figures import Figure, show
from benchmarks.latency import processor_seconds
from benchmarks.slice import BODIES
from core.signal import SignalKind
from tests.product import Product, running

CATALOG = Path(__file__).parents[1] / "catalog"
PATHS = {SignalKind.TRACES: "traces", SignalKind.LOGS: "logs", SignalKind.METRICS: "metrics", SignalKind.EVENT: "events"}
WARM_UP_SECONDS = 20


def _send(client: httpx.Client, collector_url: str) -> None:
    for kind, path in PATHS.items():
        [(body, _)] = BODIES[kind](1)
        type_ = "application/cloudevents+json" if kind is SignalKind.EVENT else "application/x-protobuf"
        client.post(f"{collector_url}/v1/{path}", content=body, headers={"content-type": type_}).raise_for_status()


def _shares(product: Product, seconds: int, *, send: bool) -> dict[str, float]:
    """Return the share of a core that each process takes."""
    with httpx.Client(timeout=30) as client:
        for second in range(WARM_UP_SECONDS + seconds):
            if second == WARM_UP_SECONDS:
                before, began = processor_seconds(product), time.monotonic()
            if send:
                _send(client, product.collector_url)
            time.sleep(max(0.0, 1 - time.monotonic() % 1))
    after, passed = processor_seconds(product), time.monotonic() - began
    return {kind: (after[kind] - taken) / passed for kind, taken in before.items()}


def main() -> None:
    """Send a trickle, then nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Product(Path(folder) / "data", CATALOG, {}), "collect", "engine") as product:
        trickle = _shares(product, options.seconds, send=True)
        idle = _shares(product, options.seconds, send=False)
    show(f"A signal of each kind a second, for {options.seconds} s: processor time of a core", [
        Figure("engine", f"{trickle['engine']:.1%}", "≤ 15 %"),
        Figure("collector", f"{trickle['collect']:.1%}", ""),
        Figure("engine, idle", f"{idle['engine']:.1%}", ""),
        Figure("collector, idle", f"{idle['collect']:.1%}", ""),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
