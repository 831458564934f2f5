"""Interfaces: which system hands over to which, by which flow and source, how much, with which errors, how fast, and whose it is.

All of it is seen in the milestones that transactions passed in the last 24 hours; nothing is declared.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.catalog import Catalog
from core.money import count
from core.plural import counted
from dashboard import definitions
from dashboard.components import error_share, export, filters, links, notices, table
from dashboard.components.first_event import first_event
from dashboard.components.time_format import aware, duration
from dashboard.page import Context
from store.reads import interfaces as reads

_HOURS = 24
_SHOWN = 100


class Interfaces:
    """One row for each handover between two systems."""

    name = "interfaces"
    title = "Interfaces"
    icon = ":material/swap_horiz:"
    order = 55
    url_path = "interfaces"

    def render(self, context: Context) -> None:
        """Draw the page."""
        catalog = context.catalog
        since = context.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=_HOURS - 1)
        hops = context.data.read(reads.hops, slow=True, since=since, stations=_stations(catalog))
        arrivals = context.data.read(reads.arrivals, slow=True, since=since)
        rows = _handovers(catalog, hops, arrivals)
        boxes = st.columns([1.2, 1, 1, 2])
        with boxes[0]:
            flow = filters.flow(catalog)
        with boxes[1]:
            system = filters.choose("System", "system", sorted({name for row in rows for name in (row["from"], row["to"])}))
        with boxes[2]:
            source = filters.choose("Source", "source", sorted({name for row in rows for name in row["sources"]}))
        shown = [
            row
            for row in rows
            if flow in {"", row["flow"]} and system in {"", row["from"], row["to"]} and (not source or source in row["sources"])
        ]
        if not rows:
            notices.empty(
                "No system has handed anything over in the last 24 hours",
                "An interface appears when a transaction passes milestones of two systems. Send the first signal:",
                first_event(context),
            )
        elif not shown:
            notices.empty("Nothing matches", "No handover was seen with all of these. Clear a filter.")
        else:
            _show(context, shown)


def _stations(catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """Return flow and milestone of all that transactions pass; failures and milestones of the way aside are no handover."""
    return tuple((key, name) for key, flow in catalog.flows.items() for name in definitions.stations(flow))


def _handovers(catalog: Catalog, hops: pd.DataFrame, arrivals: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each step of a flow from one system to another, in the order of the flow, the busiest of each step first.

    No failure says from where it came: all count for the way by which most arrive, and for no interface if that lies within one system.
    """
    received = arrivals.to_dict("records")
    ways = hops.groupby(["flow", "milestone"])["transactions"].agg(["sum", "idxmax"]) if len(hops) else hops
    rows: list[dict[str, Any]] = []
    for number, hop in zip(hops.index, hops.to_dict("records"), strict=True):
        flow = catalog.flows.get(hop["flow"])
        begin, end = (flow.milestones.get(hop[name]) if flow else None for name in ("before", "milestone"))
        if flow is None or begin is None or end is None or begin.system == end.system:
            continue
        failing = {name for name, milestone in flow.milestones.items() if milestone.failure and milestone.stage == hop["milestone"]}
        mine = [row for row in received if row["flow"] == hop["flow"] and row["milestone"] in {hop["milestone"], *failing}]
        arrived = [row for row in mine if row["milestone"] == hop["milestone"]]
        sources = list(dict.fromkeys(str(row["source"]) for row in arrived if row["source"]))
        way = ways.loc[(hop["flow"], hop["milestone"])]
        errors = sum(int(row["failures"]) for row in mine if row["milestone"] in failing) if number == way["idxmax"] else 0
        rows.append(
            {**{str(key): value for key, value in hop.items()}, "from": begin.system, "to": end.system, "sources": sources, "errors": errors, "owner": _owner(catalog, sources, flow.owner),
             "error_share": errors / (errors + way["sum"]), "delay": max((float(row["delay_seconds"]) for row in arrived), default=None),
             "place": (list(catalog.flows).index(hop["flow"]), list(flow.milestones).index(hop["milestone"]))}
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row["place"], -row["transactions"]))


def _owner(catalog: Catalog, sources: list[str], flow_owner: str) -> str:
    """Return who is responsible for the sources that report the arrival, or else for the flow."""
    owners = dict.fromkeys(catalog.sources[name].owner for name in sources if name in catalog.sources)
    return ", ".join(definitions.owner_title(catalog, name) for name in owners or [flow_owner])


def _show(context: Context, rows: list[dict[str, Any]]) -> None:
    catalog, failing = context.catalog, sum(row["errors"] > 0 for row in rows)
    systems = {name for row in rows for name in (row["from"], row["to"])}
    st.caption(f"{counted(len(systems), 'system')}, {counted(len(rows), 'handover')}, {failing} with errors in the last {_HOURS} hours.")
    columns = [
        table.Column("From", lambda row: row["from"], "key"),
        table.Column("To", lambda row: row["to"], "key"),
        table.Column("Flow", lambda row: definitions.flow_title(catalog, row["flow"]), "soft"),
        table.Column("Step", lambda row: _step(catalog, row), "wrap"),
        table.Column("Told by", _told),
        table.Column("Handed over", lambda row: count(row["transactions"]), "number key"),
        table.Column("An hour", lambda row: f"{row['transactions'] / _HOURS:,.1f}", "number soft spare"),
        table.Column("Errors", lambda row: error_share.cell(row["errors"], row["error_share"]), "number"),
        table.Column("Takes", lambda row: duration(row["median_seconds"]), "number"),
        table.Column("90 % within", lambda row: duration(row["p90_seconds"]), "number soft"),
        table.Column("Told after", lambda row: duration(row["delay"]), "number soft spare"),
        table.Column("Last", lambda row: _ago(context, row["last_at"]), "soft"),
        table.Column("Owner", lambda row: row["owner"], "soft"),
    ]
    table.show(columns, rows[:_SHOWN], "Handovers between systems", phone="cards")
    note = (
        "Takes: the median from the milestone in the one system to that in the other. Told by: the source whose signals report the arrival;"
        " told after: how long the last hundred took to get here. Errors: the share of arrivals that failed, where most arrive; "
        f"{error_share.TOLD}."
    )
    sheet = pd.DataFrame(rows).drop(columns=["place"]).rename(columns={"before": "from_milestone", "milestone": "to_milestone", **_UNITS})
    export.offer(context, sheet, "interfaces", note)


_UNITS = {
    "from": "from_system",
    "to": "to_system",
    "transactions": "handed_over_24h",
    "errors": "errors_24h",
    "delay": "told_after_seconds",
}


def _step(catalog: Catalog, row: dict[str, Any]) -> Markup:
    before, after = (definitions.stage_title(catalog, row["flow"], row[name]) for name in ("before", "milestone"))
    return Markup('{} <span aria-hidden="true">→</span> {}').format(
        before, table.link(links.to("transactions", flow=row["flow"], awaited=row["milestone"], period="all"), after)
    )


def _told(row: dict[str, Any]) -> Markup:
    return Markup(", ").join(table.link(links.to("sources", source=name), name) for name in row["sources"])


def _ago(context: Context, moment: object) -> Markup:
    at = aware(moment)
    age = duration((context.now - at).total_seconds()) if at else "–"
    return Markup('<span title="{}">{} ago</span>').format(context.zone.show(moment, seconds=True), age)


PAGE = Interfaces()
