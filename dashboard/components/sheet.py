"""The sheet of one transaction: what it is, where it has been, what its clocks say and why, and the signals behind it."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.plural import counted
from dashboard import definitions
from dashboard.components import charts, lamp, links, notices, table, timeline, waterfall
from dashboard.components.moments import aware, duration, utc
from dashboard.components.money import amount
from dashboard.page import Context
from store.reads import detail as reads

_HEAD = Markup(
    '<div class="andon-sheet"><a class="back" href="transactions">← All transactions</a>'
    '<h1>{reference} {pills}</h1><div class="facts">{facts}</div></div>'
)
_FACT = Markup('<span class="fact"><i>{}</i><b>{}</b></span>')


def sheet(context: Context, transaction_id: str) -> None:
    """Draw it. A merged transaction says where it went; an unknown id says so."""
    row = context.data.read(reads.transaction, transaction_id=transaction_id)
    if row is None:
        notices.empty(
            "No such transaction",
            "The link may be old, or the store may have been rebuilt under another id. Search by a business identifier:",
            "andon find IDENTIFIER",
        )
        st.html(table.link("transactions", "← All transactions"))
        return
    flow = str(row["flow"])
    clocks = context.data.read(reads.clocks, flow=flow, transaction_id=transaction_id)
    milestones = context.data.read(reads.milestones, flow=flow, transaction_id=transaction_id)
    incidents = context.data.read(reads.incidents_of, flow=flow, transaction_id=transaction_id)
    _head(context, row, clocks, incidents)
    if row["merged_into"]:
        st.html(
            Markup("<p>It was found to be the same as {}.</p>").format(
                table.link(links.transaction(str(row["merged_into"])), "another transaction")
            )
        )
    if not milestones.empty:
        domain = timeline.span_of(context, milestones, clocks.head(0))
        st.subheader("The way through the systems", anchor=False)
        charts.draw(timeline.lanes(context, flow, milestones, domain), "Milestones by system over time")
    if not clocks.empty:
        st.subheader("SLA clocks", anchor=False)
        charts.draw(
            timeline.clock_bars(context, flow, clocks, timeline.span_of(context, milestones, clocks)), "SLA clocks from start to due"
        )
        st.caption(
            "Bar: the time allowed, its end the deadline · thin line: time used · amber tick: warning · violet: paused · ■ reached · ▶ now"
        )
        _clocks(context, flow, clocks, context.data.read(reads.verdicts, flow=flow, transaction_id=transaction_id))
    _signals(context, flow, row, milestones)


def _head(context: Context, row: dict[str, Any], clocks: pd.DataFrame, incidents: pd.DataFrame) -> None:
    catalog, flow = context.catalog, str(row["flow"])
    known = catalog.flows.get(flow)
    facts: list[Markup] = [_FACT.format("Flow", definitions.flow_title(catalog, flow))]
    for name, value in row["facts"].items():
        title = known.facts[name].title if known and name in known.facts else ""
        if name == "currency":
            continue
        shown = value
        if name == "amount":
            try:
                shown = amount(float(value), row["facts"].get("currency", ""))
            except ValueError:
                shown = value
        facts.append(_FACT.format(title or definitions.readable(name), context.zone.show(value) if _is_time(known, name) else shown))
    for kind, values in row["keys"].items():
        title = known.keys[kind].title if known and kind in known.keys else ""
        facts.append(
            _FACT.format(
                title or definitions.readable(kind), ", ".join(values[:8]) + (f" and {len(values) - 8} more" if len(values) > 8 else "")
            )
        )
    facts.append(
        Markup('<span class="fact" title="{}"><i>Started</i><b>{}</b></span>').format(
            utc(row["started_at"]), context.zone.show(row["started_at"])
        )
    )
    ended = aware(row["ended_at"])
    begun = aware(row["started_at"])
    if begun:
        facts.append(_FACT.format("Took" if ended else "Running for", duration(((ended or context.now) - begun).total_seconds())))
    pills = [lamp.pill(str(row["state"]))]
    if row["failed_stage"]:
        pills.append(
            Markup('<span class="pill bad"><b>{}</b>{}</span>').format(
                lamp.FAILED.glyph, f"failed: {row['cause'] or row['failed_milestone']}"
            )
        )
    pills += [lamp.pill(verdict) for verdict in ("breached", "at_risk", "unknown") if len(clocks) and (clocks["verdict"] == verdict).any()]
    for incident in incidents.to_dict("records"):
        href = links.incident(incident["incident_id"])
        facts.append(_FACT.format("Incident", table.link(href, f"{lamp.of(incident['status']).glyph} {incident['title']}")))
    st.html(_HEAD.format(reference=row["reference"] or row["transaction_id"], pills=Markup(" ").join(pills), facts=Markup("").join(facts)))


def _is_time(known: Any, name: str) -> bool:
    return bool(known and name in known.facts and known.facts[name].type == "time")


def _clocks(context: Context, flow: str, clocks: pd.DataFrame, verdicts: pd.DataFrame) -> None:
    zone, places = context.zone, definitions.places(context.catalog)
    reasons: dict[str, str] = {}
    for verdict in reversed(verdicts.to_dict("records")):
        reasons[verdict["sla"]] = zone.retell(verdict["reason"], places)
    columns = [
        table.Column("SLA", lambda row: definitions.sla_title(context.catalog, flow, row["sla"]), "key"),
        table.Column("Verdict", lambda row: lamp.pill(row["verdict"])),
        table.Column("Started", lambda row: table.time(zone, row["started_at"]), "soft spare"),
        table.Column("Due", lambda row: table.time(zone, row["due_at"])),
        table.Column("Reached", lambda row: table.time(zone, row["stopped_at"]), "soft"),
        table.Column("Margin", lambda row: _margin(context, row), "number"),
        table.Column("Why", lambda row: reasons.get(row["sla"], "") or row["cause"], "wide"),
        table.Column("Owner", lambda row: definitions.owner_title(context.catalog, row["owner"]), "soft"),
        table.Column("Rule", lambda row: _rule(row["contract_version"]), "soft spare"),
    ]
    table.show(columns, clocks.to_dict("records"), "SLA clocks")
    if verdicts.empty:
        return
    with st.expander(f"Verdict history ({counted(len(verdicts), 'version')}, none is ever rewritten)"):
        history = [
            table.Column("Decided", lambda row: table.time(zone, row["decided_at"], seconds=True)),
            table.Column("SLA", lambda row: definitions.sla_title(context.catalog, flow, row["sla"])),
            table.Column("Verdict", lambda row: Markup("{} → {}").format(lamp.word(row["previous"]) or "new", lamp.pill(row["verdict"]))),
            table.Column("Reason", lambda row: zone.retell(row["reason"], places), "wide"),
            table.Column("Rule", lambda row: _rule(row["contract_version"]), "soft"),
        ]
        table.show(history, verdicts.to_dict("records"), "Verdict history")
        st.code(f"andon explain {verdicts['transaction_id'].iloc[0]}", language="bash")


def _rule(version: str) -> Markup:
    """The target of the SLA that set the limit; the catalog's version, which nobody reads, on hover."""
    catalog, _, target = version.partition(": ")
    return Markup('<span title="catalog {}">{}</span>').format(catalog, target or version)


def _margin(context: Context, row: dict[str, Any]) -> str:
    due, stopped = aware(row["due_at"]), aware(row["stopped_at"])
    if due is None or row["verdict"] == "cancelled":
        return ""
    seconds = (due - (stopped or context.now)).total_seconds()
    return f"{duration(seconds)} {'left' if stopped is None else 'early'}" if seconds >= 0 else f"{duration(-seconds)} late"


def _signals(context: Context, flow: str, row: dict[str, Any], milestones: pd.DataFrame) -> None:
    if milestones.empty:
        return
    traces = tuple(sorted({trace for trace in milestones["trace_id"] if trace}))[:50]
    logs = tuple(milestones.loc[milestones["signal"] == "log", "signal_id"])[:500]
    pairs = tuple(
        (source, found)
        for source, _, found in (text.rpartition(" ") for text in milestones.loc[milestones["signal"] == "event", "signal_id"])
    )
    spans = context.data.read(reads.spans, trace_ids=traces) if traces else pd.DataFrame()
    records = context.data.read(reads.logs, trace_ids=traces, log_ids=logs) if traces or logs else pd.DataFrame()
    events = context.data.read(reads.events, signal_ids=pairs[:500]) if pairs else pd.DataFrame()
    st.subheader("Signals behind it", anchor=False)
    tabs = st.tabs(
        [
            f"Trace · {counted(len(spans), 'span')}",
            f"Logs · {len(records)}",
            f"Events · {len(events)}",
            f"Milestones · {len(milestones)}",
            "Raw",
        ]
    )
    with tabs[0]:
        _trace(context, spans)
    with tabs[1]:
        _logs(context, records)
    with tabs[2]:
        _events(context, events)
    with tabs[3]:
        _milestones(context, flow, milestones)
    with tabs[4]:
        st.json(json.loads(json.dumps({key: value for key, value in row.items() if key != "reached"}, default=str)), expanded=1)


def _trace(context: Context, spans: pd.DataFrame) -> None:
    if spans.empty:
        notices.empty("No spans", "None of its milestones came as a span, or the spans are older than their retention.")
        return
    for trace, group in spans.groupby("trace_id", sort=False):
        begun = group["start_time"].min()
        st.html(
            Markup('<div class="andon-caption">Trace <code>{}</code> · {} · {}</div>').format(
                trace, table.time(context.zone, begun, seconds=True), counted(len(group), "span")
            )
        )
        charts.draw(waterfall.waterfall(group.reset_index(drop=True)), "Spans of the trace over time")
        if len(group) > waterfall.LIMIT:
            st.caption(f"The first {waterfall.LIMIT} spans are drawn.")
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
                group.head(200).to_dict("records"),
                "Spans",
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


def _logs(context: Context, records: pd.DataFrame) -> None:
    if records.empty:
        notices.empty("No log records", "No log record carries its trace id or was read as one of its milestones.")
        return
    columns = [
        table.Column("Time", lambda row: table.time(context.zone, row["time"], seconds=True)),
        table.Column("Service", lambda row: row["service"], "soft"),
        table.Column("Severity", lambda row: Markup('<span class="pill {}">{}</span>').format("bad" if row["severity_number"] >= 17 else "warn" if row["severity_number"] >= 13 else "dim", row["severity_text"] or row["severity_number"])),
        table.Column("Message", lambda row: row["body"][:1000], "wide"),
        table.Column("Attributes", lambda row: _pairs(row["attributes"]), "wide"),
    ]  # fmt: skip
    table.show(columns, records.head(200).to_dict("records"), "Log records")


def _events(context: Context, events: pd.DataFrame) -> None:
    if events.empty:
        notices.empty("No events", "None of its milestones came as an event, or the events are older than their retention.")
        return
    columns = [
        table.Column("Time", lambda row: table.time(context.zone, row["time"], seconds=True)),
        table.Column("Type", lambda row: row["type"], "key"),
        table.Column("Source", lambda row: row["event_source"], "soft"),
        table.Column("Id", lambda row: row["id"], "soft"),
        table.Column("Data", lambda row: Markup("<code>{}</code>").format(row["data"][:2000]), "wide"),
    ]
    table.show(columns, events.head(200).to_dict("records"), "Events")


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
    table.show(columns, milestones.to_dict("records"), "Milestones")
