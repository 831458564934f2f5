"""Believable rows for the dashboard: three shipped flows, 30 days of clocks and verdicts, incidents, deliveries, silences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from core.catalog.calendar import Calendar
from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.catalog.positions import read_document
from core.catalog.routing import Owners
from core.catalog.runbook import Runbook, Step
from core.catalog.source import Source
from store.client import Store
from store.stages.derived import follow_clocks
from store.statement import statement
from tests.store.queues import tell

SHIPPED = Path(__file__).parents[2] / "catalog"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CUSTOMERS = ["ACME GmbH", "Bergmann AG", "Citroli SpA", "Delta Pumps", "Eastwood Ltd", "Fuji Seiki", "Globex", "Helvetia Rail"]
PLANTS = {"DE07": "EUR", "US02": "USD", "PL03": "EUR"}
HOSTILE = "<script>window.hit=1</script><img src=x onerror=window.hit=1> **bold** [x](javascript:alert(1)) $x$ :material/home:"


CHANGE = Step(step="send-again", title="Send it again", post="http://middleware/orders/{sales_order}", reason=True)
"""A step that changes something: the shipped runbooks have none."""


RESUBMIT = {"type": "rabbitmq", "url": "env:BROKER", "queue": "orders", "approval": "two"}
"""Where what the source 'crm' could not use may be published again: no shipped source says so."""
LETTERS = Step(step="letters", title="Publish again what ERP gave up", resubmit="crm")
"""A step that offers it."""


def catalog() -> Catalog:
    """The shipped definitions, :data:`CHANGE`, :data:`RESUBMIT` and :data:`LETTERS`.

    Each file alone: no cross-checks, so that this stands on its own.
    """
    flows = [Flow.model_validate(_yaml(file)) for file in sorted((SHIPPED / "flows").glob("*.yaml"))]
    sources = [Source.model_validate(_yaml(file)) for file in sorted((SHIPPED / "sources").glob("*.yaml"))]
    sources = [source.model_copy(update={"resubmit": RESUBMIT}) if source.source == "crm" else source for source in sources]
    scanners = {"type": "mqtt", "url": "env:WMS", "topics": ["scanners/#"]}
    sources = [source.model_copy(update={"receiver": scanners}) if source.source == "wms" else source for source in sources]
    calendars = [Calendar.model_validate(_yaml(file)) for file in sorted((SHIPPED / "calendars").glob("*.yaml"))]
    runbooks = {}
    for file in sorted((SHIPPED / "runbooks").glob("*.md")):
        _, front, body = file.read_text().split("---", 2)
        runbooks[file.stem] = Runbook.model_validate({**read_document(file.name, front.encode()).value, "body": body})
    resubmitted = runbooks["order-not-booked"]
    runbooks["order-not-booked"] = resubmitted.model_copy(update={"steps": [*resubmitted.steps, CHANGE, LETTERS]})
    return Catalog(
        version="test",
        flows={flow.flow: flow for flow in flows},
        calendars={calendar.calendar: calendar for calendar in calendars},
        sources={source.source: source for source in sources},
        runbooks=runbooks,
        owners=Owners.model_validate(_yaml(SHIPPED / "owners.yaml")),
    )


def _yaml(file: Path) -> Any:
    return read_document(file.name, file.read_bytes()).value


def line(flow: Flow) -> list[str]:
    """The milestones every transaction of the flow passes, in order."""
    return [name for name, milestone in flow.milestones.items() if not milestone.failure and not milestone.optional]


class Filler:
    """Writes rows column by column; every number comes from one seed."""

    def __init__(self, store: Store, now: datetime = NOW, seed: int = 7, hostile: bool = False) -> None:
        self.store, self.now, self.hostile = store, now, hostile
        self.random = np.random.default_rng(seed)
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.revision = 0

    def add(self, table: str, **row: Any) -> None:
        self.revision += 1
        self.rows.setdefault(table, []).append(row)

    def text(self, value: str) -> str:
        return f"{value} {HOSTILE}" if self.hostile else value

    def flush(self) -> None:
        for table, rows in self.rows.items():
            names = list(rows[0])
            self.store.insert(table, {name: [row[name] for row in rows] for name in names})
        self.rows.clear()

    def fill(self, transactions: int = 2000) -> None:
        for number, flow in enumerate(catalog().flows.values()):
            share = (0.55, 0.25, 0.2)[number % 3]
            for index in range(max(4, int(transactions * share))):
                self.transaction(flow, number, index, transactions * share)
        self.incidents()
        self.rest()
        self.flush()
        follow_clocks(self.store)
        self.count()

    def count(self) -> None:
        """Count what each source sent in each hour, as the loader does."""
        window = {"since": self.now - timedelta(days=40), "until": self.now + timedelta(days=1)}
        for table in ("spans", "logs", "metrics", "events"):
            self.store.command(statement("rebuild/count_hours", table=table), {"kind": table, **window})

    def transaction(self, flow: Flow, number: int, index: int, total: float) -> None:
        steps = line(flow)
        age = timedelta(hours=float((1 - index / total) ** 1.6 * 24 * 30) + 0.02)
        start = self.now - age
        delays = np.cumsum(self.random.gamma(2.0, 22.0 if index % 9 else 60.0, len(steps))) - 20
        times = [start + timedelta(minutes=max(0.0, float(delay))) for delay in delays]
        times[0] = start
        stuck = self.random.random() < 0.03 + 0.08 * (age < timedelta(hours=9))
        limit = int(self.random.integers(2, len(steps))) if stuck else len(steps)
        reached = [(step, at) for step, at in zip(steps, times, strict=True) if at <= self.now][:limit] or [(steps[0], start)]
        customer, plant = (
            self.text(CUSTOMERS[int(self.random.integers(0, 8) ** 1.0)]),
            list(PLANTS)[int(self.random.choice(3, p=[0.5, 0.3, 0.2]))],
        )
        currency, value = PLANTS[plant], round(float(self.random.lognormal(9.2, 0.9)), 2)
        identity = f"{int(start.timestamp() * 1000):012x}{number:04x}{index:016x}"
        first_key = next(iter(flow.keys))
        reference = self.text(f"{('45', '70', '10')[number % 3]}{index:08d}")
        completed = len(reached) == len(steps)
        failed = stuck and not completed and self.random.random() < 0.4
        awaited = steps[len(reached)] if not completed else ""
        cause = str(self.random.choice(["VA01-CREDIT-LIMIT", "MATERIAL_LOCKED", "TIMEOUT"])) if failed else ""
        keys = {first_key: [reference]}
        if number == 0 and len(reached) > 6:
            keys["delivery"] = [f"80{index:08d}"]
        facts = {"amount": str(value), "currency": currency, "customer": customer, "plant": plant}
        self.add(
            "transactions", flow=flow.flow, transaction_id=identity, revision=self.revision + 1, reference=reference, keys=keys,
            state="completed" if completed else "open", stage=reached[-1][0], started_at=start, updated_at=reached[-1][1],
            ended_at=reached[-1][1] if completed else None, first_at=dict(reached), last_at=dict(reached), reached={}, facts=facts,
            failed_milestone="rejected" if failed else "", failed_stage=awaited if failed else "", failed_at=reached[-1][1] if failed else None,
            cause=cause, merged_into="", events=len(reached),
        )  # fmt: skip
        for key_type, values in keys.items():
            for key_value in values:
                self.add(
                    "transaction_keys",
                    key_value=key_value,
                    key_type=key_type,
                    flow=flow.flow,
                    transaction_id=identity,
                    active=1,
                    revision=self.revision + 1,
                )
        if age < timedelta(days=4):
            self.events(flow, identity, reached, keys, facts)
        self.clocks(flow, identity, dict(reached), reference, value, currency, customer, plant, cause if failed else "")

    def events(
        self, flow: Flow, identity: str, reached: list[tuple[str, datetime]], keys: dict[str, list[str]], facts: dict[str, str]
    ) -> None:
        for position, (milestone, at) in enumerate(reached):
            self.add(
                "transaction_events", flow=flow.flow, transaction_id=identity, milestone=milestone, event_id=f"{identity}{position}",
                event_time=at, received_at=at + timedelta(seconds=2), time_suspect=0, signal="span" if position % 2 else "event",
                signal_id=f"{identity}/{position:016x}" if position % 2 else f"crm {identity}{position}", trace_id=identity if position % 2 else "",
                source="crm" if position == 0 else "erp", system=flow.milestones[milestone].system,
                keys=[(key_type, values[0]) for key_type, values in keys.items()], facts=facts if position == 0 else {}, failure=0, cause="",
                active=1, revision=self.revision + 1,
            )  # fmt: skip
            self.add(
                "milestone_events", slice=self.revision + 1, flow=flow.flow, milestone=milestone, event_id=f"{identity}{position}", event_time=at,
                received_at=at + timedelta(seconds=2), source="crm" if position == 0 else "erp", system=flow.milestones[milestone].system,
                keys=[(key_type, values[0]) for key_type, values in keys.items()], failure=0,
            )  # fmt: skip
            self.signal(identity, position, milestone, at, flow.milestones[milestone].system)

    def signal(self, identity: str, position: int, milestone: str, at: datetime, system: str) -> None:
        source = "crm" if position == 0 else ("erp", "wms", "tms", "middleware")[position % 4]
        attributes = {"business.sales_order": self.text("4500001"), "messaging.system": "rabbitmq"}
        if position % 2 == 0:
            self.add(
                "events", slice=self.revision + 1, source=source, received_at=at + timedelta(seconds=1), event_source="crm", id=f"{identity}{position}",
                type=f"crm.order.{milestone}", subject=self.text("order"), time=at, content_type="application/json",
                data=self.text('{"orderId": "4500001", "total": 1200.5}'), binary=0, extensions={}, trace_id="", span_id="", content_hash=f"{identity}{position}",
            )  # fmt: skip
            return
        for depth in range(3):
            begin = at + timedelta(milliseconds=40 * depth)
            self.add(
                "spans", slice=self.revision + 1, source=source, received_at=at + timedelta(seconds=1), service=("api-gateway", "order-router", "sap-connector")[depth],
                name=self.text(("POST /orders", "order.map", f"BAPI {milestone}")[depth]), kind=("server", "internal", "client")[depth], trace_id=identity,
                span_id=f"{position:08x}{depth:08x}", parent_span_id=f"{position:08x}{depth - 1:08x}" if depth else "", trace_state="", flags=1, start_time=begin,
                end_time=begin + timedelta(milliseconds=300 - 90 * depth), status="error" if depth == 2 and position == 3 else "ok", status_message="",
                attributes=attributes, attribute_types={}, resource={"service.name": system}, resource_types={}, scope_name="test", scope_version="1", scope_attributes={},
            )  # fmt: skip
        self.add(
            "logs", slice=self.revision + 1, source=source, received_at=at, service="sap-ecc", log_id=f"{identity}{position}", time=at + timedelta(milliseconds=120),
            observed_time=at, severity_number=9 if position != 3 else 17, severity_text="INFO" if position != 3 else "ERROR", body=self.text(f"{milestone} posted"),
            body_type="string", event_name="", attributes=attributes, attribute_types={}, resource={}, resource_types={}, scope_name="", scope_version="", flags=0,
            trace_id=identity, span_id="",
        )  # fmt: skip

    def clocks(
        self,
        flow: Flow,
        identity: str,
        first: dict[str, datetime],
        reference: str,
        value: float,
        currency: str,
        customer: str,
        plant: str,
        cause: str,
    ) -> None:
        for name, sla in flow.slas.items():
            started = first.get(sla.from_)
            if started is None:
                continue
            order = line(flow)
            gap = max(1, order.index(sla.to) - order.index(sla.from_)) if sla.to in order and sla.from_ in order else 2
            due = started + timedelta(minutes=62.0 * gap + 40)
            warn = started + (due - started) * 0.7
            stopped = first.get(sla.to)
            if stopped is not None:
                verdict, at = ("met" if stopped <= due else "met_late"), stopped
            elif self.now >= due:
                verdict, at = ("unknown" if sla.to == "delivered" and plant == "PL03" else "breached"), due
            elif self.now >= warn:
                verdict, at = "at_risk", warn
            else:
                verdict, at = "running", started
            clock_cause = "" if verdict in {"met", "running"} else cause or ("source-silent:tms" if verdict == "unknown" else "overdue")
            self.add(
                "clocks", flow=flow.flow, sla=name, transaction_id=identity, revision=self.revision + 1, reference=reference, stage=sla.to,
                started_at=started, warn_at=warn, due_at=due, stopped_at=stopped,
                paused=[(started + (due - started) * 0.1, started + (due - started) * 0.3, sla.pause.reason)] if sla.pause else [],
                contract_version="3f9c2a11 default", verdict=verdict, verdict_version=2, verdict_at=at, next_at=due if verdict == "running" else None,
                cause=clock_cause, severity=str(sla.severity), owner=sla.owner or flow.owner, runbook=sla.runbook, value=value, currency=currency,
                penalty=max(0.0, round(value * 0.01, 2)) if verdict in {"breached", "met_late"} and value < 1e9 else 0.0, customer=customer, plant=plant, removed=0,
            )  # fmt: skip
            if verdict != "running" and self.now - started < timedelta(days=4):
                for version, word in enumerate(["running", verdict], 1):
                    self.add(
                        "verdicts", flow=flow.flow, sla=name, transaction_id=identity, version=version, revision=self.revision + 1, verdict=word,
                        previous="" if version == 1 else "running", decided_at=started if version == 1 else at, started_at=started, due_at=due,
                        stopped_at=stopped if version == 2 else None, contract_version="3f9c2a11 default",
                        reason=self.text(f"{sla.to} is awaited since {started:%H:%M}, due {due:%H:%M} UTC"), value=value, currency=currency,
                    )  # fmt: skip

    def incidents(self) -> None:
        groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for clock in self.rows.get("clocks", []):
            if clock["verdict"] in {"at_risk", "breached", "unknown"}:
                groups.setdefault((clock["flow"], clock["stage"], clock["cause"]), []).append(clock)
        ranked = sorted(groups.items(), key=lambda item: -len(item[1]))[:14]
        for index, ((flow, stage, cause), members) in enumerate(ranked):
            status = "resolved" if index >= 10 else "acknowledged" if index in {2, 5} else "open"
            self.incident(f"inc-{index:04d}", flow, stage, cause, members, status)

    def incident(self, identity: str, flow: str, stage: str, cause: str, members: list[dict[str, Any]], status: str) -> None:
        opened = min(member["started_at"] for member in members)
        money: dict[str, float] = {}
        owed: dict[str, float] = {}
        for member in members:
            money[member["currency"]] = money.get(member["currency"], 0.0) + member["value"]
            owed[member["currency"]] = owed.get(member["currency"], 0.0) + member["penalty"]
        breached = sum(member["verdict"] == "breached" for member in members)
        resolved = self.now - timedelta(hours=1) if status == "resolved" else None
        self.add(
            "incidents", incident_id=identity, revision=self.revision + 1, flow=flow, stage=stage, cause=self.text(cause),
            title=self.text(f"{stage.replace('-', ' ').capitalize()} is late: {cause}"), severity="critical" if breached else "warning", status=status,
            owner=members[0]["owner"], assignee="", runbook=members[0]["runbook"], opened_at=opened, updated_at=self.now - timedelta(minutes=3),
            resolved_at=resolved, acknowledged_by="m.weber" if status == "acknowledged" else "",
            acknowledged_until=self.now + timedelta(minutes=40) if status == "acknowledged" else None,
            next_due_at=max(member["due_at"] for member in members), members=0 if resolved else len(members), members_total=len(members),
            breached=0 if resolved else breached, value={} if resolved else money, penalty={} if resolved else owed,
            peak_members=len(members), peak_breached=breached, peak_value=money, peak_penalty=owed, customers=sorted({member["customer"] for member in members}), plants=sorted({member["plant"] for member in members}),
        )  # fmt: skip
        for member in members:
            self.add(
                "incident_members", incident_id=identity, flow=flow, transaction_id=member["transaction_id"], sla=member["sla"],
                revision=self.revision + 1, reference=member["reference"], verdict=member["verdict"], due_at=member["due_at"], value=member["value"],
                currency=member["currency"], penalty=member["penalty"], customer=member["customer"], plant=member["plant"], joined_at=member["verdict_at"], left_at=resolved,
            )  # fmt: skip
        self.add(
            "deliveries", delivery_id=f"d-{identity}", revision=self.revision + 1, incident_id=identity, channel="ops-chat", notifier="slack",
            reason="opened", state="sent" if status != "open" else "pending", severity="critical", message="{}", attempts=2,
            next_attempt_at=opened, created_at=opened, finished_at=None, error=self.text(""),
        )  # fmt: skip
        for attempt, outcome in enumerate(["retry", "sent"], 1):
            self.add(
                "delivery_attempts", delivery_id=f"d-{identity}", attempt=attempt, incident_id=identity, channel="ops-chat",
                attempted_at=opened + timedelta(seconds=attempt * 5), outcome=outcome, detail=self.text("503 Service Unavailable" if attempt == 1 else "200 ok"),
            )  # fmt: skip

    def rest(self) -> None:
        for number, reason in enumerate(["unparseable", "missing-attribute", "conflict"] * 3):
            self.add(
                "quarantine", slice=self.revision + 1, quarantine_id=f"q-{number:04d}", source=("crm", "supplier-portal")[number % 2],
                received_at=self.now - timedelta(hours=number), lane="standard", kind="event", reason=reason,
                message=self.text("the attribute 'source' is missing"), content_type="application/json", body=self.text('{"specversion": "1.0"'), detail="{}",
            )  # fmt: skip
        self.add(
            "silences", silence_id="s-1", revision=self.revision + 1, flow="procure-to-pay", stage="", cause="", incident_id="",
            starts_at=self.now - timedelta(hours=2), ends_at=self.now + timedelta(hours=6), created_by=self.text("a.novak"),
            reason=self.text("Planned ERP maintenance"), removed=0,
        )  # fmt: skip
        for stage in ("correlate", "evaluate", "alert"):
            self.add("cursors", stage=stage, position=self.revision, revision=self.revision + 1, updated_at=self.now - timedelta(seconds=2))
        self.add(
            "actions",
            at=self.now - timedelta(minutes=20),
            actor=self.text("m.weber"),
            action="acknowledge",
            target="inc-0002",
            detail=self.text("looking at the queue"),
        )
        self.queues()

    def queues(self) -> None:
        """One that stands still since this morning, one that is empty, one that somebody tells of no more, and a topic with a reader."""
        hours = range(19)
        filling = [
            (self.now - timedelta(hours=19 - hour), {"waiting": 3 + max(0, hour - 15) ** 3, "unacknowledged": 2, "dead_letters": hour // 9})
            for hour in hours
        ]
        filling.append(
            (self.now - timedelta(seconds=8), {"waiting": 71, "unacknowledged": 2, "oldest_seconds": 15_000.0, "dead_letters": 2})
        )
        tell(self.store, "broker", self.text("orders.inbound"), *filling)
        tell(self.store, "broker", self.text("invoices.outbound"), (self.now - timedelta(seconds=8), {"waiting": 0, "oldest_seconds": 0.0}))
        tell(self.store, "mes", self.text("plant.events"), (self.now - timedelta(minutes=48), {"waiting": 12}))
        lag = [(self.now - timedelta(hours=19 - hour), {"waiting": int(self.random.integers(0, 900))}) for hour in hours]
        tell(self.store, "api-gateway", self.text("shop.orders"), *lag, reader=self.text("erp-import"))
