"""The board: every flow as a line of stations, with what is late there, what it costs and who acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.flow import OWN_FLOW
from core.incident import IncidentStatus, current_status
from core.money import count, several
from dashboard import definitions, measures
from dashboard.components import links, notices, status_badge
from dashboard.components.stations import LEGEND, Station, line
from dashboard.components.time_format import aware, duration, next_deadline, until, utc
from dashboard.data import Unreachable
from dashboard.page import Context
from store.reads import board as reads

_REFRESH = "5s"
_FIGURE = Markup(
    '<div class="figure {kind}" title="{hint}"><span class="label">{sign}{label}</span><b>{value}</b><span class="note">{note}</span></div>'
)
_INCIDENT = Markup(
    '<a class="incident {kind}" href="{href}">{bulb}<span class="title {severity}">{title}</span><span class="where">{where}</span>'
    '<span class="who" title="owner">{owner}</span><span class="book" title="runbook">{runbook}</span>'
    '<span class="size">{members}</span><span class="money">{money}</span><span class="due">{due}</span></a>'
)


class Board:
    """What hangs on the wall."""

    name = "board"
    title = "Board"
    icon = ":material/view_timeline:"
    order = 10
    url_path = "board"

    def render(self, context: Context) -> None:
        """Draw the board, and redraw it every few seconds."""
        st.fragment(_live, run_every=_REFRESH)(context)


def _live(context: Context) -> None:
    with measures.drawing(PAGE.name, context.clock):
        _draw(context)


def _draw(context: Context) -> None:
    try:
        moment = context.now.replace(microsecond=0)
        moment = moment.replace(second=moment.second - moment.second % 5)
        stations = context.data.read(reads.stations, now=moment)
        totals = context.data.read(reads.totals, now=moment)
        pulse = context.data.read(reads.pulse)
        incidents = context.data.read(reads.open_incidents, now=context.minute, limit=8)
    except Unreachable as error:
        notices.unreachable(context.data.asked, str(error))
        return
    if context.data.delayed_since is not None:
        notices.delayed(context.data.asked, context.data.delayed_since, context.zone, context.now)
    _header(context, stations, totals, pulse)
    if stations.empty:
        notices.empty("No transactions yet", "A flow appears as soon as its first milestone arrives. Send one:", notices.FIRST_EVENT)
        return
    _incidents(context, incidents)
    st.html(Markup('<div class="andon-board">{}{}</div>').format(Markup("").join(_flows(context, stations, totals)), LEGEND))


def _header(context: Context, stations: pd.DataFrame, totals: pd.DataFrame, pulse: dict[str, Any]) -> None:
    cells = Markup("").join(
        _FIGURE.format(
            kind=kind,
            sign=Markup("<i aria-hidden='true'>{}</i> ").format(sign) if sign else "",
            label=label,
            value=value,
            note=note,
            hint=hint,
        )
        for kind, sign, label, value, note, hint in _figures(context, stations, totals, pulse)
    )
    st.html(Markup('<div class="andon-figures">{}</div>').format(cells))


def _figures(context: Context, stations: pd.DataFrame, totals: pd.DataFrame, pulse: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return kind, sign, label, value, note and hint of each figure at the top."""
    money, due = _money(totals), totals["next_due_at"].min() if len(totals) else None
    lag = (context.now - processed).total_seconds() if (processed := aware(pulse["processed_at"])) else None
    breached, at_risk, unknown = (int(totals[name].sum()) for name in ("breached", "at_risk", "unknown")) if len(totals) else (0, 0, 0)
    open_, failed = (int(stations[name].sum()) for name in ("here", "failed")) if len(stations) else (0, 0)
    return [
        ("", "", "Open", count(open_), "transactions", "Transactions that have started and not ended"),
        (
            "warn" if at_risk else "",
            status_badge.AMBER.glyph,
            "At risk",
            count(at_risk),
            "past warning time",
            "Transactions with an SLA past its warning time",
        ),
        (
            "bad" if breached else "",
            status_badge.RED.glyph,
            "Breached",
            count(breached),
            f"{count(failed)} failed a step",
            "Transactions past a deadline",
        ),
        (
            "dim" if unknown else "",
            status_badge.GREY.glyph,
            "Unknown",
            count(unknown),
            _why_unknown(totals),
            "Cannot be evaluated: a source that the SLA depends on is silent, or a fact needed for its due time is missing",
        ),
        (
            "bad long" if money and breached else "long",
            "",
            "Value at risk",
            several(money, 2),
            "at risk or breached",
            "Each transaction counted once; currencies are not added together",
        ),
        ("long", "", "Next deadline", _due(due, context.now), context.zone.show(due), utc(due)),
        (
            "",
            "",
            "As of, simulated" if context.simulated else "As of",
            context.zone.clock(context.now),
            _changed(context, lag) if lag is not None else "nothing processed yet",
            utc(context.now),
        ),
    ]


def _changed(context: Context, seconds: float) -> str:
    """Real time, because people live in it: a simulated minute passes in a second."""
    return f"updated {duration(seconds / context.speed)} ago" + (" (real)" if context.simulated else "")


def _why_unknown(totals: pd.DataFrame) -> str:
    unknown, lacking = (int(totals[name].sum()) for name in ("unknown", "lacking")) if len(totals) else (0, 0)
    if lacking == unknown:
        return "fact missing" if lacking else "no verdict"
    return f"{count(lacking)} missing a fact" if lacking else "source silent"


def _due(due: Any, now: datetime) -> str:
    """A deadline that has passed but has not been evaluated yet is due now; the next evaluation decides it."""
    at = aware(due)
    return "–" if at is None else until(at, now) if at > now else "now"


def _incidents(context: Context, incidents: pd.DataFrame) -> None:
    if incidents.empty:
        st.html(
            Markup('<div class="andon-incidents"><div class="calm">{} No open incidents</div></div>').format(
                status_badge.icon(status_badge.GREEN, "small")
            )
        )
        return
    shown = incidents.head(3 if context.wall else 5)
    rows = []
    for incident in shown.to_dict("records"):
        mark = status_badge.incident(incident["status"], incident["breached"])
        owner = incident["assignee"] or definitions.owner_title(context.catalog, incident["owner"])
        of_transactions = incident["flow"] != OWN_FLOW
        rows.append(
            _INCIDENT.format(
                kind=mark.kind,
                href=links.incident(incident["incident_id"]),
                bulb=status_badge.icon(mark, "small"),
                title=incident["title"],
                severity=incident["severity"],
                where=f"{definitions.flow_title(context.catalog, incident['flow'])} › {definitions.stage_title(context.catalog, incident['flow'], incident['stage'])}",
                owner=owner + _handled(context, incident),
                runbook=definitions.runbook_title(context.catalog, incident["runbook"]),
                members=f"{count(incident['members'])} affected" if of_transactions else "",
                money=several(incident["value"], 2),
                due=next_deadline(incident["next_due_at"], context.now, incident["breached"]) if of_transactions else "",
            )
        )
    total = int(incidents["total"].iloc[0])
    words = f"and {total - len(shown)} more" if context.wall else f"All {total} open incidents →"
    more = Markup('<a class="more" href="incidents">{}</a>').format(words) if total > len(shown) else Markup("")
    st.html(Markup('<div class="andon-incidents">{}{}</div>').format(Markup("").join(rows), more))


def _handled(context: Context, incident: dict[Any, Any]) -> str:
    silenced = (until := aware(incident["silenced_until"])) is not None and until > context.now
    status = current_status(incident["status"], aware(incident["acknowledged_until"]), context.now)
    return " ✓" * (status == IncidentStatus.ACKNOWLEDGED.value) + " · silenced" * silenced


def _flows(context: Context, stations: pd.DataFrame, totals: pd.DataFrame) -> list[Markup]:
    drawn = []
    for flow in [*context.catalog.flows, *sorted(set(stations["flow"]) - set(context.catalog.flows))]:
        rows, sums = stations[stations["flow"] == flow], totals[totals["flow"] == flow]
        value = _money(sums)
        worst = {name: int(sums[name].sum()) for name in ("breached", "at_risk", "unknown")}
        drawn.append(line(definitions.flow_title(context.catalog, flow), _stations(context, flow, rows), worst, value))
    return drawn


def _stations(context: Context, flow: str, rows: pd.DataFrame) -> list[Station]:
    known = context.catalog.flows.get(flow)
    if known:
        always = set(definitions.stations(known))
        names = [name for name in known.milestones if name in always or name in set(rows["stage"])]
    else:
        names = sorted(set(rows["stage"]))
    drawn = []
    for name in names:
        own = rows[rows["stage"] == name]
        counts = {column: int(own[column].sum()) for column in ("here", "breached", "at_risk", "unknown", "failed", "paused", "running")}
        value = _money(own)
        system = known.milestones[name].system if known and name in known.milestones else ""
        drawn.append(Station(flow, name, definitions.stage_title(context.catalog, flow, name), system, value=value, **counts))
    return drawn


def _money(rows: pd.DataFrame) -> dict[str, float]:
    return {str(currency): float(worth) for currency, worth in rows.groupby("currency")["value_at_risk"].sum().items() if worth}


PAGE = Board()
