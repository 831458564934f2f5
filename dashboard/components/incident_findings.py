"""What an incident's transactions have in common and what sets them apart, what happened before, who is next, and how it went last time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st
from markupsafe import Markup

from core.catalog.flow import Flow
from core.incident import IncidentStatus
from core.incident_findings import (
    Rhythm,
    awaited_next,
    change_in_words,
    compared_facts,
    error_in_words,
    from_opening,
    lift_in_words,
    rhythm_in_words,
    standing_in_words,
    trait_title,
    value_in_words,
)
from core.money import amount, count, several
from core.plural import counted
from dashboard import definitions
from dashboard.components import links, table
from dashboard.components.time_format import aware, duration, until, utc
from dashboard.page import Context
from store.reads import incident_findings as reads

_NEXT = 8
_SUMMARY = Markup('<div class="andon-findings"><b class="what">{}</b>{}</div>')
_LINE = Markup('<div class="line"><i>{}</i><span>{}</span></div>')


def show(context: Context, row: dict[str, Any]) -> None:
    """Draw the sentences on top. ``row``: of ``incidents``; nothing for a flow that the catalog does not know."""
    flow = context.catalog.flows.get(str(row["flow"]))
    if flow is None:
        return
    resolved = row["status"] == IncidentStatus.RESOLVED.value
    asked: dict[str, Any] = {"incident_id": str(row["incident_id"]), "flow": flow.flow, "resolved": resolved}
    opened = aware(row["opened_at"]) or context.now
    lines = [
        *_outstanding(context, flow, asked, str(row["cause"]), opened),
        *_errors(context, asked, opened),
        *_changes(context, asked, opened),
    ]
    said = "" if resolved else _hypothesis(context, flow, asked, str(row["stage"]))
    if said or lines:
        st.html(_SUMMARY.format(said or "What sets them apart", Markup("").join(_LINE.format(*line) for line in lines)))


def _hypothesis(context: Context, flow: Flow, asked: dict[str, Any], wanted: str) -> str:
    standing = context.data.read(reads.standing, **asked)
    if standing.empty:
        return ""
    said = standing_in_words(flow, list(zip(standing["stage"], standing["transactions"], strict=True)), wanted)
    found = _rhythm(context, flow, awaited_next(flow, str(standing["stage"].iloc[0]), wanted))
    return f"{said}. {rhythm_in_words(flow, found, context.now, context.zone.show)}." if found else f"{said}."


def _rhythm(context: Context, flow: Flow, milestone: str) -> Rhythm | None:
    if not milestone:
        return None
    found = context.data.read(
        reads.rhythm, flow=flow.flow, milestone=milestone, since=context.minute - 2 * reads.BEFORE, now=context.minute
    )
    last_at = aware(found["last_at"]) if found else None
    return Rhythm(milestone, last_at, float(found["usual_seconds"])) if found and last_at else None


def _outstanding(context: Context, flow: Flow, asked: dict[str, Any], cause: str, opened: Any) -> list[tuple[object, object]]:
    found = context.data.read(
        reads.outstanding, slow=True, cause=cause, opened=opened, names=compared_facts(flow), zone=context.zone.name, **asked
    )
    return [
        (
            trait_title(flow, row["trait"]),
            Markup("<b>{}</b>: {} of {} affected, {} of {} others: {}").format(
                value_in_words(row["trait"], row["value"]),
                *(count(row[name]) for name in ("affected", "affected_total", "healthy", "healthy_total")),
                lift_in_words(row["lift"]),
            ),
        )
        for row in found.to_dict("records")
    ]


def _errors(context: Context, asked: dict[str, Any], opened: datetime) -> list[tuple[object, object]]:
    found = context.data.read(reads.first_errors, slow=True, **asked)
    if found.empty:
        return []
    row = found.iloc[0]
    when = from_opening(aware(row["at"]) or context.now, opened)
    at = table.link(links.transaction(row["transaction_id"]), context.zone.show(row["at"], seconds=True))
    return [("First error", Markup("{}, {}: {}").format(at, when, error_in_words(row)))]


def _changes(context: Context, asked: dict[str, Any], opened: datetime) -> list[tuple[object, object]]:
    found = context.data.read(reads.changes, slow=True, opened=opened, **asked)
    return [
        (
            "Changed before",
            Markup("{}, {}: {}").format(
                context.zone.show(row["at"]),
                from_opening(aware(row["at"]) or opened, opened),
                change_in_words(row["kind"], row["what"]),
            ),
        )
        for row in found.head(4).to_dict("records")
    ]


def next_victims(context: Context, row: dict[str, Any]) -> None:
    """Draw the transactions that may be in it within a day; nothing if there are none, or if it is resolved."""
    if row["status"] == IncidentStatus.RESOLVED.value:
        return
    asked: dict[str, Any] = {"incident_id": str(row["incident_id"]), "flow": str(row["flow"]), "resolved": False}
    standing = context.data.read(reads.standing, **asked)
    if standing.empty:
        return
    stages = tuple(str(stage) for stage in standing["stage"].head(3))
    found = context.data.read(
        reads.victims, flow=asked["flow"], stage=str(row["stage"]), stages=stages, until=context.minute + reads.AHEAD, limit=_NEXT
    )
    if found.empty:
        return
    st.subheader(f"Next: {counted(int(found['total'].iloc[0]), 'transaction')} due within a day, not yet warned of", anchor=False)
    columns = [
        table.Column("Reference", lambda one: table.link(links.transaction(one["transaction_id"]), one["reference"]), "key"),
        table.Column("SLA", lambda one: definitions.sla_title(context.catalog, asked["flow"], one["sla"])),
        table.Column(
            "Due", lambda one: Markup('<span title="{}">{}</span>').format(utc(one["due_at"]), until(one["due_at"], context.now)), "lead"
        ),
        table.Column("Customer", lambda one: one["customer"]),
        table.Column("Value", lambda one: amount(one["value"], one["currency"]), "number"),
    ]
    table.show(columns, found.to_dict("records"), "Next transactions", phone="lines")
    if found["total"].iloc[0] > len(found):
        st.caption(f"Showing {len(found)} of {count(found['total'].iloc[0])}, first due first.")


def similar(context: Context, row: dict[str, Any]) -> None:
    """Draw earlier incidents of the same stage or cause, and how they ended; nothing if there were none."""
    group: dict[str, Any] = {name: str(row[name]) for name in ("incident_id", "flow", "stage", "cause")}
    found = context.data.read(reads.similar, slow=True, opened=aware(row["opened_at"]) or context.now, **group)
    if found.empty:
        return
    st.subheader("Earlier incidents like this", anchor=False)
    columns = [
        table.Column("Incident", lambda one: table.link(links.incident(one["incident_id"]), one["title"]), "key wide"),
        table.Column("Opened", lambda one: table.time(context.zone, one["opened_at"]), "named"),
        table.Column("Lasted", _lasted, "named"),
        table.Column("Late, at most", lambda one: count(one["peak_breached"]), "number"),
        table.Column("Penalty, at most", lambda one: several(one["peak_penalty"], 2), "number spare"),
        table.Column("Last note", lambda one: f"{one['actor']}: {one['detail']}" if one["actor"] else "", "wide"),
    ]
    table.show(columns, found.to_dict("records"), "Earlier incidents", phone="lines")


def _lasted(one: dict[Any, Any]) -> str:
    opened, resolved = aware(one["opened_at"]), aware(one["resolved_at"])
    return duration((resolved - opened).total_seconds()) if opened and resolved else "–"
