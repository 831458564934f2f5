"""The detail of one transaction: what it is, where it has been, what its clocks say and why."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.catalog import catalog_from_json
from core.catalog.definition import readable
from core.clock import to_milliseconds
from core.incident import cause_text
from core.money import amount
from core.plural import counted
from dashboard import definitions
from dashboard.components import charts, facts, links, notices, resubmissions, signals, status_badge, tab, table, timeline, whereabouts
from dashboard.components.time_format import aware, duration, utc
from dashboard.page import Context
from slas.explain import Evidence, as_it_runs, explain, received_later, versions_of
from slas.outlook import outlook_of
from store.reads import catalogs
from store.reads import detail as reads

_HEAD = Markup('<div class="andon-detail"><a class="back" href="transactions">← All transactions</a><h1>{reference} {pills}</h1></div>')
_FACTS = Markup('<div class="andon-detail"><div class="facts">{}</div></div>')
_SHEET = Markup('<div class="andon-sheet">{}</div>')
_LINE = Markup('<p class="{}">{}</p>')
_FACT = Markup('<span class="fact"><i>{}</i><b>{}</b></span>')


def transaction_detail(context: Context, transaction_id: str) -> None:
    """Draw the page. A merged transaction links to the one it became part of; an unknown id is reported."""
    row = context.data.read(reads.transaction, transaction_id=transaction_id)
    if row is None:
        notices.empty(
            "No such transaction",
            "The link may be out of date, or the store may have been rebuilt with new ids. Search by a business identifier:",
            "andon find IDENTIFIER",
        )
        st.html(table.link("transactions", "← All transactions"))
        return
    flow = str(row["flow"])
    clocks = context.data.read(reads.clocks, flow=flow, transaction_id=transaction_id)
    milestones = context.data.read(reads.milestones, flow=flow, transaction_id=transaction_id)
    incidents = context.data.read(reads.incidents_of, flow=flow, transaction_id=transaction_id)
    tab.title(str(row["reference"] or row["transaction_id"]))
    plant = str(row["facts"].get("plant", ""))
    usual = context.data.read(reads.usual, slow=True, flow=flow, plant=plant, day=context.now.replace(minute=0, second=0, microsecond=0))
    _head(row, clocks)
    if row["merged_into"]:
        st.html(
            Markup("<p>It was merged into {}.</p>").format(table.link(links.transaction(str(row["merged_into"])), "another transaction"))
        )
    elif (outlook := outlook_of(row, clocks, usual, context.catalog, to_milliseconds(context.now))) is not None:
        whereabouts.draw(context, outlook)
    _facts(context, row, incidents)
    if not milestones.empty:
        domain = timeline.span_of(context, milestones, clocks.head(0))
        st.subheader("Path through the systems", anchor=False)
        charts.draw(timeline.lanes(context, flow, milestones, domain), "Milestones by system over time")
    resubmissions.of_transaction(context, flow, milestones)
    if not clocks.empty:
        st.subheader("SLA clocks", anchor=False)
        charts.draw(
            timeline.clock_bars(context, flow, clocks, timeline.span_of(context, milestones, clocks)), "SLA clocks from start to due"
        )
        st.caption(
            "Bar: time allowed, up to the deadline · thin line: time used · amber tick: warning · violet: paused · ■ reached · ▶ now"
        )
        verdicts = context.data.read(reads.verdicts, flow=flow, transaction_id=transaction_id)
        _clocks(context, flow, clocks, verdicts)
        _history(context, flow, milestones, verdicts)
        _calculation(context, Evidence(row, milestones, clocks, verdicts, usual))
    signals.behind(context, flow, row, milestones)


def _head(row: dict[str, Any], clocks: pd.DataFrame) -> None:
    pills = [status_badge.pill(str(row["state"]))]
    if row["failed_stage"]:
        pills.append(
            Markup('<span class="pill bad"><b>{}</b>{}</span>').format(
                status_badge.FAILED.glyph, f"failed: {row['cause'] or row['failed_milestone']}"
            )
        )
    pills += [
        status_badge.pill(verdict) for verdict in ("breached", "at_risk", "unknown") if len(clocks) and (clocks["verdict"] == verdict).any()
    ]
    st.html(_HEAD.format(reference=row["reference"] or row["transaction_id"], pills=Markup(" ").join(pills)))


def _facts(context: Context, row: dict[str, Any], incidents: pd.DataFrame) -> None:
    catalog, flow = context.catalog, str(row["flow"])
    known = catalog.flows.get(flow)
    lines: list[Markup] = [_FACT.format("Flow", definitions.flow_title(catalog, flow))]
    lines += [_FACT.format(title, said) for title, said in facts.shown(known, row["facts"], context.zone)]
    for kind, values in row["keys"].items():
        title = known.keys[kind].title if known and kind in known.keys else ""
        lines.append(
            _FACT.format(title or readable(kind), ", ".join(values[:8]) + (f" and {len(values) - 8} more" if len(values) > 8 else ""))
        )
    lines.append(
        Markup('<span class="fact" title="{}"><i>Started</i><b>{}</b></span>').format(
            utc(row["started_at"]), context.zone.show(row["started_at"])
        )
    )
    ended = aware(row["ended_at"])
    begun = aware(row["started_at"])
    if begun:
        lines.append(_FACT.format("Took" if ended else "Running for", duration(((ended or context.now) - begun).total_seconds())))
    for incident in incidents.to_dict("records"):
        href = links.incident(incident["incident_id"])
        lines.append(_FACT.format("Incident", table.link(href, f"{status_badge.of(incident['status']).glyph} {incident['title']}")))
    st.html(_FACTS.format(Markup("").join(lines)))
    if wrong := facts.faults(known, row["facts"]):
        notices.remark(f"{counted(len(wrong), 'fact')} cannot be used", " ".join(wrong))


def _clocks(context: Context, flow: str, clocks: pd.DataFrame, verdicts: pd.DataFrame) -> None:
    zone, cities = context.zone, definitions.zones_by_city(context.catalog)
    reasons: dict[str, str] = {}
    for verdict in reversed(verdicts.to_dict("records")):
        reasons[verdict["sla"]] = verdict["reason"]

    def why(row: dict[str, Any]) -> str:
        reason = reasons.get(row["sla"], "")
        return zone.retell(reason if aware(row["stopped_at"]) else as_it_runs(reason), cities) or cause_text(row["cause"])

    columns = [
        table.Column("SLA", lambda row: definitions.sla_title(context.catalog, flow, row["sla"]), "key"),
        table.Column("Verdict", lambda row: status_badge.pill(row["verdict"]), "lead"),
        table.Column("Started", lambda row: table.time(zone, row["started_at"]), "soft spare"),
        table.Column("Due", lambda row: table.time(zone, row["due_at"]), "named"),
        table.Column("Stopped", lambda row: table.time(zone, row["stopped_at"]), "soft named"),
        table.Column("Margin", lambda row: _margin(context, row), "number"),
        table.Column("Penalty", lambda row: amount(row["penalty"], row["currency"]) if row["penalty"] else "", "number"),
        table.Column("Why", why, "wide"),
        table.Column("Owner", lambda row: definitions.owner_title(context.catalog, row["owner"]), "soft"),
        table.Column("Rule", lambda row: _rule(row["contract_version"]), "soft spare"),
    ]
    table.show(columns, clocks.to_dict("records"), "SLA clocks", phone="lines")


def _history(context: Context, flow: str, milestones: pd.DataFrame, verdicts: pd.DataFrame) -> None:
    if verdicts.empty:
        return
    zone, cities = context.zone, definitions.zones_by_city(context.catalog)
    known = context.catalog.flows.get(flow)

    def reason(row: dict[str, Any]) -> str:
        sla = known.slas.get(row["sla"]) if known else None
        return zone.retell(row["reason"] + (received_later(row, sla, milestones, zone.info) if sla else ""), cities)

    with st.expander(f"Verdict history ({counted(len(verdicts), 'version')}; none is ever changed)"):
        history = [
            table.Column("Decided", lambda row: table.time(zone, row["decided_at"], seconds=True)),
            table.Column("SLA", lambda row: definitions.sla_title(context.catalog, flow, row["sla"])),
            table.Column(
                "Verdict",
                lambda row: Markup("{} → {}").format(status_badge.word(row["previous"]) or "new", status_badge.pill(row["verdict"])),
            ),
            table.Column("Reason", reason, "wide"),
            table.Column("Rule", lambda row: _rule(row["contract_version"]), "soft"),
        ]
        table.show(history, verdicts.to_dict("records"), "Verdict history", phone="cards")


def _calculation(context: Context, evidence: Evidence) -> None:
    """Show what ``andon explain`` prints, by the catalogs that set the clocks."""
    versions = tuple(sorted(versions_of(evidence.clocks)))
    kept = context.data.read(catalogs.of_versions, slow=True, versions=versions)
    earlier = {version: catalog_from_json(text) for version, text in kept.items()}
    with st.expander("How it was calculated: signals, working hours, pauses, arithmetic"):
        lines = explain(evidence, context.catalog, context.now, earlier=earlier, everything=True)
        st.html(_SHEET.format(Markup("\n").join(_LINE.format("step" if line.startswith("  ") else "", line) for line in lines)))
        st.caption("Times here are in the zone of each SLA's calendar. The same on the command line:")
        st.code(f"andon explain {evidence.transaction['transaction_id']} --all", language=None)


def _rule(version: str) -> Markup:
    """The target of the SLA that set the limit; the catalog's version, which few people need, on hover."""
    catalog, _, target = version.partition(": ")
    return Markup('<span title="catalog {}">{}</span>').format(catalog, target or version)


def _margin(context: Context, row: dict[str, Any]) -> str:
    due, stopped = aware(row["due_at"]), aware(row["stopped_at"])
    if due is None or (row["verdict"] == "cancelled" and (stopped is None or stopped <= due)):
        return ""
    seconds = (due - (stopped or context.now)).total_seconds()
    return f"{duration(seconds)} {'left' if stopped is None else 'early'}" if seconds >= 0 else f"{duration(-seconds)} late"
