"""Incidents: one per cause, with everything it holds up, who acts by which runbook, and what was done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st
from markupsafe import Markup

from core.catalog.causes import lacking
from core.catalog.flow import OWN_FLOW
from core.incident import cause_text, size_of
from core.money import count, several
from core.plural import counted
from dashboard import definitions
from dashboard.components import (
    export,
    filters,
    incident_acts,
    incident_findings,
    incident_header,
    incident_log,
    incident_members,
    incident_runbook,
    links,
    notices,
    silences,
    status_badge,
    tab,
    table,
)
from dashboard.components.time_format import aware, unbroken
from dashboard.page import Context
from store.reads import incident_log as reads

_LATELY = timedelta(days=90)


class Incidents:
    """The list, and the detail of one incident (``?id=``)."""

    name = "incidents"
    title = "Incidents"
    icon = ":material/notification_important:"
    order = 30
    url_path = "incidents"

    def render(self, context: Context) -> None:
        """Draw the incident named in the address, else the list."""
        if identity := st.query_params.get("id", ""):
            _sheet(context, identity)
        else:
            _list(context)


def _list(context: Context) -> None:
    catalog = context.catalog
    left, middle, right = st.columns(3)
    with left:
        status = filters.choose("Status", "status", ["open", "acknowledged", "resolved", "all"], str.capitalize, every="Unresolved")
    with middle:
        flow = filters.flow(catalog)
    with right:
        owner = filters.choose("Owner", "owner", _owners(context), lambda name: definitions.owner_title(catalog, name))
    rows = context.data.read(
        reads.incidents, status={"": "unresolved", "all": ""}.get(status, status), flow=flow, owner=owner, now=context.minute
    )
    if rows.empty:
        notices.good(
            "No incidents",
            "Nothing in this selection is late, at risk or failing. An incident opens by itself when an SLA reaches its warning time or a step fails.",
        )
    else:
        table.show(_columns(context), rows.to_dict("records"), "Incidents", phone="lines")
        total = int(rows["total"].iloc[0])
        note = f"Showing the worst {len(rows)} of {count(total)}. Narrow the filters to see others." if total > len(rows) else ""
        export.offer(context, rows.drop(columns=["total", "revision"], errors="ignore"), "incidents", note)
    silences.show(context, context.data.read(reads.silences, now=context.minute))
    _causes(context)


def _owners(context: Context) -> list[str]:
    catalog = context.catalog
    named = {flow.owner for flow in catalog.flows.values()} | {
        sla.owner for flow in catalog.flows.values() for sla in flow.slas.values() if sla.owner
    }
    return sorted({*catalog.owners.owners, *named})


def _columns(context: Context) -> list[table.Column]:
    catalog = context.catalog
    return [
        table.Column("", lambda row: status_badge.icon(status_badge.incident(row["status"], row["breached"]), "small"), "mark"),
        table.Column("Incident", lambda row: table.link(links.incident(row["incident_id"]), row["title"]), "key wide"),
        table.Column("Deadline", lambda row: unbroken(incident_header.deadline(row, context.now)), "due"),
        table.Column("Severity", lambda row: row["severity"]),
        table.Column("Status", lambda row: _status(context, row)),
        table.Column("Flow", lambda row: definitions.flow_title(catalog, row["flow"]), "soft spare"),
        table.Column("Affected", lambda row: count(size_of(row)["members"]) if row["flow"] != OWN_FLOW else "–", "number"),
        table.Column("Late or failed", lambda row: count(size_of(row)["breached"]) if row["flow"] != OWN_FLOW else "–", "number"),
        table.Column("Value", lambda row: several(size_of(row)["value"], 2), "number"),
        table.Column("Penalty", lambda row: several(size_of(row)["penalty"], 2) if size_of(row)["penalty"] else "", "number spare"),
        table.Column("Customers", lambda row: incident_header.names(row["customers"]), "spare"),
        table.Column("Owner", lambda row: row["assignee"] or definitions.owner_title(catalog, row["owner"])),
        table.Column("Opened", lambda row: table.time(context.zone, row["opened_at"]), "soft spare"),
    ]


def _status(context: Context, row: dict[str, Any]) -> Markup:
    silenced = (until := aware(row["silenced_until"])) is not None and until > context.now
    pills = [status_badge.pill(incident_header.status(row, context.now)), *([status_badge.pill("silenced")] if silenced else [])]
    return Markup(" ").join(pills)


def _sheet(context: Context, identity: str) -> None:
    row = context.data.read(reads.incident, incident_id=identity)
    if row is None:
        notices.empty("No such incident", "The link may be out of date. The list has all incidents, including resolved ones.")
        st.html(table.link("incidents", "← All incidents"))
        return
    group: dict[str, Any] = {name: str(row[name]) for name in ("incident_id", "flow", "stage", "cause")}
    quiet = context.data.read(reads.silences_of, now=context.minute, **group)
    tab.title(row["title"])
    incident_header.show(context, row, quiet)
    incident_acts.said(identity)
    left, right = st.columns([7, 4], gap="medium")
    with right:  # drawn first: what to do need not wait until all is found out
        incident_acts.forms(context, row)
        if len(quiet):
            st.subheader("Silenced", anchor=False)
            silences.end(context, quiet, identity)
        incident_runbook.show(context, row)
    with left:
        if row["flow"] != OWN_FLOW:
            incident_findings.show(context, row)
            incident_members.show(context, identity, str(row["cause"]))
            incident_findings.next_victims(context, row)
            incident_findings.similar(context, row)
        incident_log.show(context, row)
        incident_header.rest(context, row, quiet)


def _causes(context: Context) -> None:
    """List what no runbook is written for, so that somebody writes one."""
    found = context.data.read(reads.causes, slow=True, since=context.minute - _LATELY)
    rows = [
        {**row, "lacking": lacks} for row in found.to_dict("records") if (lacks := lacking(context.catalog, row["cause"], row["runbook"]))
    ]
    if not rows:
        return
    columns = [
        table.Column("Cause", lambda row: cause_text(row["cause"]), "key"),
        table.Column(
            "Where",
            lambda row: (
                f"{definitions.flow_title(context.catalog, row['flow'])} › {definitions.stage_title(context.catalog, row['flow'], row['stage'])}"
            ),
        ),
        table.Column("Incidents", lambda row: count(row["incidents"]), "number"),
        table.Column("Last", lambda row: table.time(context.zone, row["last_at"]), "named"),
        table.Column("Missing", lambda row: row["lacking"], "named"),
    ]
    with st.expander(f"{counted(len(rows), 'cause')} without a runbook in the last 90 days"):
        table.show(columns, rows, "Causes without a runbook", phone="lines")


PAGE = Incidents()
