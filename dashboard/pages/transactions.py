"""Transactions: search by any business identifier, and everything known about one transaction."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.catalog.flow import PARTIES
from core.money import cell
from dashboard import definitions
from dashboard.components import export, filters, links, notices, periods, saved_views, status_badge, table
from dashboard.components.first_event import first_event
from dashboard.components.periods import Period
from dashboard.components.time_format import due, unbroken
from dashboard.components.transaction_detail import transaction_detail
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import search as reads

_VERDICTS = ["breached", "failed", "at_risk", "unknown", "running", "paused", "met", "met_late"]
_EXCEPTIONS = {"breached", "failed", "at_risk", "unknown", "met_late"}
_LIMIT = 200
_DESCENDING = {"worst", "value", "started", "updated"}
"""What begins with the largest or the latest; the other orders begin with the smallest, the earliest or A."""
_FOUND = 100
_RECENT = timedelta(days=30)
"""Customers, suppliers, carriers and plants of this time are offered."""
_NOTHING = (
    "No transaction matches all of these filters. First seen is when Andon first heard of one: choose a longer period, or clear a filter."
)
FIND = "Find a number or a name"
"""The label of the box; by it, ``frame.js`` finds the box and suggests what may be meant."""


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
        if not saved_views.restore(context, self.url_path):
            return
        given = st.query_params.get("find", "")
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        wanted = left.text_input(
            FIND, value=given, placeholder="order, delivery, invoice, purchase order, customer …, or a part of it"
        ).strip()
        with right:
            saved_views.menu(context, self.url_path)
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
        ids = tuple(dict.fromkeys(hits["transaction_id"]))
        rows = context.data.read(reads.listing, now=context.minute, ids=ids, limit=_LIMIT)
    if rows.empty:
        notices.empty(
            f"No transaction found for “{wanted}”",
            "Leading zeros do not matter. The signal that carries it may not have arrived yet, or could not be used: see Quarantine on the page "
            "Sources. The same search on the command line:",
            f"andon find {shlex.quote(wanted)}\nandon quarantine list",
        )
        return
    rows = _nearest_first(rows, set(hits.loc[hits["key_value"].isin(reads.forms(wanted)), "transaction_id"]))
    if len(rows) == 1:  # whoever has the customer on the telephone is spared a list of one
        transaction_detail(context, str(rows["transaction_id"].iloc[0]))
        return
    matched = hits.groupby("transaction_id").apply(
        lambda group: ", ".join(_named(context, *key) for key in zip(group["flow"], group["key_type"], group["key_value"], strict=True))
    )
    found = f"Showing {_FOUND} that have {plain(wanted)} in them. Type more of it to find the others."
    _table(context, rows, matched.to_dict(), found if len(hits) == _FOUND else "")


def _nearest_first(rows: pd.DataFrame, meant: set[str]) -> pd.DataFrame:
    """Return what was found: the number itself before those that have it in them, of equals the worst first, then the newest."""
    ranks = {verdict: rank for rank, verdict in enumerate(("breached", "at_risk", "unknown"))}
    other, rank = ~rows["transaction_id"].isin(meant), rows["verdict"].map(ranks)
    return rows.assign(other=other, rank=rank).sort_values(["other", "rank"], kind="stable").drop(columns=["other", "rank"])


def _named(context: Context, flow: str, key_type: str, value: str) -> str:
    return f"earlier id {value}" if key_type == "@merged" else f"{definitions.kind_title(context.catalog, flow, key_type)} {value}"


def _list(context: Context) -> None:
    catalog = context.catalog
    recent = context.data.read(reads.choices, slow=True, since=context.minute - _RECENT)
    with filters.folded("7d"):
        asked, period = _asked(context, recent)
    if awaited := st.query_params.get("awaited", ""):
        words, clear = st.columns([5, 1], vertical_alignment="center")
        words.text(f"Late, at risk, unknown or failed on the way to “{definitions.stage_title(catalog, asked['flow'], awaited)}”")
        if clear.button("Show all", width="stretch"):
            st.query_params.pop("awaited", None)
            st.rerun()
    order = _order()
    asked |= {"awaited": awaited, "order": order.by, "reverse": order.reverse, "now": context.minute}
    is_over = period is not None and period.end < context.minute  # until then, what came within this minute is shown, too
    asked |= {"since": period and period.start, "until": period.end if period and is_over else None}
    if order.by in {"flow", "stage"}:
        asked["titles"] = definitions.titles(catalog)
    if order.by == "value" and catalog.rates:
        asked["rates"] = tuple((currency, rate) for currency, (rate, _) in catalog.rates.on(context.now.date()).items())
    rows = context.data.read(reads.listing, **asked, limit=_LIMIT)
    if rows.empty and not context.data.read(reads.is_any_known):
        notices.empty(
            "No transactions yet",
            "A transaction appears with the first signal that matches a milestone of a flow. Send one:",
            first_event(context),
        )
    elif rows.empty:
        notices.empty("Nothing matches", _NOTHING)
    elif len(rows) < _LIMIT:
        _table(context, rows, {}, "", period, order)
    else:
        note = f"Showing the first {_LIMIT}. The file has all that match, up to {export.ROWS_MAX:,}."
        _table(context, rows, {}, note, period, order, lambda: context.data.read(reads.listing, **asked, limit=export.ROWS_MAX))


def _asked(context: Context, recent: pd.DataFrame) -> tuple[dict[str, Any], Period | None]:
    """Draw the filters; return what they ask of the store, and the period."""
    catalog = context.catalog
    asked: dict[str, Any] = {}
    first = st.columns([1, 1, 1.4, 1])
    with first[0]:
        flow = asked["flow"] = filters.flow(catalog)
    flows = {name: known for name, known in catalog.flows.items() if flow in {"", name}}
    promises = {(name, sla): known.slas[sla].owner or known.owner for name, known in flows.items() for sla in known.slas}
    named = {f"{name}/{sla}": (name, sla) for name, sla in promises}
    with first[1]:
        asked["verdict"] = filters.choose("SLA status", "verdict", _VERDICTS, lambda name: status_badge.word(name).capitalize())
    with first[2]:
        chosen = filters.choose("SLA", "sla", named, lambda text: definitions.sla_title(catalog, *text.partition("/")[::2]))
    with first[3]:
        period = periods.choose_or_all(context, "7d", "First seen")
    roles = [role for role in PARTIES if any(role in known.parties() for known in flows.values()) or st.query_params.get(role)]
    second = st.columns(len(roles) + 4)
    for column, role in zip(second, roles, strict=False):
        with column:
            asked[role] = filters.choose(role.capitalize(), role, _distinct(recent, role), typed=True)
    with second[-4]:
        asked["plant"] = filters.choose("Plant", "plant", _distinct(recent, "plant"))
    with second[-3]:
        asked["state"] = filters.choose("State", "state", ["open", "completed", "cancelled"], str.capitalize)
    with second[-2]:
        stages = [name for known in flows.values() for name in definitions.stations(known)]
        asked["stage"] = filters.choose("Last milestone", "stage", stages, lambda name: definitions.stage_title(catalog, flow, name))
    with second[-1]:
        owner = filters.choose("Owner", "owner", sorted(set(promises.values())), lambda name: definitions.owner_title(catalog, name))
    if chosen or owner:
        kept = (pair for pair, holder in promises.items() if named.get(chosen, pair) == pair and owner in {"", holder})
        asked["promises"] = tuple(kept) or (("", ""),)  # nothing is promised by both: nothing matches
    return asked, period


@dataclass(frozen=True)
class _Order:
    """``?order=customer``, or ``?order=customer&reverse=1`` for the other way round."""

    by: reads.Order
    reverse: bool

    def to(self, by: reads.Order) -> str:
        """Return the address of this list in the order of another column; of the same one, the other way round."""
        turned = {"order": by, "reverse": "1" if by == self.by and by != "worst" and not self.reverse else ""}
        return links.to("transactions", **{**st.query_params.to_dict(), **turned})

    def of(self, by: reads.Order) -> str:
        """Return how the rows are sorted by a column; '' if they are not."""
        if by != self.by:
            return ""
        return "descending" if (by in _DESCENDING) != self.reverse else "ascending"


def _order() -> _Order:
    given = st.query_params.get("order", "")
    worst: reads.Order = "worst"
    by = next((known for known in reads.ORDERS if known == given), worst)
    return _Order(by, by != "worst" and st.query_params.get("reverse", "") == "1")


def _distinct(frame: pd.DataFrame, column: str) -> list[str]:
    return sorted(set(frame[column]) - {""}) if column in frame else []


def _table(
    context: Context,
    rows: pd.DataFrame,
    matched: dict[str, str],
    note: str,
    period: Period | None = None,
    order: _Order | None = None,
    all_rows: Callable[[], pd.DataFrame] | None = None,
) -> None:
    """Draw the rows; with an ``order``, a click on the head of a column sorts by it."""
    columns = _columns(context, order, rows)
    if matched:
        columns.insert(1, table.Column("Matched by", lambda row: matched.get(row["transaction_id"], ""), "soft"))
    table.show(columns, rows.to_dict("records"), "Transactions", phone="lines")
    start, end = (period.start, period.end) if period else (None, None)
    note = f"Andon first heard of these {plain(period.during)}. {note}" if period else note
    end = context.now if end == context.minute else end
    export.offer(context, all_rows or rows, "transactions", note, start=start, end=end)


def _columns(context: Context, order: _Order | None, rows: pd.DataFrame) -> list[table.Column]:
    catalog, zone = context.catalog, context.zone

    def column(title: str, by: reads.Order, cell: Callable[[Any], object], kind: str = "") -> table.Column:
        return table.Column(title, cell, kind, order.to(by), order.of(by)) if order else table.Column(title, cell, kind)

    return [
        column(
            "Reference",
            "reference",
            lambda row: table.link(links.transaction(row["transaction_id"]), row["reference"] or row["transaction_id"][:12]),
            "key",
        ),
        column("SLA status", "worst", lambda row: _exception(row["verdict"]) if row["verdict"] else "", "lead"),
        column("Due", "due", lambda row: _due(context, row), "due"),
        column("Flow", "flow", lambda row: definitions.flow_title(catalog, row["flow"]), "soft"),
        column("Last milestone", "stage", lambda row: definitions.stage_title(catalog, row["flow"], row["stage"])),
        column("State", "state", lambda row: _exception("failed" if row["failed_stage"] else row["state"]), "minor"),
        column("Value", "value", lambda row: cell(row["value"], row["currency"]), "number"),
        *(column(role.capitalize(), role, _party(role)) for role in PARTIES if (rows[role] != "").any()),
        column("Plant", "plant", lambda row: row["plant"], "soft spare"),
        column("Started", "started", lambda row: table.time(zone, row["started_at"]), "soft spare"),
        column("Updated", "updated", lambda row: table.time(zone, row["updated_at"]), "soft spare"),
    ]


def _party(role: str) -> Callable[[Any], object]:
    return lambda row: row[role]


def _exception(state: str) -> object:
    """Return a state in words, and as a coloured pill only if it is one to look at."""
    return status_badge.pill(state) if state in _EXCEPTIONS else status_badge.word(state)


def _due(context: Context, row: dict[str, Any]) -> str:
    if row["verdict"] in {"running", "at_risk", "breached", "unknown"} and pd.notna(row["due_at"]):
        return unbroken(due(row["due_at"], context.now, row["verdict"], context.speed))
    return ""


PAGE = Transactions()
