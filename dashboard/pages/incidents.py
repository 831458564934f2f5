"""Incidents: one per cause, with everything it holds up, who acts by which runbook, and what was done."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.flow import OWN_FLOW
from core.incident import cause_text
from core.money import amount, count, several
from core.plural import counted
from core.verdict import HOLDING
from dashboard import definitions
from dashboard.components import export, filters, incident_acts, links, notices, status_badge, table
from dashboard.components.runbooks import with_own_images
from dashboard.components.time_format import aware, duration, next_deadline, until, utc
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import incident_log as reads

_HEAD = Markup(
    '<div class="andon-detail"><a class="back" href="incidents">← All incidents</a><h1>{bulb} {title} {pill}</h1><div class="facts">{facts}</div></div>'
)
_LEFT = {
    "met": "reached on time",
    "met_late": "reached late",
    "cancelled": "cancelled",
    "paused": "clock paused",
    "running": "no longer late or at risk",
    "open": "no longer failing",
    "completed": "completed",
    **dict.fromkeys([*HOLDING, "failed"], "moved to another incident"),
}
"""Why a transaction left the incident, by its verdict at that moment."""
_FACT = Markup('<span class="fact" title="{}"><i>{}</i><b>{}</b></span>')


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
    rows = context.data.read(reads.incidents, status={"": "unresolved", "all": ""}.get(status, status), flow=flow, owner=owner)
    if rows.empty:
        notices.good(
            "No incidents",
            "Nothing in this selection is late, at risk or failing. An incident opens by itself when an SLA reaches its warning time or a step fails.",
        )
    else:
        table.show(_columns(context), rows.to_dict("records"), "Incidents")
        total = int(rows["total"].iloc[0])
        note = f"Showing the worst {len(rows)} of {count(total)}. Narrow the filters to see others." if total > len(rows) else ""
        export.offer(context, rows.drop(columns=["total", "revision"], errors="ignore"), "incidents", note)
    _silences(context)


def _owners(context: Context) -> list[str]:
    catalog = context.catalog
    named = {flow.owner for flow in catalog.flows.values()} | {
        sla.owner for flow in catalog.flows.values() for sla in flow.slas.values() if sla.owner
    }
    return sorted({*catalog.owners.owners, *named})


def _columns(context: Context) -> list[table.Column]:
    catalog = context.catalog
    return [
        table.Column("", lambda row: status_badge.icon(status_badge.incident(row["status"], row["breached"]), "small")),
        table.Column("Incident", lambda row: table.link(links.incident(row["incident_id"]), row["title"]), "key wide"),
        table.Column("Severity", lambda row: row["severity"]),
        table.Column("Status", lambda row: status_badge.pill(row["status"])),
        table.Column("Flow", lambda row: definitions.flow_title(catalog, row["flow"]), "soft spare"),
        table.Column("Affected", lambda row: count(row["members"]) if row["flow"] != OWN_FLOW else "–", "number"),
        table.Column("Late or failed", lambda row: count(row["breached"]) if row["flow"] != OWN_FLOW else "–", "number"),
        table.Column("Value", lambda row: several(row["value"], 2), "number"),
        table.Column("Penalty", lambda row: several(row["penalty"], 2) if row["penalty"] else "", "number spare"),
        table.Column("Customers", lambda row: _names(row["customers"]), "spare"),
        table.Column("Owner", lambda row: row["assignee"] or definitions.owner_title(catalog, row["owner"])),
        table.Column("Next deadline", lambda row: _deadline(context, row)),
        table.Column("Opened", lambda row: table.time(context.zone, row["opened_at"]), "soft spare"),
    ]


def _deadline(context: Context, row: dict[str, Any]) -> str:
    return (
        "–" if row["status"] == "resolved" or row["flow"] == OWN_FLOW else next_deadline(row["next_due_at"], context.now, row["breached"])
    )


def _names(names: Any, limit: int = 2) -> str:
    names = list(names)
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _silences(context: Context) -> None:
    rows = context.data.read(reads.silences, now=context.minute)
    if rows.empty:
        return
    st.subheader("Silences", anchor=False)
    columns = [
        table.Column(
            "Matches",
            lambda row: _matched(context, row),
            "key",
        ),
        table.Column("Until", lambda row: table.time(context.zone, row["ends_at"])),
        table.Column("By", lambda row: row["created_by"]),
        table.Column("Reason", lambda row: row["reason"], "wide"),
    ]
    table.show(columns, rows.to_dict("records"), "Silences")


def _matched(context: Context, row: dict[str, Any]) -> str:
    catalog, flow, stage = context.catalog, row["flow"], row["stage"]
    named = [definitions.flow_title(catalog, flow) if flow else "", definitions.stage_title(catalog, flow, stage) if stage else ""]
    return " › ".join(filter(None, [*named, row["cause"], row["incident_id"]])) or "everything"


def _sheet(context: Context, identity: str) -> None:
    row = context.data.read(reads.incident, incident_id=identity)
    if row is None:
        notices.empty("No such incident", "The link may be out of date. The list has all incidents, including resolved ones.")
        st.html(table.link("incidents", "← All incidents"))
        return
    _head(context, row)
    incident_acts.said(identity)
    left, right = st.columns([7, 4], gap="medium")
    with left:
        if row["flow"] != OWN_FLOW:
            _members(context, context.data.read(reads.members, incident_id=identity))
        _log(context, identity)
    with right:
        incident_acts.forms(context, row)
        _runbook(context, str(row["runbook"]))


def _head(context: Context, row: dict[str, Any]) -> None:
    zone = context.zone
    resolved, opened = aware(row["resolved_at"]), aware(row["opened_at"])
    facts = [
        *(_affected(context, row) if row["flow"] != OWN_FLOW else [("", "Severity", row["severity"])]),
        (utc(row["opened_at"]), "Opened", zone.show(row["opened_at"])),
        *(
            [(utc(resolved), "Resolved", f"{zone.show(resolved)} after {duration((resolved - opened).total_seconds())}")]
            if resolved and opened
            else []
        ),
        *(_where(context, row) if row["flow"] != OWN_FLOW else [("", "Condition", row["cause"] or "–")]),
    ]
    if row["acknowledged_by"]:
        facts.append(
            (utc(row["acknowledged_until"]), "Acknowledged", f"{row['acknowledged_by']} until {zone.show(row['acknowledged_until'])}")
        )
    st.html(
        _HEAD.format(
            bulb=status_badge.icon(status_badge.incident(row["status"], row["breached"])),
            title=row["title"],
            pill=status_badge.pill(str(row["status"])),
            facts=Markup("").join(_FACT.format(*fact) for fact in facts),
        )
    )


def _affected(context: Context, row: dict[str, Any]) -> list[tuple[str, str, str]]:
    catalog = context.catalog
    return [
        ("", "Affected now", f"{count(row['members'])} of {count(row['members_total'])} in total"),
        ("", "Late or failed", count(row["breached"])),
        ("", "Severity", row["severity"]),
        ("", "Value at risk", several(row["value"])),
        ("", "Penalty so far", several(row["penalty"])),
        (", ".join(row["customers"]), "Customers", _names(row["customers"], 3) or "–"),
        (", ".join(row["plants"]), "Plants", ", ".join(row["plants"]) or "–"),
        ("", "Owner", definitions.owner_title(catalog, str(row["owner"])) + (f" · {row['assignee']}" if row["assignee"] else "")),
        ("", "Contact", definitions.owner_contact(catalog, str(row["owner"])) or "–"),
    ]


def _where(context: Context, row: dict[str, Any]) -> list[tuple[str, str, str]]:
    flow, stage = str(row["flow"]), str(row["stage"])
    return [
        (utc(row["next_due_at"]), "Next deadline", _deadline(context, row)),
        ("", "Where", f"{definitions.flow_title(context.catalog, flow)} › {definitions.stage_title(context.catalog, flow, stage)}"),
        ("", "Cause", cause_text(str(row["cause"])) or "–"),
    ]


def _members(context: Context, members: pd.DataFrame) -> None:
    st.subheader("Affected transactions", anchor=False)
    if members.empty:
        notices.empty("No transactions", "This incident affected no transaction.")
        return
    left, total = members["left_at"].notna(), int(members["total"].iloc[0])
    present, gone = members[~left], members[left].sort_values("left_at", ascending=False)
    if present.empty:
        notices.good("No transactions are affected any more")
    else:
        columns = [
            _member(context),
            table.Column("", lambda row: status_badge.pill(row["verdict"])),
            table.Column(
                "Due", lambda row: Markup('<span title="{}">{}</span>').format(utc(row["due_at"]), until(row["due_at"], context.now))
            ),
            *_worth(),
        ]
        with st.container(height=460 if len(present) > 9 else "content", border=False):
            table.show(columns, present.to_dict("records"), "Affected transactions")
    if len(gone):
        with st.expander(f"{counted(total - len(present), 'transaction')} no longer affected", expanded=present.empty):
            columns = [
                _member(context),
                table.Column("Since", lambda row: table.time(context.zone, row["left_at"])),
                table.Column("Why", lambda row: _LEFT.get(row["verdict"], status_badge.word(row["verdict"]))),
                *_worth(),
            ]
            with st.container(height=460 if len(gone) > 9 else "content", border=False):
                table.show(columns, gone.to_dict("records"), "Transactions no longer affected")
    note = f"Showing {len(members)} of {count(total)}, earliest due first." if total > len(members) else ""
    export.offer(context, members.drop(columns=["total", "revision"], errors="ignore"), "affected-transactions", note)


def _member(context: Context) -> table.Column:
    def cell(row: dict[str, Any]) -> Markup:
        sla = definitions.sla_title(context.catalog, row["flow"], row["sla"]) if row["sla"] else "failure"
        return Markup("{}<br><small>{}</small>").format(table.link(links.transaction(row["transaction_id"]), row["reference"]), sla)

    return table.Column("Reference", cell, "key")


def _worth() -> list[table.Column]:
    return [
        table.Column("Customer", lambda row: row["customer"]),
        table.Column("Plant", lambda row: row["plant"], "soft spare"),
        table.Column("Value", lambda row: amount(row["value"], row["currency"]), "number"),
        table.Column("Penalty", lambda row: amount(row["penalty"], row["currency"]) if row["penalty"] else "", "number"),
    ]


def _runbook(context: Context, name: str) -> None:
    runbook = context.catalog.runbooks.get(name)
    st.subheader(f"Runbook: {plain(runbook.title if runbook else name or 'none')}", anchor=False)
    if runbook:
        with st.container(border=True):
            st.markdown(with_own_images(runbook.body, context.image_hosts))
    else:
        notices.empty(
            "Runbook not found",
            "The catalog in force has no such runbook. Add it to the folder runbooks/ of the catalog, then check it with:",
            "andon check catalog",
        )


def _log(context: Context, identity: str) -> None:
    zone = context.zone
    told, tried, done = st.tabs(["Notifications", "Delivery attempts", "Actions"])
    with told:
        deliveries = context.data.read(reads.deliveries, incident_id=identity)
        if deliveries.empty:
            notices.empty("Nobody was notified", "No route in routes.yaml matches this incident, or it is silenced.")
        else:
            columns = [
                table.Column("When", lambda row: table.time(zone, row["created_at"], seconds=True)),
                table.Column("Channel", lambda row: f"{row['channel']} ({row['notifier']})", "key"),
                table.Column("Reason", lambda row: row["reason"]),
                table.Column("State", lambda row: status_badge.pill(row["state"])),
                table.Column("Attempts", lambda row: count(row["attempts"]), "number"),
                table.Column("Error", lambda row: row["error"], "wide"),
            ]
            table.show(columns, deliveries.to_dict("records"), "Deliveries")
    with tried:
        attempts = context.data.read(reads.attempts, incident_id=identity)
        columns = [
            table.Column("When", lambda row: table.time(zone, row["attempted_at"], seconds=True)),
            table.Column("Channel", lambda row: row["channel"], "key"),
            table.Column("Attempt", lambda row: row["attempt"], "number"),
            table.Column("Outcome", lambda row: status_badge.pill(row["outcome"])),
            table.Column("Detail", lambda row: row["detail"], "wide"),
        ]
        table.show(columns, attempts.to_dict("records"), "Delivery attempts")
    with done:
        actions = context.data.read(reads.actions, target=identity)
        columns = [
            table.Column("When", lambda row: table.time(zone, row["at"], seconds=True)),
            table.Column("Who", lambda row: row["actor"], "key"),
            table.Column("Action", lambda row: row["action"]),
            table.Column("Detail", lambda row: zone.retell(row["detail"], {}), "wide"),
        ]
        table.show(columns, actions.to_dict("records"), "Actions")


PAGE = Incidents()
