"""The figures of the page of KPIs: what is counted, over which period, and how each is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from core.plural import counted
from dashboard import definitions
from dashboard.components import behind, reported
from dashboard.components.periods import Period, during
from dashboard.components.tiles import Tile, budget_kind, budget_used
from dashboard.components.time_format import duration
from dashboard.page import Context
from store.reads import leadership as reads

MONEY = 4
"""How many of the tiles are money; they come last."""
NOTES = " · "
"""Between two things that the note of a tile says."""
_NONE = "none"
"""Instead of an amount that is known to be nothing: a dash is for what is not known."""


@dataclass(frozen=True)
class Figures:
    """What the tiles show. ``whole``: by dimension, this period and the one before (``Figures.counted`` of the store, with shares).

    ``slas`` and ``money``: as the store gives them; ``risk``: value at risk now by currency.
    """

    whole: pd.DataFrame
    slas: pd.DataFrame
    money: pd.DataFrame
    risk: pd.DataFrame


def read(context: Context, period: Period, flow: str, by: str) -> Figures:
    """Read the figures of a period, also broken down by ``by``, and, to compare with, those of the one before."""
    found = context.data.read(
        reads.figures,
        slow=True,
        start=period.start,
        end=period.end,
        earlier=period.earlier,
        zone=context.zone.name,
        flow=flow,
        promises=definitions.promises(context.catalog, flow),
        by=by,
    )
    risk = context.data.read(reads.value_at_risk, slow=True, by="all", flow=flow)
    return Figures(with_shares(found.counted), found.slas, found.money, risk)


def with_shares(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the figures with counts as whole numbers and the shares that are shown."""
    frame = figures.copy()
    for column in ("decided", "met", "transactions", "exceptions", "completed"):
        frame[column] = frame[column].fillna(0).astype("int64")
    frame["on_time"] = frame["met"] / frame["decided"].where(frame["decided"] > 0)
    frame["exception_rate"] = frame["exceptions"] / frame["transactions"].where(frame["transactions"] > 0)
    return frame


def of(figures: pd.DataFrame, by: str, before: bool = False) -> pd.DataFrame:
    """Return the rows of one dimension, of this period or of the one before."""
    return figures[(figures["by"] == by) & (figures["before"] == before)].sort_values("name")


def tiles(context: Context, period: Period, figures: Figures) -> list[Tile]:
    """Return the figures in the order in which they are shown: promises, orders, money."""
    return [
        _in_full(context, period, figures),
        *_kept(context, period, figures),
        *_orders(period, figures),
        *_money(context, period, figures),
    ]


def _in_full(context: Context, period: Period, figures: Figures) -> Tile:
    label = "On time in full"
    if not definitions.promises(context.catalog):
        return Tile(label, "–", "no SLA has promised_to: customer", "dim", told="Say in the catalog which SLAs are promised to customers")
    now, before = (_first(of(figures.whole, "all", before=before)) for before in (False, True))
    share, old = _share(now.get("kept"), now.get("promised")), _share(before.get("kept"), before.get("promised"))
    told = "Share of the transactions whose promises to the customer were all met: with several deliveries, by all of them"
    return Tile(label, percent(share), _compared(share, old, period), "", behind.link("kpis", "missed", promised="customer"), told)


def _kept(context: Context, period: Period, figures: Figures) -> list[Tile]:
    """Return the shares of SLAs met, those promised to customers apart from the others, coloured by their budgets."""
    promised = set(definitions.promises(context.catalog))
    found = []
    for to, label in (("customer", "Promises to customers met"), ("internal", "Internal SLAs met")):
        mine = [row for row in figures.slas.to_dict("records") if ((row["flow"], row["sla"]) in promised) == (to == "customer")]
        share, old = (_met([row for row in mine if bool(row["before"]) == before]) for before in (False, True))
        now = [row for row in mine if not row["before"]]
        missed, decided = int(sum(row["missed"] for row in now)), int(sum(row["met"] + row["missed"] for row in now))
        wanted = objective(context, now)
        allowed = (1 - wanted) * decided if wanted is not None else 0.0
        used = budget_used(missed, decided, wanted) if wanted is not None else None
        told = f"{missed:,} missed of {decided:,} decided; the objectives allow {int(allowed + 1e-9):,}"
        counts = f"{missed:,} missed, {int(allowed + 1e-9):,} allowed" if decided else "none was decided"
        note = NOTES.join(filter(None, [counts, _compared(share, old, period)]))
        found.append(Tile(label, percent(share), note, budget_kind(used), behind.link("kpis", "missed", promised=to), told))
    return found


def objective(context: Context, rows: list[dict[Any, Any]]) -> float | None:
    """Return the share of these SLAs' clocks together that shall be met: each has its own objective. None: nothing was decided."""
    decided = [float(row["met"] + row["missed"]) for row in rows]
    wanted = [definitions.objective(context.catalog, row["flow"], row["sla"]) for row in rows]
    return _share(sum(share * number for share, number in zip(wanted, decided, strict=True)), sum(decided))


def _met(rows: list[dict[Any, Any]]) -> float | None:
    return _share(sum(row["met"] for row in rows), sum(row["met"] + row["missed"] for row in rows))


def _orders(period: Period, figures: Figures) -> list[Tile]:
    this, last = (_first(of(figures.whole, "all", before=before)) for before in (False, True))
    cycle, old = this.get("cycle_seconds"), last.get("cycle_seconds")
    change = f"{_signed((cycle - old) / old, '+.1%')} against {period.before}" if _known(cycle) and _known(old) and old else ""
    return [
        Tile(
            "Transactions with a missed SLA",
            percent(this.get("exception_rate")),
            _compared(this.get("exception_rate"), last.get("exception_rate"), period),
            href=behind.link("kpis", "missed"),
            told="Among those with an SLA decided in the period",
        ),
        Tile(
            "Cycle time, median",
            duration(cycle),
            change,
            href=behind.link("kpis", "slowest"),
            told="From first to last milestone, for transactions that ended in the period",
        ),
    ]


def _money(context: Context, period: Period, figures: Figures) -> list[Tile]:
    found, all_ = [], figures.money[figures.money["by"] == "all"]
    whole = _first(of(figures.whole, "all"))
    heard = bool(whole.get("transactions"))
    priced = heard and (not whole["exceptions"] or bool(((all_["before"] == 0) & (all_["currency"] != "")).any()))
    for column, label, what, told in (
        ("penalty", "Penalties", "missed", "What the lateness of the SLAs missed in the period costs so far"),
        ("missed", "Value missed", "missed", "Value of the transactions with an SLA missed in the period, each once"),
        (
            "protected",
            "Value protected",
            "protected",
            "Value of the transactions with an SLA met after its warning, and none missed, each once",
        ),
    ):
        now, before = (behind.by_currency(all_[all_["before"] == earlier], column).get("", {}) for earlier in (0, 1))
        value, made_of = reported.total(context.catalog, now, period.last) if now or not priced else (_NONE, "")
        note = f"{reported.total(context.catalog, before, period.last)[0]} {during(period.before)}" if before else ""
        found.append(Tile(label, value, note, href=behind.link("kpis", what), told=_made(told, made_of)))
    held = int(figures.risk["transactions"].sum()) if len(figures.risk) else 0
    value, made_of = reported.total(context.catalog, at_risk(figures), context.now) if held or not heard else (_NONE, "")
    note = counted(held, "transaction")
    told = _made("Of the transactions in open incidents, each once", made_of)
    return [*found, Tile("Value at risk now", value, note, href=behind.link("kpis", "risk"), told=told)]


def sheet(context: Context, figures: Figures) -> pd.DataFrame:
    """Return every figure of the tiles for a spreadsheet, with all digits: figure, unit, value and value_before (NaN: not known).

    Shares are from 0 to 1, amounts in their own currency. Value at risk is of now and has none before.
    """
    promised = set(definitions.promises(context.catalog))
    rows: list[tuple[Any, ...]] = []
    this, last = (_first(of(figures.whole, "all", before=before)) for before in (False, True))
    rows.append(("on_time_in_full", "share", *(_share(each.get("kept"), each.get("promised")) for each in (this, last))))
    for to, name in ((True, "promises_to_customers"), (False, "internal_slas")):
        mine = [row for row in figures.slas.to_dict("records") if ((row["flow"], row["sla"]) in promised) == to]
        both = [[row for row in mine if bool(row["before"]) == before] for before in (False, True)]
        rows.append((f"{name}_met", "share", *map(_met, both)))
        rows.append((f"{name}_objective", "share", *(objective(context, each) for each in both)))
        rows.append((f"{name}_missed", "clocks", *(sum(row["missed"] for row in each) if each else None for each in both)))
    rows.append(("transactions_with_missed_sla", "share", this.get("exception_rate"), last.get("exception_rate")))
    rows.append(("cycle_time_median", "seconds", this.get("cycle_seconds"), last.get("cycle_seconds")))
    all_ = figures.money[figures.money["by"] == "all"]
    for column, name in (("penalty", "penalties"), ("missed", "value_missed"), ("protected", "value_protected")):
        now, before = (behind.by_currency(all_[all_["before"] == earlier], column).get("", {}) for earlier in (0, 1))
        none = 0.0 if last else None
        rows += [(name, currency, now.get(currency, 0.0), before.get(currency, none)) for currency in sorted({*now, *before})]
    rows += [("value_at_risk_now", currency, value, None) for currency, value in sorted(at_risk(figures).items()) if value]
    return pd.DataFrame(rows, columns=["figure", "unit", "value", "value_before"]).astype({"value": float, "value_before": float})


def at_risk(figures: Figures) -> dict[str, float]:
    """Return value at risk now by currency."""
    return {str(row["currency"]): float(row["value"]) for row in figures.risk.to_dict("records")}


def _made(told: str, made_of: str) -> str:
    return f"{told}: {made_of}" if made_of else told


def _first(rows: pd.DataFrame) -> dict[str, Any]:
    return cast("dict[str, Any]", rows.iloc[0].to_dict()) if len(rows) else {}


def _known(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def _share(part: Any, whole: Any) -> float | None:
    return float(part) / float(whole) if _known(whole) and whole else None


def percent(value: Any) -> str:
    """Return ``93.1%``, or a dash if nothing is counted."""
    return f"{value:.1%}" if _known(value) else "–"


def _compared(value: Any, before: Any, period: Period) -> str:
    return f"{_signed((value - before) * 100, '+.1f')} points against {period.before}" if _known(value) and _known(before) else ""


def _signed(value: float, form: str) -> str:
    return format(value, form).replace("-", "−")
