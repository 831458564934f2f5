"""What is behind a figure (``?behind=``): the clocks or transactions it counts, the most expensive first, and as CSV."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.incident import cause_text
from core.money import cell
from core.plural import counted
from dashboard import definitions
from dashboard.components import export, links, notices, status_badge, table
from dashboard.components.periods import Period
from dashboard.components.time_format import aware, duration
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import leadership as reads

_TITLES = {
    "missed": "Missed SLAs",
    "protected": "Protected: met after their warning",
    "slowest": "Slowest transactions",
    "risk": "Value at risk now",
}
_ORDERS = {
    "missed": "by penalty, then by value",
    "protected": "largest value first",
    "slowest": "slowest first",
    "risk": "largest value first",
}
_SHOWN = 200
_PROMISED = {"customer": "promised to customers", "internal": "not promised to customers"}


def link(page: str, what: str, **selected: str) -> str:
    """Return the address of what is behind a figure of the page now shown, in the same flow and period."""
    return links.to(page, **{**_kept(page), "behind": what, **selected})


def _kept(page: str) -> dict[str, str]:
    """Return what the address says for the whole page: what one figure was narrowed to ends with its list."""
    names = ("flow", "period", "from", "to", "zone", *(("sla",) if page == "slas" else ("by",)))
    return {name: st.query_params.get(name, "") for name in names}


def asked() -> str:
    """Return what the address asks to see behind; '' if it asks for the page itself."""
    return what if (what := st.query_params.get("behind", "")) in _TITLES else ""


def show(context: Context, page: str, period: Period) -> None:
    """Draw the list that the address asks for, and the way back."""
    what, selected = asked(), _selected()
    st.html(Markup('<a class="andon-back" href="{}">‹ Back to the figures</a>').format(links.to(page, **_kept(page))))
    st.subheader(_TITLES[what], anchor=False)
    about = [*([] if what == "risk" else [period.title]), *_narrowed(context, selected)]
    rows, many = _read(context, what, period, selected, _SHOWN)
    about += [many] if many else []
    if about:
        st.caption(" · ".join(map(plain, about)))
    if rows.empty:
        notices.good("Nothing here", "No clock and no transaction counts towards this figure.")
        return
    columns = {"missed": _missed_columns, "protected": _met_columns, "slowest": _cycle_columns, "risk": _risk_columns}[what]
    table.show(columns(context), rows.to_dict("records"), _TITLES[what], phone="lines")
    more, order = len(rows) == _SHOWN, _ORDERS[what]
    note = f"Showing the first {_SHOWN}, {order}. The file has all, up to {export.ROWS_MAX:,}." if more else f"In order: {order}."

    def sheet() -> pd.DataFrame:
        return _read(context, what, period, selected, export.ROWS_MAX)[0] if more else rows

    export.offer(context, sheet, f"{page}-{what}", note, start=period.start, end=period.end)


def _read(context: Context, what: str, period: Period, selected: reads.Selected, limit: int) -> tuple[pd.DataFrame, str]:
    """Return at most ``limit`` rows of the list, and of how many clocks or transactions it is ('': not counted)."""
    within = {"start": period.start, "end": period.end}
    if what in {"missed", "protected"}:
        promises = definitions.promises(context.catalog)
        rows, clocks, transactions = context.data.read(
            reads.behind, slow=True, missed=what == "missed", selected=selected, promises=promises, limit=limit, **within
        )
        return rows, f"{counted(clocks, 'clock')} of {counted(transactions, 'transaction')}"
    if what == "slowest":
        rows = context.data.read(reads.slowest, slow=True, selected=selected, limit=limit, **within)
    else:
        rows = context.data.read(reads.at_risk, selected=selected, limit=limit)
    return rows, counted(len(rows), "transaction") if len(rows) < limit else ""


def _selected() -> reads.Selected:
    """Return what the address narrows the list to; ``sla`` is ``flow/sla``."""
    given = {
        name: st.query_params.get(name, "") for name in ("flow", "sla", "plant", "customer", "supplier", "carrier", "cause", "promised")
    }
    if "/" in given["sla"]:
        given["flow"], given["sla"] = given["sla"].split("/", 1)
    return reads.Selected(**given)


def _narrowed(context: Context, selected: reads.Selected) -> list[str]:
    flow, catalog = selected.flow, context.catalog
    known = [
        definitions.flow_title(catalog, flow) if flow else "",
        definitions.sla_title(catalog, flow, selected.sla) if selected.sla else "",
    ]
    known += [
        _PROMISED.get(selected.promised, ""),
        selected.plant,
        selected.customer,
        selected.supplier,
        selected.carrier,
        cause_title(selected.cause) if selected.cause else "",
    ]
    return [words for words in known if words]


def cause_title(cause: str) -> str:
    """Return a cause as people say it."""
    return cause_text(cause, over=True) or "none recorded"


def _missed_columns(context: Context) -> list[table.Column]:
    return [
        *_of_clock(context),
        table.Column("Late by", lambda row: _late(context, row), "number"),
        table.Column("", lambda row: status_badge.pill(row["verdict"]), "lead"),
        table.Column("Cause", lambda row: cause_title(row["cause"]) if row["cause"] else ""),
        *_parties(),
        table.Column("Value", lambda row: cell(row["value"], row["currency"]), "number"),
        table.Column("Penalty", lambda row: cell(row["penalty"], row["currency"]) if row["penalty"] else "", "number key"),
        _owner(context),
    ]


def _met_columns(context: Context) -> list[table.Column]:
    return [
        *_of_clock(context),
        table.Column("Reached", lambda row: table.time(context.zone, row["stopped_at"]), "named"),
        table.Column("To spare", _spare, "number lead"),
        *_parties(),
        table.Column("Value", lambda row: cell(row["value"], row["currency"]), "number key"),
        _owner(context),
    ]


def _of_clock(context: Context) -> list[table.Column]:
    return [
        _reference(),
        table.Column("SLA", lambda row: definitions.sla_title(context.catalog, row["flow"], row["sla"])),
        table.Column("Due", lambda row: table.time(context.zone, row["due_at"]), "named"),
    ]


def _late(context: Context, row: dict[str, Any]) -> str:
    """Return how long after its due time the milestone was reached, or how long it is awaited since then."""
    due, stopped = aware(row["due_at"]), aware(row["stopped_at"])
    if due is None or (stopped is not None and stopped <= due):
        return ""
    return duration(((stopped or context.now) - due).total_seconds()) + ("" if stopped else " and counting")


def _spare(row: dict[str, Any]) -> str:
    """Return how long before its due time the milestone was reached."""
    due, stopped = aware(row["due_at"]), aware(row["stopped_at"])
    return duration((due - stopped).total_seconds()) if due is not None and stopped is not None else ""


def _cycle_columns(context: Context) -> list[table.Column]:
    return [
        _reference(),
        table.Column("Flow", lambda row: definitions.flow_title(context.catalog, row["flow"]), "soft"),
        table.Column("Took", lambda row: duration(row["seconds"]), "number key lead"),
        table.Column("Began", lambda row: table.time(context.zone, row["started_at"]), "named"),
        table.Column("Ended", lambda row: table.time(context.zone, row["ended"]), "named"),
        *_parties(),
    ]


def _risk_columns(context: Context) -> list[table.Column]:
    return [
        _reference(),
        table.Column("", lambda row: status_badge.pill(row["verdict"]), "lead"),
        table.Column("SLA", lambda row: definitions.sla_title(context.catalog, row["flow"], row["sla"]) if row["sla"] else ""),
        table.Column("Waiting for", lambda row: definitions.stage_title(context.catalog, row["flow"], row["stage"]), "soft named"),
        table.Column("Due", lambda row: table.time(context.zone, row["due_at"]), "named"),
        *_parties(),
        table.Column("Value", lambda row: cell(row["value"], row["currency"]), "number key"),
        _owner(context),
    ]


def _reference() -> table.Column:
    return table.Column("Reference", lambda row: table.link(links.transaction(row["transaction_id"]), row["reference"]), "key")


def _parties() -> list[table.Column]:
    return [table.Column("Customer", lambda row: row["customer"]), table.Column("Plant", lambda row: row["plant"], "soft")]


def _owner(context: Context) -> table.Column:
    return table.Column("Owner", lambda row: definitions.owner_title(context.catalog, row["owner"]), "soft spare")


def by_currency(frame: pd.DataFrame, column: str) -> dict[str, dict[str, float]]:
    """Return the amounts of a column by ``name`` and currency."""
    found: dict[str, dict[str, float]] = {}
    for row in frame.to_dict("records"):
        if row[column]:
            found.setdefault(str(row["name"]), {})[str(row["currency"])] = float(row[column])
    return found
