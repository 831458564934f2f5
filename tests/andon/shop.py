"""A shop on a clock that the test moves: its catalog, its signals in a journal, and the stages that read them, on a real store."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from andon.catalog_check import check_catalog
from andon.engine.pipeline import Pipeline
from core.catalog.catalog import Catalog
from core.clock import FakeClock, to_milliseconds
from core.config import Settings
from core.signal import Lane, Record, SignalKind
from store.client import Store
from tests.store.journals import write_segment

START = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)
FLOW = """
flow: orders
title: Orders
owner: desk
keys: {order: {}}
facts: {amount: {type: decimal}%(facts)s}
milestones:
  captured: {system: Shop, match: {event: shop.captured}, keys: {order: data.order}, facts: {amount: data.amount}}
  booked: {system: ERP, match: {%(booked)s}}
  shipped: {system: WMS, match: {event: wms.shipped}, keys: {order: data.order}}
%(rejected)sends: [%(ends)s]
slas:
%(slas)s
"""
REJECTED = (
    "  rejected: {system: ERP, match: {event: erp.rejected}, keys: {order: data.order}, failure: true, stage: booked, cause: data.cause}\n"
)
BY_EVENT = "event: erp.booked}, keys: {order: data.order"
BY_SPAN = "span: order.book}, keys: {order: attributes.order.id"
BOOK = "  book: {title: Booked, from: captured, to: booked, within: %s, warn: 50%%, severity: critical, runbook: r}\n"
SHIP = "  ship: {title: Shipped, from: captured, to: shipped, within: %s, severity: critical, runbook: r}\n"


def catalog(
    folder: Path, slas: str = BOOK % "15 minutes", *, facts: str = "", booked: str = BY_EVENT, ends: str = "shipped", rejected: bool = False
) -> Catalog:
    """Write the shop's catalog into ``folder`` and read it."""
    for name in ("flows", "runbooks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    flow = FLOW % {"facts": facts, "booked": booked, "ends": ends, "slas": slas, "rejected": REJECTED if rejected else ""}
    (folder / "flows" / "orders.yaml").write_text(flow if slas else flow.replace("slas:\n", ""))
    (folder / "runbooks" / "r.md").write_text("---\nrunbook: r\ntitle: Look at the queue\n---\n1. Look.\n")
    (folder / "owners.yaml").write_text("owners: {desk: {title: Desk, email: desk@example.com}}\n")
    channel = '{desk: {type: webhook, settings: {url: "http://127.0.0.1:9/desk"}}}'
    (folder / "routes.yaml").write_text(f"channels: {channel}\nroutes: [{{name: all, channels: [desk]}}]\n")
    return check_catalog(folder).catalog


@dataclass
class Shop:
    """What happens, and what the store says of it."""

    store: Store
    settings: Settings
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    _segments: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def send(self, *records: Record) -> None:
        """Put records into the journal, each in its lane."""
        for lane in Lane:
            if those := [record for record in records if record.lane is lane]:
                write_segment(self.settings, those, next(self._segments), lane=lane, closed_at=self.now)

    def event(
        self, type_: str, order: str, *, id_: str = "", at: datetime | None = None, lane: Lane = Lane.STANDARD, **data: Any
    ) -> Record:
        """Return an event that happened ``at`` (now) and is received now."""
        body: dict[str, Any] = {"specversion": "1.0", "source": "/shop", "id": id_ or f"{type_}-{order}", "type": type_}
        body |= {"time": (at or self.clock.now()).isoformat(), "data": {"order": order, **data}}
        return Record(SignalKind.EVENT, "default", lane, self.now, 1, json.dumps(body).encode())

    def span(self, order: str, number: int) -> Record:
        """Return a span that books an order now."""
        request = ExportTraceServiceRequest()
        span = request.resource_spans.add().scope_spans.add().spans.add(name="order.book")
        span.trace_id, span.span_id = bytes([number]) * 16, bytes([number]) * 8
        span.start_time_unix_nano = span.end_time_unix_nano = self.now * 1_000_000
        attribute = span.attributes.add(key="order.id")
        attribute.value.string_value = order
        return Record(SignalKind.TRACES, "default", Lane.STANDARD, self.now, 1, request.SerializeToString())

    def pass_time(self, **duration: float) -> None:
        """Move the clock."""
        self.clock.advance(timedelta(**duration))

    def settle(self, pipeline: Pipeline, *, alert: bool = True) -> None:
        """Run the stages until there is nothing more to do now."""
        stages = pipeline.stages
        while (loaded := stages.load()).some or loaded.more:
            pass
        while stages.correlate.run(self.clock.now()):
            pass
        stages.evaluate.run(self.clock.now())
        while alert and stages.alert.run(self.clock.now()):
            pass

    def verdicts(self, sla: str = "book") -> dict[str, list[str]]:
        """Return the verdicts of each order, in order."""
        rows = self.store.rows(
            "SELECT t.reference AS reference, groupArray(v.verdict) AS verdicts FROM (SELECT * FROM verdicts FINAL ORDER BY version) AS v"
            " INNER JOIN (SELECT transaction_id, reference FROM transactions FINAL) AS t ON t.transaction_id = v.transaction_id"
            " WHERE v.sla = {sla:String} GROUP BY reference",
            {"sla": sla},
        )
        return {row["reference"]: row["verdicts"] for row in rows}

    def clocks(self) -> dict[tuple[str, str], str]:
        """Return the current verdict by order and SLA."""
        rows = self.store.rows("SELECT reference, sla, verdict FROM clocks FINAL WHERE removed = 0")
        return {(row["reference"], row["sla"]): row["verdict"] for row in rows}

    def milestones(self) -> dict[str, list[str]]:
        """Return the milestones of each order."""
        rows = self.store.rows("SELECT reference, arraySort(mapKeys(first_at)) AS names FROM transactions FINAL WHERE state != 'merged'")
        return {row["reference"]: row["names"] for row in rows}

    def incidents(self) -> list[str]:
        """Return the status of each incident."""
        return [row["status"] for row in self.store.rows("SELECT status FROM incidents FINAL ORDER BY opened_at")]

    @property
    def now(self) -> int:
        """The clock's milliseconds since 1970."""
        return to_milliseconds(self.clock.now())
