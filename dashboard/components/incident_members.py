"""The transactions of an incident: those in it now, and those that left it and why."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.incident import is_held_up
from core.incident_history import LEFT
from core.money import amount, count
from core.plural import counted
from dashboard import definitions
from dashboard.components import export, links, notices, status_badge, table
from dashboard.components.time_format import due, utc
from dashboard.page import Context
from store.reads import incident_log as reads


def show(context: Context, incident_id: str, cause: str) -> None:
    """Draw the transactions of an incident with this cause."""
    st.subheader("Affected transactions", anchor=False)
    read = partial(context.data.read, reads.members, incident_id=incident_id)
    members = read()
    if members.empty:
        notices.empty("No transactions", "This incident affected no transaction.")
        return
    left, total = members["left_at"].notna(), int(members["total"].iloc[0])
    present, gone = members[~left], members[left].sort_values("left_at", ascending=False)
    if present.empty:
        notices.good("No transactions are affected any more")
    else:
        columns = [
            _reference(context),
            table.Column("", lambda row: status_badge.pill(row["verdict"]), "lead"),
            table.Column(
                "Due",
                lambda row: Markup('<span title="{}">{}</span>').format(
                    utc(row["due_at"]), due(row["due_at"], context.now, row["verdict"], context.speed)
                ),
            ),
            *_worth(),
        ]
        with st.container(height=460 if len(present) > 9 else "content", border=False, key="affected"):
            table.show(columns, present.to_dict("records"), "Affected transactions", phone="lines")
    if len(gone):
        with st.expander(f"{counted(total - len(present), 'transaction')} no longer affected", expanded=present.empty):
            columns = [
                _reference(context),
                table.Column("Since", lambda row: table.time(context.zone, row["left_at"]), "named"),
                table.Column("Why", lambda row: LEFT.get(row["verdict"], status_badge.word(row["verdict"]))),
                *_worth(),
            ]
            with st.container(height=460 if len(gone) > 9 else "content", border=False, key="no-longer-affected"):
                table.show(columns, gone.to_dict("records"), "Transactions no longer affected", phone="lines")
    order = "first due first" if is_held_up(cause) else "highest value first"
    more = total > len(members)
    note = f"Showing {len(members)} of {count(total)}, {order}. The file has all, up to {export.ROWS_MAX:,}." if more else ""

    def sheet() -> pd.DataFrame:
        rows: pd.DataFrame = read(limit=export.ROWS_MAX) if more else members
        return rows.drop(columns=["total", "revision"], errors="ignore")

    export.offer(context, sheet, "affected-transactions", note)


def _reference(context: Context) -> table.Column:
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
