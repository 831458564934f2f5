"""Turns an incident into the message people get. It is plain text; each notifier escapes it for its own medium."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from alerts import runbooks
from alerts.incidents import Incident, aware
from alerts.members import LATE, naive
from alerts.one_line import one_line
from alerts.plant_time import plant_time
from core.catalog.catalog import Catalog
from core.catalog.definition import readable
from core.catalog.flow import OWN_FLOW
from core.incident import Contact, IncidentStatus, MemberLine, Message, Reason, is_held_up
from core.plural import counted

TOP = 20
NAMES = 50


@dataclass(frozen=True)
class Rendering:
    """What a message is made from. ``dashboard_url`` has no slash at the end."""

    catalog: Catalog
    dashboard_url: str


def money(value: dict[str, float]) -> str:
    """Return ``184,000 EUR + 1,200 USD``, in the order of the currencies, as in the title."""
    return " + ".join(f"{amount:,.0f} {one_line(currency, 8)}".strip() for currency, amount in sorted(value.items()))


def summary_of(incident: Incident, next_due: str) -> str:
    """Return ``12 transactions, 3 late, 184,000 EUR at risk, 1,840 EUR penalty so far, next deadline 2026-03-27 16:05 Berlin``.

    Once it is resolved: how many it affected in total, and what it cost when it was at its worst.
    """
    if incident.flow == OWN_FLOW:
        return f"Andon itself, since {incident.opened_at:%Y-%m-%d %H:%M} UTC" + (": resolved" if incident.resolved_at else "")
    if incident.status == IncidentStatus.RESOLVED.value:
        cost = [f"{incident.peak_breached} late or failed"] if incident.peak_breached else []
        cost += [f"{money(incident.peak_value)} at risk"] if incident.peak_value else []
        cost += [f"{money(incident.peak_penalty)} penalty"] if incident.peak_penalty else []
        at_worst = f"; at its worst {', '.join(cost)}" if cost else ""
        return f"Resolved: {counted(incident.members_total, 'transaction')} affected in total{at_worst}"
    parts = [counted(incident.members, "transaction")]
    if incident.breached:
        parts.append(f"{incident.breached} late or failed")
    if incident.value:
        parts.append(f"{money(incident.value)} at risk")
    if incident.penalty:
        parts.append(f"{money(incident.penalty)} penalty so far")
    if next_due:
        parts.append(f"next deadline {next_due}")
    if incident.reopened_at:
        parts.append(f"opened first {incident.opened_at:%Y-%m-%d %H:%M} UTC, reopened {incident.reopened_at:%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts)


def render(rendering: Rendering, incident: Incident, members: pd.DataFrame, reason: Reason, delivery_id: str) -> Message:
    """Return the message. ``members``: those of this incident, columns of ``incident_members``."""
    catalog, base = rendering.catalog, rendering.dashboard_url
    runbook = runbooks.find(catalog, incident.runbook)
    owner = catalog.owners.owners.get(incident.owner)
    return Message(
        delivery_id=delivery_id,
        incident_id=incident.incident_id,
        reason=reason,
        status=IncidentStatus(incident.status),
        severity=incident.severity,
        title=one_line(incident.title),
        summary=summary_of(incident, _next_due(catalog, incident, members)),
        flow=incident.flow,
        stage=incident.stage,
        cause=one_line(incident.cause),
        owner=incident.owner,
        owner_title=owner.title if owner else incident.owner,
        runbook=incident.runbook,
        runbook_title=runbook.title if runbook else "",
        runbook_url=_link(base, "incidents", incident.incident_id) + "#runbook" if runbook else "",
        runbook_body=runbook.body if runbook else "",
        incident_url=_link(base, "incidents", incident.incident_id),
        opened_at=incident.opened_at,
        updated_at=incident.updated_at,
        resolved_at=incident.resolved_at,
        reopened_at=incident.reopened_at,
        next_due_at=incident.next_due_at,
        members=incident.members,
        members_total=incident.members_total,
        breached=incident.breached,
        value=incident.value,
        customers=[one_line(name) for name in incident.customers[:NAMES]],
        plants=[one_line(name) for name in incident.plants[:NAMES]],
        top=[] if incident.flow == OWN_FLOW else _top(catalog, incident.cause, members, base),
        penalty=incident.penalty,
        contact=owner.contact if owner else Contact(),
        assignee=one_line(incident.assignee),
        acknowledged_by=one_line(incident.acknowledged_by),
    )


def _link(base: str, page: str, identifier: str) -> str:
    return f"{base}/{page}?{urlencode({'id': identifier})}"


def _next_due(catalog: Catalog, incident: Incident, members: pd.DataFrame) -> str:
    """Return the next deadline in the time of the plant that it is of, or nothing."""
    if incident.next_due_at is None:
        return ""
    whose = members.loc[members["due_at"] == naive(incident.next_due_at), "sla"]
    return plant_time(catalog, incident.flow, str(next(iter(whose), "")), incident.next_due_at)


def _top(catalog: Catalog, cause: str, members: pd.DataFrame, base: str) -> list[MemberLine]:
    """Late ones first, then by value, then by deadline; behind a queue by deadline alone: who is next. Each transaction once."""
    if members.empty:
        return []
    owed = members.groupby(["flow", "transaction_id"])["penalty"].transform("sum")
    ordered = members.assign(penalty=owed, late=members["verdict"].isin(LATE)).sort_values(
        ["late", "value", "due_at"], ascending=[False, False, True]
    )
    if is_held_up(cause):
        ordered = ordered.sort_values("due_at", kind="stable")
    first = ordered.drop_duplicates(["flow", "transaction_id"]).head(TOP)
    return [_line(catalog, row, base) for row in first.to_dict("records")]


def _line(catalog: Catalog, row: dict[Any, Any], base: str) -> MemberLine:
    due_at: datetime | None = aware(row["due_at"])
    flow = catalog.flows.get(row["flow"])
    sla = flow.slas.get(row["sla"]) if flow else None
    return MemberLine(
        reference=one_line(row["reference"]),
        transaction_id=row["transaction_id"],
        sla=row["sla"],
        sla_title=one_line((sla.title if sla else "") or readable(row["sla"])),
        verdict=row["verdict"],
        due_at=due_at,
        due=plant_time(catalog, row["flow"], row["sla"], due_at) if due_at else "",
        value=float(row["value"]),
        currency=one_line(row["currency"], 8),
        customer=one_line(row["customer"]),
        url=_link(base, "transactions", row["transaction_id"]),
        penalty=float(row["penalty"]),
    )
