"""The board: every flow as a line of stations, with what waits and is late there, what it costs and who acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.catalog.flow import OWN_FLOW
from core.incident import IncidentStatus, current_status
from core.money import count
from dashboard import definitions, measures
from dashboard.components import incident_header, links, notices, reported, status_badge
from dashboard.components.first_event import first_event
from dashboard.components.stations import LEGEND, line
from dashboard.components.time_format import aware, duration, unbroken, until, utc
from dashboard.data import FRESH_SECONDS, Unreachable
from dashboard.page import Context
from dashboard.places import Line, lines, total
from store.reads import board as reads
from store.reads import search

_FIGURE = Markup(
    '<div class="figure {kind}" title="{hint}"><span class="label">{sign}{label}</span><b>{value}</b><span class="note">{note}</span></div>'
)
_INCIDENT = Markup(
    '<a class="incident {kind}" href="{href}">{bulb}<span class="title {severity}">{title}</span>'
    '<span class="who" title="owner">{owner}</span><span class="book" title="runbook">{runbook}</span>'
    '<span class="due">{due}</span></a>'
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
        st.fragment(_live, run_every=FRESH_SECONDS)(context)


def _live(context: Context) -> None:
    with measures.drawing(PAGE.name, context.clock):
        _draw(context)


def _draw(context: Context) -> None:
    moment = context.now.replace(microsecond=0)
    moment = moment.replace(second=moment.second - moment.second % FRESH_SECONDS)
    try:
        board = context.data.read(reads.board, now=moment, limit=8)
    except Unreachable as error:
        notices.unreachable(context.data.asked, str(error))
        return
    if context.data.delayed_since is not None:
        notices.delayed(context.data.asked, context.data.delayed_since, context.zone, context.now)
    flows = lines(context.catalog, board)
    figures, incidents = _header(context, board, flows), _incidents(context, board.incidents)
    if board.waiting.empty and board.held.empty and not context.data.read(search.is_any_known):
        st.html(figures)
        words = "A flow appears as soon as its first milestone arrives. Send one:"
        notices.empty("No transactions yet", words, first_event(context))
        return
    drawn = Markup("").join(line(flow, reported.total(context.catalog, flow.held.value, context.now), context.now) for flow in flows)
    # One right after the other, once all are made: a browser draws each as it comes, and figures of two moments must not stand there long.
    for part in (figures, incidents, Markup('<div class="andon-board andon-live">{}{}</div>').format(drawn, LEGEND)):
        st.html(part)


def _header(context: Context, board: reads.Board, flows: list[Line]) -> Markup:
    cells = Markup("").join(
        _FIGURE.format(
            kind=kind,
            sign=Markup("<i aria-hidden='true'>{}</i> ").format(sign) if sign else "",
            label=label,
            value=value,
            note=note,
            hint=hint,
        )
        for kind, sign, label, value, note, hint in _figures(context, board, flows)
    )
    return Markup('<div class="andon-figures andon-live">{}</div>').format(cells)


def _figures(context: Context, board: reads.Board, flows: list[Line]) -> list[tuple[str, ...]]:
    """Return kind, sign, label, value, note and hint of each figure at the top."""
    held, due = total(flows), board.next_due_at
    late = held.late
    money, made_of = reported.total(context.catalog, held.value, context.now)
    return [
        ("", "", "Open", count(sum(flow.open for flow in flows)), "transactions", "Transactions that have started and not ended"),
        (
            "bad" if late else "",
            status_badge.RED.glyph,
            "Late",
            count(late),
            f"{count(held.failed)} failed a step",
            "Transactions past a deadline, or with a step that failed",
        ),
        (
            "warn" if held.at_risk else "",
            status_badge.AMBER.glyph,
            "At risk",
            count(held.at_risk),
            "past warning time",
            "Transactions with an SLA past its warning time, and none that is late",
        ),
        (
            "dim" if held.unknown else "",
            status_badge.GREY.glyph,
            "Unknown",
            count(held.unknown),
            _why_unknown(held.unknown, held.lacking),
            "Cannot be evaluated: a source that the SLA depends on is silent, or a fact needed for its due time is missing",
        ),
        (
            "bad long" if held.value and late else "long",
            "",
            "Value at risk",
            money,
            made_of or "in open incidents",
            "Of all transactions in open incidents, each counted once; currencies are added only at the catalog's rates",
        ),
        ("long", "", "Next deadline", _due(due, context.now), context.zone.show(due), utc(due)),
        (
            "",
            "",
            "As of, simulated" if context.simulated else "As of",
            context.zone.clock(context.now),
            _changed(context, board),
            utc(context.now),
        ),
    ]


def _changed(context: Context, board: reads.Board) -> str:
    """Real time, because people live in it: a simulated minute passes in a second."""
    processed = aware(board.processed_at)
    if processed is None:
        return "nothing processed yet"
    if not board.whole:
        return "written to while read: figures may be seconds apart"
    seconds = (context.now - processed).total_seconds()
    return f"updated {duration(seconds / context.speed)} ago" + (" (real)" if context.simulated else "")


def _why_unknown(unknown: int, lacking: int) -> str:
    if lacking == unknown:
        return "fact missing" if lacking else "no verdict"
    return f"{count(lacking)} missing a fact" if lacking else "source silent"


def _due(due: Any, now: datetime) -> str:
    """A deadline that has passed since the board was read is decided by the next evaluation."""
    at = aware(due)
    return "–" if at is None else until(at, now) if at > now else "just passed"


def _incidents(context: Context, incidents: pd.DataFrame) -> Markup:
    if incidents.empty:
        return Markup('<div class="andon-incidents andon-live"><div class="calm">{} No open incidents</div></div>').format(
            status_badge.icon(status_badge.GREEN, "small")
        )
    shown = incidents.head(3 if context.wall else 5)
    rows = []
    for incident in shown.to_dict("records"):
        mark = status_badge.incident(incident["status"], incident["breached"])
        owner = incident["assignee"] or definitions.owner_title(context.catalog, incident["owner"])
        rows.append(
            _INCIDENT.format(
                kind=mark.kind,
                href=links.incident(incident["incident_id"]),
                bulb=status_badge.icon(mark, "small"),
                title=incident["title"],
                severity=incident["severity"],
                owner=owner + _handled(context, incident),
                runbook=definitions.runbook_title(context.catalog, incident["runbook"]),
                due=unbroken(incident_header.deadline(incident, context.now)) if incident["flow"] != OWN_FLOW else "",
            )
        )
    total = int(incidents["total"].iloc[0])
    words = f"and {total - len(shown)} more" if context.wall else f"All {total} open incidents →"
    more = Markup('<a class="more" href="incidents">{}</a>').format(words) if total > len(shown) else Markup("")
    return Markup('<div class="andon-incidents andon-live">{}{}</div>').format(Markup("").join(rows), more)


def _handled(context: Context, incident: dict[Any, Any]) -> str:
    silenced = (until := aware(incident["silenced_until"])) is not None and until > context.now
    status = current_status(incident["status"], aware(incident["acknowledged_until"]), context.now)
    return " ✓" * (status == IncidentStatus.ACKNOWLEDGED.value) + " · silenced" * silenced


PAGE = Board()
