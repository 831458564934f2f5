"""Transactions: search by any business identifier, and everything known about one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.money import cell
from dashboard import definitions
from dashboard.components import export, filters, links, notices, status_badge, table
from dashboard.components.time_format import due
from dashboard.components.transaction_detail import transaction_detail
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import search as reads

_VERDICTS = ["breached", "failed", "at_risk", "unknown", "running", "paused", "met", "met_late"]
_LIMIT = 200
_FOUND = 100


class Transactions:
    """The list, the search, and the detail of one transaction (``?id=``)."""

    name = "transactions"
    title = "Transactions"
    icon = ":material/search:"
    order = 20
    url_path = "transactions"

    def render(self, context: Context) -> None:
        """Draw the transaction named in the address, else the search and the list."""
        if identity := st.query_params.get("id", ""):
            transaction_detail(context, identity)
            return
        given = st.query_params.get("find", "")
        wanted = st.text_input(
            "Find by any business identifier", value=given, placeholder="order, delivery, invoice, shipment, purchase order …"
        ).strip()
        if wanted != given:
            st.query_params["find"] = wanted
        if wanted:
            _found(context, wanted)
        else:
            _list(context)


def _found(context: Context, wanted: str) -> None:
    hits = context.data.read(reads.find, value=wanted, limit=_FOUND)
    rows = pd.DataFrame()
    if not hits.empty:
        rows = context.data.read(reads.listing, now=context.minute, ids=tuple(dict.fromkeys(hits["transaction_id"])), limit=_LIMIT)
    if rows.empty:
        notices.empty(
            f"No transaction found for “{wanted}”",
            "Identifiers are normalised as the flow's keys say (leading zeros do not matter). The event that carries it may not have arrived yet, "
            "or may be in quarantine: see Sources. The same search on the command line:",
            "andon find IDENTIFIER\nandon quarantine list",
        )
        return
    matched = hits.groupby("transaction_id").apply(
        lambda group: ", ".join(_named(context, *key) for key in zip(group["flow"], group["key_type"], group["key_value"], strict=True))
    )
    found = f"Showing the {_FOUND} newest that begin with {plain(wanted)}. Type more of it to find the others."
    _table(context, rows, matched.to_dict(), found if len(hits) == _FOUND else "")


def _named(context: Context, flow: str, key_type: str, value: str) -> str:
    return f"earlier id {value}" if key_type == "@merged" else f"{definitions.key_title(context.catalog, flow, key_type)} {value}"


def _list(context: Context) -> None:
    catalog = context.catalog
    recent = context.data.read(reads.choices, slow=True, since=filters.since("30d", context.now))
    top = st.columns([1.3, 1, 1, 1.3, 1.3, 0.8, 1.1])
    with top[0]:
        flow = filters.flow(catalog)
    with top[1]:
        state = filters.choose("State", "state", ["open", "completed", "cancelled"], str.capitalize)
    with top[2]:
        verdict = filters.choose("Verdict", "verdict", _VERDICTS, lambda name: status_badge.word(name).capitalize())
    stages = [name for key, known in catalog.flows.items() if not flow or key == flow for name in definitions.stations(known)]
    with top[3]:
        stage = filters.choose("Last milestone", "stage", stages, lambda name: definitions.stage_title(catalog, flow, name))
    with top[4]:
        customer = filters.choose("Customer", "customer", _distinct(recent, "customer"), typed=True)
    with top[5]:
        plant = filters.choose("Plant", "plant", _distinct(recent, "plant"))
    with top[6]:
        awaited = st.query_params.get("awaited", "")
        period = filters.period("7d", everything=True)
    if awaited:
        words, clear = st.columns([5, 1], vertical_alignment="center")
        words.text(f"Late, at risk, unknown or failed on the way to “{definitions.stage_title(catalog, flow, awaited)}”")
        if clear.button("Show all", width="stretch"):
            st.query_params.pop("awaited", None)
            st.rerun()
    rows = context.data.read(
        reads.listing, now=context.minute, flow=flow, state=state, verdict=verdict, stage=stage, awaited=awaited, customer=customer, plant=plant,
        since=filters.since(period, context.now), limit=_LIMIT,
    )  # fmt: skip
    if rows.empty and recent.empty:
        notices.empty(
            "No transactions yet",
            "A transaction appears with the first signal that matches a milestone of a flow. Send one:",
            notices.FIRST_EVENT,
        )
    elif rows.empty:
        notices.empty("Nothing matches", "No transaction matches all of these filters. Widen the period or clear a filter.")
    else:
        shown = f"Showing the {_LIMIT} newest. Narrow the filters to see others."
        _table(context, rows, {}, shown if len(rows) == _LIMIT else "", filters.since(period, context.now))


def _distinct(frame: pd.DataFrame, column: str) -> list[str]:
    return sorted(set(frame[column]) - {""}) if column in frame else []


def _table(context: Context, rows: pd.DataFrame, matched: dict[str, str], note: str, since: datetime | None = None) -> None:
    catalog, zone = context.catalog, context.zone
    columns = [
        table.Column(
            "Reference",
            lambda row: table.link(links.transaction(row["transaction_id"]), row["reference"] or row["transaction_id"][:12]),
            "key",
        ),
        table.Column("Flow", lambda row: definitions.flow_title(catalog, row["flow"]), "soft"),
        table.Column("State", lambda row: status_badge.pill("failed" if row["failed_stage"] else row["state"])),
        table.Column("Last milestone", lambda row: definitions.stage_title(catalog, row["flow"], row["stage"])),
        table.Column("SLA status", lambda row: status_badge.pill(row["verdict"]) if row["verdict"] else ""),
        table.Column("Due", lambda row: _due(context, row)),
        table.Column("Customer", lambda row: row["customer"]),
        table.Column("Plant", lambda row: row["plant"], "soft spare"),
        table.Column("Value", lambda row: cell(row["value"], row["currency"]), "number"),
        table.Column("Started", lambda row: table.time(zone, row["started_at"]), "soft spare"),
        table.Column("Updated", lambda row: table.time(zone, row["updated_at"]), "soft spare"),
    ]
    if matched:
        columns.insert(1, table.Column("Matched by", lambda row: matched.get(row["transaction_id"], ""), "soft"))
    table.show(columns, rows.to_dict("records"), "Transactions")
    export.offer(context, rows, "transactions", note, start=since, end=context.now)


def _due(context: Context, row: dict[str, Any]) -> str:
    if row["verdict"] in {"running", "at_risk", "breached", "unknown"} and pd.notna(row["due_at"]):
        return due(row["due_at"], context.now, row["verdict"])
    return ""


PAGE = Transactions()
