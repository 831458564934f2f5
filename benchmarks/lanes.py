"""What the critical lane feels of a backlog of three lanes: probes from the acknowledgement to the alert at the notifier, and without one.

The backlog is received while no engine runs. Then the engine is started, and critical probes are sent until all of the backlog is loaded:
each is an order that is rejected for a cause of its own, so that each opens an incident of its own. In the backlog too each lane has an
order that is rejected, the last one received; its alert is timed from the moment at which the engine answers.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks.figures import Figure, percentile, show
from tests.e2e.sinks import Sink, http_sink
from tests.product import Product, running
from tests.waiting import wait_until

LANES = ("critical", "standard", "bulk")
BATCH = 1000
PROBE_SECONDS = 1.0
FLOW = """
flow: {lane}
title: Orders of the lane {lane}
owner: order-desk
{raised}
keys:
  order: {{}}
milestones:
  captured: {{system: Shop, match: {{event: {lane}.order.captured}}, keys: {{order: data.order}}}}
  rejected: {{system: ERP, match: {{event: {lane}.order.rejected}}, keys: {{order: data.order}}, failure: true, stage: booked, cause: data.cause}}
  booked: {{system: ERP, match: {{event: {lane}.order.booked}}, keys: {{order: data.order}}}}
ends: [booked]
slas:
  book-in-time: {{title: Booked, from: captured, to: booked, within: 2 days, severity: critical, runbook: look}}
"""
"""Raised to its lane from that of the source, which is bulk."""


def _catalog(folder: Path) -> Path:
    for name in ("flows", "sources", "runbooks"):
        (folder / name).mkdir(parents=True)
    for lane in LANES:
        raised = "" if lane == "bulk" else f"lane: {lane}"
        (folder / "flows" / f"{lane}.yaml").write_text(FLOW.format(lane=lane, raised=raised))
    (folder / "sources" / "default.yaml").write_text("source: default\nowner: order-desk\nlane: bulk\n")
    (folder / "runbooks" / "look.md").write_text("---\nrunbook: look\ntitle: Look\n---\n1. Look.\n")
    (folder / "owners.yaml").write_text("owners: {order-desk: {title: Order desk, email: order-desk@example.com}}\n")
    channel = "{type: webhook, settings: {url: 'env:ANDON_TEST_WEBHOOK', secret: 'env:ANDON_TEST_WEBHOOK_SECRET'}}"
    (folder / "routes.yaml").write_text(f"channels: {{desk: {channel}}}\nroutes: [{{name: all, channels: [desk]}}]\n")
    return folder


def _event(lane: str, what: str, order: str, **data: object) -> dict[str, object]:
    at = datetime.now(UTC).isoformat()
    return {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/bench", "type": f"{lane}.order.{what}", "time": at,
            "data": {"order": order, **data}}  # fmt: skip


def _send(client: httpx.Client, collector_url: str, events: list[dict[str, object]]) -> None:
    while (
        client.post(f"{collector_url}/v1/events", json=events, headers={"content-type": "application/cloudevents-batch+json"}).status_code
        != 200
    ):
        time.sleep(0.05)


def _reject(client: httpx.Client, collector_url: str, lane: str, cause: str) -> float:
    """Send a rejected order; return when it was acknowledged."""
    order = uuid.uuid4().hex
    _send(client, collector_url, [_event(lane, "captured", order), _event(lane, "rejected", order, cause=cause)])
    return time.monotonic()


def _fill(product: Product, count: int) -> None:
    """Receive ``count`` events in each lane, then one order of each that is rejected."""
    with httpx.Client(timeout=60) as client:
        for _ in range(0, count, BATCH):
            for lane in LANES:
                _send(client, product.collector_url, [_event(lane, "captured", uuid.uuid4().hex[:12]) for _ in range(BATCH)])
        for lane in LANES:
            _reject(client, product.collector_url, lane, f"LAST_{lane}")


def _arrived(sink: Sink) -> dict[str, float]:
    first: dict[str, float] = {}
    for message, moment in zip(sink.messages, sink.arrivals, strict=False):
        first.setdefault(str(message["cause"]), moment)
    return first


def _probe(product: Product, sink: Sink, most: int, until: int) -> tuple[list[float], float]:
    """Send a probe a second until so many events are loaded, or ``most``; return how long each took, and how long all of it."""
    sent: dict[str, float] = {}
    began = time.monotonic()
    caught_up = 0.0
    with httpx.Client(timeout=30) as client:
        while len(sent) < most and not caught_up:
            cause = f"PROBE_{uuid.uuid4().hex[:8]}"
            sent[cause] = _reject(client, product.collector_url, "critical", cause)
            time.sleep(PROBE_SECONDS)
            if until and product.query("SELECT count() FROM transactions FINAL WHERE flow != 'andon-heartbeat'")[0][0] >= until:
                caught_up = time.monotonic() - began
    wait_until(lambda: set(sent) <= set(_arrived(sink)), 120, "every probe was alerted", pause=0.05)
    arrived = _arrived(sink)
    return [arrived[cause] - moment for cause, moment in sent.items()], caught_up


def main() -> None:
    """Fill, start the engine, probe; rest, probe again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000, help="in each lane")
    parser.add_argument("--probes", type=int, default=20, help="without a backlog")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, http_sink() as sink:
        environment = {"ANDON_TEST_WEBHOOK": sink.url, "ANDON_TEST_WEBHOOK_SECRET": "whsec_YmVuY2htYXJrIHNlY3JldCBiZW5jaG1hcms="}
        with running(Product(Path(folder) / "data", _catalog(Path(folder) / "catalog"), environment), "collect") as product:
            _fill(product, options.events)
            product.start("engine", wait=False)
            wait_until(lambda: httpx.get(f"{product.engine_url}/healthz"), 120, "the engine answers", pause=0.02)
            answered = time.monotonic()
            under, caught_up = _probe(product, sink, 10_000, 3 * options.events)
            wait_until(lambda: {f"LAST_{lane}" for lane in LANES} <= set(_arrived(sink)), 120, "every lane was alerted")
            last = {lane: _arrived(sink)[f"LAST_{lane}"] - answered for lane in LANES}
            time.sleep(10)
            idle, _ = _probe(product, sink, options.probes, 0)
    show(f"Critical lane under a backlog of three lanes ({options.events:,} events in each, {len(under)} probes)", [
        Figure("acknowledged → alert meanwhile, p50", f"{percentile(under, 0.5):.2f} s", ""),
        Figure("acknowledged → alert meanwhile, highest", f"{max(under):.2f} s", ""),
        Figure("acknowledged → alert without a backlog, p50", f"{percentile(idle, 0.5):.2f} s", ""),
        Figure("acknowledged → alert without a backlog, highest", f"{max(idle):.2f} s", ""),
        *(Figure(f"engine answers → alert of the last order of lane {lane}", f"{last[lane]:.2f} s", "") for lane in LANES),
        Figure("all is loaded and correlated after", f"{caught_up:.1f} s", ""),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
