"""The signals behind a transaction: its milestones, and everything that shares a trace with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.money import count
from core.plural import counted
from dashboard import definitions
from dashboard.components import charts, notices, table, waterfall
from dashboard.page import Context
from store.reads import detail as reads

_TRACES = 50
_LISTED = 200


@dataclass(frozen=True)
class _Found:
    """Signals of one kind: the earliest ones, and how many there are in total."""

    rows: pd.DataFrame
    total: int

    @property
    def listed(self) -> list[dict[str, Any]]:
        """The rows that the table shows."""
        return [{str(name): value for name, value in row.items()} for row in self.rows.head(_LISTED).to_dict("records")]


def behind(context: Context, flow: str, row: dict[str, Any], milestones: pd.DataFrame) -> None:
    """Draw the signals. ``row`` is the transaction's row, ``milestones`` its milestone events."""
    if milestones.empty:
        return
    every = sorted({trace for trace in milestones["trace_id"] if trace})
    traces = tuple(every[:_TRACES])
    logs = tuple(milestones.loc[milestones["signal"] == "log", "signal_id"])
    named = tuple(milestones.loc[milestones["signal"] == "event", "signal_id"])
    spans = _found(context, "spans", reads.spans, traces)
    records = _found(context, "logs", reads.logs, traces, log_ids=logs)
    events = _found(context, "events", reads.events, traces, signal_ids=named)
    st.subheader("Signals behind this transaction", anchor=False)
    if len(every) > len(traces):
        st.caption(
            f"Only {len(traces)} of its {counted(len(every), 'trace')} are shown; signals of the others appear only if they are milestones."
        )
    tabs = st.tabs(
        [
            f"Trace · {counted(spans.total, 'span')}",
            f"Logs · {count(records.total)}",
            f"Events · {count(events.total)}",
            f"Milestones · {len(milestones)}",
            "Raw",
        ]
    )
    with tabs[0]:
        _trace(context, spans)
    with tabs[1]:
        _logs(context, records)
    with tabs[2]:
        _events(context, events, set(named))
    with tabs[3]:
        _milestones(context, flow, milestones)
    with tabs[4]:
        st.json(json.loads(json.dumps({key: value for key, value in row.items() if key != "reached"}, default=str)), expanded=1)


def _found(context: Context, kind: str, read: Any, traces: tuple[str, ...], **ids: Any) -> _Found:
    """Read the signals of the traces and ids; count them only if the answer was cut off."""
    named = tuple(one for given in ids.values() for one in given)
    if not traces and not named:
        return _Found(pd.DataFrame(), 0)
    rows = context.data.read(read, trace_ids=traces, **ids)
    total = len(rows) if len(rows) < reads.SIGNALS else context.data.read(reads.how_many, kind=kind, trace_ids=traces, ids=named)
    return _Found(rows, total)


def _cut(found: _Found, shown: int) -> None:
    """Say how many are not shown."""
    if shown < found.total:
        st.caption(f"Showing the earliest {count(shown)} of {count(found.total)}.")


def _trace(context: Context, spans: _Found) -> None:
    if spans.rows.empty:
        notices.empty("No spans", "No span carries its trace ID, or the spans have passed their retention.")
        return
    _cut(spans, len(spans.rows))
    for trace, group in spans.rows.groupby("trace_id", sort=False):
        begun = group["start_time"].min()
        st.html(
            Markup('<div class="andon-caption">Trace <code>{}</code> · {} · {}</div>').format(
                trace, table.time(context.zone, begun, seconds=True), counted(len(group), "span")
            )
        )
        charts.draw(waterfall.waterfall(group.reset_index(drop=True)), "Spans of the trace over time")
        if len(group) > waterfall.LIMIT:
            st.caption(f"Showing the earliest {waterfall.LIMIT} of {len(group)} spans.")
        with st.expander("Spans with attributes"):
            table.show(
                [
                    table.Column("Start", lambda row: table.time(context.zone, row["start_time"], seconds=True)),
                    table.Column("Service", lambda row: row["service"]),
                    table.Column("Name", lambda row: row["name"], "key"),
                    table.Column("Status", lambda row: Markup('<span class="pill {}">{}</span>').format("bad" if row["status"] == "error" else "ok" if row["status"] == "ok" else "dim", f"{row['status']} {row['status_message']}".strip())),
                    table.Column("Attributes", lambda row: _pairs(row["attributes"]), "wide"),
                    table.Column("Events", _span_events, "wide"),
                ],
                group.to_dict("records"),
                "Spans",
                phone="cards",
            )  # fmt: skip


def _pairs(attributes: dict[str, str]) -> Markup:
    return Markup("").join(
        Markup('<span class="pair"><i>{}</i>{}</span>').format(name, str(value)[:300]) for name, value in list(attributes.items())[:40]
    )


def _span_events(row: dict[str, Any]) -> Markup:
    names, attributes = row.get("events.name", []), row.get("events.attributes", [])
    return Markup("").join(
        Markup("<div><b>{}</b> {}</div>").format(name, _pairs(given)) for name, given in list(zip(names, attributes, strict=False))[:10]
    )


def _logs(context: Context, records: _Found) -> None:
    if records.rows.empty:
        notices.empty("No log records", "No log record carries its trace ID or is one of its milestones.")
        return
    columns = [
        table.Column("Time", lambda row: table.time(context.zone, row["time"], seconds=True)),
        table.Column("Service", lambda row: row["service"], "soft"),
        table.Column("Severity", lambda row: Markup('<span class="pill {}">{}</span>').format("bad" if row["severity_number"] >= 17 else "warn" if row["severity_number"] >= 13 else "dim", row["severity_text"] or row["severity_number"])),
        table.Column("Message", lambda row: row["body"][:1000], "wide"),
        table.Column("Attributes", lambda row: _pairs(row["attributes"]), "wide"),
    ]  # fmt: skip
    table.show(columns, records.listed, "Log records", phone="cards")
    _cut(records, len(records.listed))


def _events(context: Context, events: _Found, named: set[str]) -> None:
    if events.rows.empty:
        notices.empty("No events", "No event carries its trace ID or is one of its milestones, or the events have passed their retention.")
        return
    columns = [
        table.Column("Time", lambda row: table.time(context.zone, row["time"], seconds=True)),
        table.Column("Type", lambda row: row["type"], "key"),
        table.Column("Source", lambda row: row["event_source"], "soft"),
        table.Column("Id", lambda row: row["id"], "soft"),
        table.Column("By", lambda row: "milestone" if f"{row['event_source']} {row['id']}" in named else "trace", "soft"),
        table.Column("Data", lambda row: Markup("<code>{}</code>").format(row["data"][:2000]), "wide"),
    ]
    table.show(columns, events.listed, "Events", phone="cards")
    _cut(events, len(events.listed))


def _milestones(context: Context, flow: str, milestones: pd.DataFrame) -> None:
    columns = [
        table.Column("Time", lambda row: table.time(context.zone, row["event_time"], seconds=True)),
        table.Column("Milestone", lambda row: definitions.stage_title(context.catalog, flow, row["milestone"]), "key"),
        table.Column("System", lambda row: row["system"]),
        table.Column("Source", lambda row: row["source"], "soft"),
        table.Column("Received", lambda row: table.time(context.zone, row["received_at"], seconds=True), "soft"),
        table.Column("Came as", lambda row: f"{row['signal']} {row['signal_id']}", "soft wide"),
        table.Column("Remark", lambda row: " ".join(filter(None, ["time suspect" if row["time_suspect"] else "", row["cause"]]))),
    ]
    table.show(columns, milestones.to_dict("records"), "Milestones", phone="cards")
    if len(milestones) == reads.MILESTONES:
        st.caption(f"Showing the earliest {count(reads.MILESTONES)}; there are more.")
