"""Builders for the evaluation room's tests: a small catalog, transactions written as the correlator writes them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from core.catalog.calendar import Calendar, Shift
from core.catalog.catalog import Catalog
from core.catalog.contract import Contract
from core.catalog.flow import Fact, Flow, Key, Match, Milestone, Through
from core.catalog.sla import Sla
from core.catalog.source import Source
from core.clock import from_milliseconds, to_milliseconds
from core.telemetry import Telemetry
from slas.engine import SlaEngine
from store.client import Store
from store.loading.unseen import Unseen
from store.stages.clocks import StoredClocks

WEEK = ["mon", "tue", "wed", "thu", "fri"]
_revisions = itertools.count(1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ms(text: str) -> int:
    return to_milliseconds(utc(text))


def calendar(name: str = "plant", zone: str = "Europe/Berlin", start: str = "08:00", end: str = "16:00", **more: Any) -> Calendar:
    return Calendar(calendar=name, time_zone=zone, shifts=[Shift(days=WEEK, start=start, end=end)], **more)


def milestone(system: str = "ERP", keys: dict[str, str] | None = None) -> Milestone:
    return Milestone(system=system, match=Match(event="x"), keys=keys or {"order": "data.order"})


def flow(slas: dict[str, dict[str, Any]], through: dict[str, Through] | None = None) -> Flow:
    names = ["captured", "booked", "rejected", "blocked", "released", "cancelled", "invoiced"]
    milestones = {name: milestone() for name in names} | {"shipped": milestone("WMS", {"order": "data.order", "delivery": "data.delivery"})}
    milestones |= {name: milestones[name].model_copy(update={"through": queue}) for name, queue in (through or {}).items()}
    return Flow(
        flow="o2c",
        title="Order to cash",
        owner="order-management",
        keys={"order": Key(), "delivery": Key(relation="many")},
        facts={"amount": Fact(type="decimal", currency="currency"), "promised_at": Fact(type="time"), "customer": Fact()},
        milestones=milestones,
        ends=["invoiced"],
        cancels=["cancelled"],
        slas={name: Sla.model_validate({"title": name, "runbook": "r", **sla}) for name, sla in slas.items()},
    )


BOOK = {"from": "captured", "to": "booked", "within": "15 minutes", "warn": "60%", "impact": {"value": "amount"}}


def catalog(slas: dict[str, dict[str, Any]], calendars: list[Calendar] | None = None, version: str = "v1", **more: Any) -> Catalog:
    contracts: list[Contract] = more.get("contracts", [])
    sources: list[Source] = more.get("sources", [])
    return Catalog(
        version=version,
        flows={"o2c": flow(slas, more.get("through"))},
        calendars={c.calendar: c for c in calendars or []},
        contracts={c.contract: c for c in contracts},
        sources={s.source: s for s in sources},
    )


def write_transaction(store: Store, transaction_id: str, first_at: dict[str, str], **more: Any) -> None:
    """Write one row of ``transactions``. ``reached`` maps a milestone to pairs of delivery and time."""
    first = {name: utc(at) for name, at in first_at.items()}
    last = first | {name: utc(at) for name, at in more.get("last_at", {}).items()}
    reached = {name: [("delivery", delivery, utc(at)) for delivery, at in pairs] for name, pairs in more.get("reached", {}).items()}
    row = {
        "flow": "o2c",
        "transaction_id": transaction_id,
        "revision": next(_revisions),
        "reference": transaction_id,
        "keys": {"order": [transaction_id], **more.get("keys", {})},
        "state": more.get("state", "open"),
        "started_at": min(first.values(), default=utc("2026-01-01")),
        "first_at": first,
        "last_at": last,
        "reached": reached,
        "moments": {name: [utc(at) for at in moments] for name, moments in more.get("moments", {}).items()},
        "facts": more.get("facts", {}),
        "failed_stage": more.get("failed_stage", ""),
        "cause": more.get("cause", ""),
    }
    store.insert("transactions", {name: [value] for name, value in row.items()})


def hear(store: Store, source: str, at: datetime) -> None:
    """Write that an event of a source was received at this moment, as the loader counts it."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    row = {"hour": hour, "source": source, "kind": "events", "signals": 1, "last_at": at}
    store.insert("source_hours", {name: [value] for name, value in row.items()})


def rows(*transactions: dict[str, Any]) -> pd.DataFrame:
    """Return rows of ``transactions`` as :mod:`slas.clock` takes them: ``first_at`` maps a milestone to a time."""
    found = []
    for number, given in enumerate(transactions, start=1):
        first = {name: ms(at) for name, at in given.get("first_at", {}).items()}
        last = first | {name: ms(at) for name, at in given.get("last_at", {}).items()}
        reached = {name: [("delivery", key, ms(at)) for key, at in pairs] for name, pairs in given.get("reached", {}).items()}
        moments = {name: [ms(at) for at in each] for name, each in given.get("moments", {}).items()}
        row = {"flow": "o2c", "transaction_id": f"t{number}", "reference": f"t{number}", "keys": {}, "state": "open", "facts": {}}
        times = {"first_at": first, "last_at": last, "reached": reached, "moments": moments}
        found.append({**row, "failed_stage": "", "cause": "", **given, **times})
    return pd.DataFrame(found)


def engine(store: Store, definitions: Catalog) -> SlaEngine:
    clocks = StoredClocks(store)
    return SlaEngine(clocks, clocks, clocks, clocks, Unseen(Path()), definitions, Telemetry())


def clock(store: Store, transaction_id: str = "t1", sla: str = "book") -> dict[str, Any]:
    rows = store.rows("SELECT * FROM clocks FINAL WHERE transaction_id = {t:String} AND sla = {s:String}", {"t": transaction_id, "s": sla})
    assert len(rows) == 1
    return {name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for name, value in rows[0].items()}


def verdicts(store: Store, transaction_id: str = "t1", sla: str = "book") -> list[str]:
    rows = store.rows(
        "SELECT verdict FROM verdicts FINAL WHERE transaction_id = {t:String} AND sla = {s:String} ORDER BY version",
        {"t": transaction_id, "s": sla},
    )
    return [row["verdict"] for row in rows]


def at(milliseconds: int) -> datetime:
    return from_milliseconds(milliseconds)
