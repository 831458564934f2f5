"""Acknowledged event to alert at the notifier, under load, with many open transactions; and what the processes use meanwhile.

Each probe is one batch of two events: an order captured three hours ago (its SLA is broken at once) and its rejection for a cause of its
own, so that every probe opens an incident of its own; no other order is late before the end, and as many end as are opened. The clock
starts when the collector has acknowledged the batch and stops when the message is at a real HTTP receiver.

Beside them one question is asked that nobody answers: its deadlines pass in silence one after the other, and how late each message is at
the receiver is measured from the deadline.

Ten minutes of a large installation: ``--open 1000000 --rate 5000 --probes 2000``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from benchmarks.figures import Figure, percentile, show
from core.catalog.load import load_catalog
from core.duration import parse_duration
from tests.e2e.sinks import Sink, http_sink
from tests.product import Product, running
from tests.waiting import wait_until

CATALOG = Path(__file__).parents[1] / "benchmarks" / "catalogs" / "orders"
BATCH = 75


def _event(type_: str, at: str, **data: object) -> dict[str, object]:
    return {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/bench", "type": type_, "time": at, "data": data}


def _send(client: httpx.Client, collector_url: str, events: list[dict[str, object]]) -> None:
    while (
        client.post(f"{collector_url}/v1/events", json=events, headers={"content-type": "application/cloudevents-batch+json"}).status_code
        != 200
    ):
        time.sleep(0.05)


def _captured(order: str, at: str) -> dict[str, object]:
    return _event("shop.order.captured", at, order=order, amount=100, currency="EUR", customer=f"C{hash(order) % 50}", plant="DE07")


def _booked(orders: list[str], at_ns: int) -> dict[str, object]:
    """Return the OTLP/JSON request of a span for each of these orders."""
    spans = [
        {
            "traceId": uuid.uuid4().hex, "spanId": uuid.uuid4().hex[:16], "name": "order.book", "kind": 5,
            "startTimeUnixNano": str(at_ns), "endTimeUnixNano": str(at_ns + 40_000_000),
            "attributes": [{"key": "order.id", "value": {"stringValue": order}}],
        }
        for order in orders
    ]  # fmt: skip
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "erp"}}]}
    return {"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": spans}]}]}


def _load(collector_url: str, rate: float, seconds: float, achieved: Any) -> None:
    """Send ``rate`` milestones a second; put the rate that was achieved.

    Of each batch a third open an order, a third book those of the batch before, as spans, and with a third those before that end.
    """
    with httpx.Client(timeout=30) as client:
        started, sent = time.monotonic(), 0
        booked: list[str] = []
        fresh: list[str] = []
        while (now := time.monotonic() - started) < seconds:
            if sent > now * rate:
                time.sleep(0.002)
                continue
            at = datetime.now(UTC).isoformat()
            fresh, booking, shipped = [uuid.uuid4().hex[:12] for _ in range(BATCH // 3)], fresh, booked
            _send(
                client,
                collector_url,
                [*(_captured(order, at) for order in fresh), *(_event("wms.order.shipped", at, order=order) for order in shipped)],
            )
            if booking:
                client.post(f"{collector_url}/v1/traces", json=_booked(booking, time.time_ns())).raise_for_status()
            booked = booking
            sent += len(fresh) + len(booking) + len(shipped)
        achieved.put(sent / (time.monotonic() - started))


def _fill(product: Product, count: int) -> None:
    with httpx.Client(timeout=60) as client:
        for _ in range(0, count, 1000):
            at = datetime.now(UTC).isoformat()
            _send(client, product.collector_url, [_captured(uuid.uuid4().hex[:12], at) for _ in range(1000)])
    wait_until(
        lambda: product.query("SELECT uniqExact(transaction_id) FROM clocks")[0][0] >= count, 300, "open transactions are loaded", pause=1.0
    )


def _probe(product: Product, sink: Sink, count: int) -> list[float]:
    sent: dict[str, float] = {}
    with httpx.Client(timeout=30) as client:
        for _ in range(count):
            order, cause = uuid.uuid4().hex[:12], f"PROBE_{uuid.uuid4().hex[:8]}"
            at = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
            _send(client, product.collector_url, [_captured(order, at), _event("erp.order.rejected", at, order=order, cause=cause)])
            sent[cause] = time.monotonic()
            time.sleep(0.25)
    wait_until(lambda: len({m["cause"] for m in sink.messages} & set(sent)) == count, 60, "every probe was alerted")
    arrived = _first_arrivals(sink, "cause")
    return [arrived[cause] - moment for cause, moment in sent.items()]


def _ask(product: Product) -> dict[str, float]:
    """Ask a question; return by stage when its deadline passes, on the monotonic clock."""
    flow = load_catalog(CATALOG).catalog.flows["questions"]
    at, moment = datetime.now(UTC), time.monotonic()
    with httpx.Client(timeout=30) as client:
        _send(
            client, product.collector_url, [_event("shop.question.asked", at.isoformat(timespec="milliseconds"), question=uuid.uuid4().hex)]
        )
    whole = moment - at.microsecond % 1000 / 1e6  # the store keeps milliseconds
    return {sla.to: whole + parse_duration(str(sla.within)).milliseconds / 1000 for sla in flow.slas.values()}


def _lateness(sink: Sink, due: dict[str, float]) -> list[float]:
    wait_until(lambda: set(due) <= set(_first_arrivals(sink, "stage")), 60, "every deadline that passed was alerted")
    arrived = _first_arrivals(sink, "stage")
    return [arrived[stage] - moment for stage, moment in due.items()]


def _first_arrivals(sink: Sink, name: str) -> dict[str, float]:
    """Return when a message of something late or failed first came, by ``name``; not the warnings before."""
    arrived: dict[str, float] = {}
    for message, moment in zip(sink.messages, sink.arrivals, strict=False):
        if message["breached"]:
            arrived.setdefault(message[name], moment)
    return arrived


def _resident_mib(product: Product, kind: str) -> float:
    status = Path(f"/proc/{product.processes[kind].pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def processor_seconds(product: Product) -> dict[str, float]:
    """Return the processor time that each process has taken."""
    taken = {}
    for kind, process in product.processes.items():
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        taken[kind] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return taken


def main() -> None:
    """Fill, load, probe, rest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--probes", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, http_sink() as sink:
        environment = {"ANDON_TEST_WEBHOOK": sink.url, "ANDON_TEST_WEBHOOK_SECRET": "whsec_YmVuY2htYXJrIHNlY3JldCBiZW5jaG1hcms="}
        with running(Product(Path(folder) / "data", CATALOG, environment), "collect", "engine", "dashboard") as product:
            _fill(product, options.open)
            seconds = options.probes * 0.3 + 15
            achieved = multiprocessing.Queue()
            load = multiprocessing.Process(target=_load, args=(product.collector_url, options.rate, seconds, achieved), daemon=True)
            load.start()
            threading.Event().wait(5)
            due = _ask(product)
            delays = _probe(product, sink, options.probes)
            late = _lateness(sink, due)
            load.join()
            rate = achieved.get()
            memory = {kind: _resident_mib(product, kind) for kind in ("collect", "engine")}
            threading.Event().wait(30)
            before, at = sum(processor_seconds(product).values()), time.monotonic()
            threading.Event().wait(30)
            idle = (sum(processor_seconds(product).values()) - before) / (time.monotonic() - at)
    if rate < 0.95 * options.rate:
        raise SystemExit(f"only {rate:.0f} events a second were sent, not {options.rate:.0f}: the figures would flatter")
    load_text = f"{rate:.0f} milestones/s sent, {options.open:,} open transactions"
    show(f"Event to alert ({load_text})", [
        Figure("acknowledged → alert, p50", f"{percentile(delays, 0.5):.2f} s", "≤ 0.5 s"),
        Figure("acknowledged → alert, p99", f"{percentile(delays, 0.99):.2f} s", "≤ 1 s"),
        Figure("a deadline that passes in silence → alert, earliest to latest", f"{min(late):.2f} to {max(late):.2f} s", "0 to 2 s"),
        Figure("collector, highest memory", f"{memory['collect']:.0f} MiB", "≤ 200 MiB"),
        Figure("engine, highest memory", f"{memory['engine']:.0f} MiB", "≤ 1,536 MiB"),
        Figure("idle, all processes", f"{idle:.1%} of a core", "≤ 3 %"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
