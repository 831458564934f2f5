"""KPIs for leadership: SLAs met, exceptions, cycle time and value at risk, by plant and customer, compared with the previous period."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import streamlit as st

from core.money import count, several
from core.plural import counted
from dashboard import definitions
from dashboard.components import charts, export, filters, notices, status_badge, table
from dashboard.components.time_format import duration
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import leadership as reads

_THIS, _BEFORE = "this period", "previous period"


class Kpis:
    """Four headline figures, their trend, and their breakdown."""

    name = "kpis"
    title = "KPIs"
    icon = ":material/insights:"
    order = 50
    url_path = "kpis"

    def render(self, context: Context) -> None:
        """Draw the page."""
        catalog = context.catalog
        left, middle, _ = st.columns([1, 1, 1.6])
        with left:
            flow = filters.flow(catalog)
        with middle:
            period = filters.period("30d")
        end = context.minute
        start = end - filters.PERIODS[period]
        figures = _figures(context, start, end, flow)
        now = _of(figures, "all")
        if now.empty or not now["transactions"].fillna(0).sum():
            notices.empty(
                "No results in this period",
                "KPIs count SLA clocks that were decided and transactions that ended. Choose a longer period, or see the board.",
            )
            return
        risk = context.data.read(reads.value_at_risk, slow=True, by="all", flow=flow)
        _headline(now, _of(figures, "all", before=True), risk)
        st.subheader("Trend", anchor=False)
        _trend(context, figures, start, end)
        names = ["plant", "customer"] if flow else ["plant", "customer", "flow"]
        for tab, name in zip(st.tabs([f"By {name}" for name in names]), names, strict=True):
            with tab:
                _breakdown(context, name, figures, flow, start, end)


def _figures(context: Context, start: datetime, end: datetime, flow: str) -> pd.DataFrame:
    frame: pd.DataFrame = context.data.read(reads.figures, slow=True, start=start, end=end, zone=context.zone.name, flow=flow).copy()
    for column in ("decided", "met", "transactions", "exceptions", "completed"):
        frame[column] = frame[column].fillna(0).astype("int64")
    frame["on_time"] = frame["met"] / frame["decided"].where(frame["decided"] > 0)
    frame["exception_rate"] = frame["exceptions"] / frame["transactions"].where(frame["transactions"] > 0)
    return frame


def _of(figures: pd.DataFrame, by: str, before: bool = False) -> pd.DataFrame:
    return figures[(figures["by"] == by) & (figures["before"] == before)].sort_values("name")


def _headline(now: pd.DataFrame, before: pd.DataFrame, risk: pd.DataFrame) -> None:
    this: dict[Any, Any] = now.iloc[0].to_dict()
    last: dict[Any, Any] = before.iloc[0].to_dict() if len(before) else {}
    cells = st.columns(4)
    cells[0].metric(
        "SLAs met",
        _percent(this["on_time"]),
        _points(this["on_time"], last.get("on_time")),
        border=True,
        height="stretch",
        help="Share of the SLA clocks decided in the period that were met",
    )
    cells[1].metric(
        "Order exception rate", _percent(this["exception_rate"]), _points(this["exception_rate"], last.get("exception_rate")), delta_color="inverse", border=True, height="stretch",
        help="Share of transactions with at least one missed SLA, among those with an SLA decided in the period",
    )  # fmt: skip
    cycle, old = this["cycle_seconds"], last.get("cycle_seconds")
    delta = None if old is None or pd.isna(old) or pd.isna(cycle) or not old else f"{(cycle - old) / old:+.1%}"
    cells[2].metric(
        "Cycle time (median)",
        duration(cycle),
        delta,
        delta_color="inverse",
        border=True,
        height="stretch",
        help="From first to last milestone, for transactions that ended in the period",
    )
    money = dict(zip(risk["currency"], risk["value"], strict=True)) if not risk.empty else {}
    held = int(risk["transactions"].sum()) if not risk.empty else 0
    cells[3].metric(
        "Value at risk now",
        plain(several(money, 2)),
        counted(held, "transaction"),
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    st.caption("Changes are relative to the previous period of the same length." if last else "There is no earlier period to compare with.")


def _percent(value: Any) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.1%}"


def _points(value: Any, before: Any) -> str | None:
    if value is None or before is None or pd.isna(value) or pd.isna(before):
        return None
    return f"{(value - before) * 100:+.1f} points"


def _trend(context: Context, figures: pd.DataFrame, start: datetime, end: datetime) -> None:
    """Draw one point for each whole day, joined by straight lines, and those of the period before in grey; download both."""
    frame = _trend_frame(figures, start, end, context.zone.info)
    if (frame["period"] == _BEFORE).all():
        notices.empty("No whole day yet", "The trend has a point for each whole day of the period. Choose a longer period.")
        return
    left, middle, right = st.columns(3)
    for container, column, title, form, target in (
        (left, "on_time", "SLAs met", ".0%", definitions.TARGET),
        (middle, "exception_rate", "Order exception rate", ".0%", None),
        (right, "cycle_hours", "Cycle time, median hours", ",.3~r", None),
    ):
        with container:
            st.markdown(f"**{plain(title)}**")
            charts.draw(_lines(frame, column, form, target), f"{title} by whole day, compared with the previous period", 220)
    note = (
        f"One point for each whole day in {context.zone.name}; the days in which the period begins and ends are left out."
        f" Dashed green: the target of {definitions.TARGET:.0%}."
    )
    sheet = frame.drop(columns=["by", "before", "day", "cycle_hours"]).rename(columns={"name": "day", **_UNITS})
    export.offer(context, sheet, "kpis-by-day", note, start=start, end=end)


def _trend_frame(figures: pd.DataFrame, start: datetime, end: datetime, zone: ZoneInfo) -> pd.DataFrame:
    """Return the whole days of this period and the ones before them; ``day`` is where they are drawn, ``name`` when they were."""
    parts = []
    for before, period, shift in ((False, _THIS, timedelta(0)), (True, _BEFORE, end - start)):
        days = _of(figures, "day", before)
        whole = {str(day - shift) for day in charts.whole_days(start, end, zone)}
        days = days[days["name"].astype(str).isin(whole)]
        parts.append(days.assign(period=period, day=pd.to_datetime(days["name"]) + shift, cycle_hours=days["cycle_seconds"] / 3600))
    return pd.concat(parts, ignore_index=True)


def _lines(frame: pd.DataFrame, column: str, form: str, target: float | None) -> Any:
    """Return points joined by straight lines, on an axis that does not dramatise: from 0, and a share with a target up to 100 %."""
    known, compared = frame.dropna(subset=[column]), bool((frame["period"] == _BEFORE).any())
    legend = alt.Legend(orient="bottom", title=None, symbolType="stroke", symbolStrokeWidth=2) if compared else None
    periods = alt.Scale(domain=[_THIS, _BEFORE], range=[charts.colour(status_badge.BLUE), charts.muted()])
    dashes = alt.Scale(domain=[_THIS, _BEFORE], range=[[1, 0], [4, 3]])
    y = alt.Y(f"{column}:Q", title=None, axis=alt.Axis(format=form, tickCount=5), scale=alt.Scale(domain=_axis_of(known[column], target)))
    base = alt.Chart(known).encode(
        x=charts.day_axis("day"),
        y=y,
        color=alt.Color("period:N", scale=periods, legend=legend),
        tooltip=[
            alt.Tooltip("name:N", title="day"),
            alt.Tooltip("period:N"),
            alt.Tooltip(f"{column}:Q", format=".1%" if "%" in form else form),
        ],
    )
    lines = base.mark_line(strokeWidth=2, interpolate="linear").encode(strokeDash=alt.StrokeDash("period:N", scale=dashes, legend=None))
    layers = [lines, base.mark_point(filled=True, size=28, opacity=1)]
    if target is not None:
        at = alt.Chart(pd.DataFrame({"target": [target]})).encode(y=alt.Y("target:Q"))
        layers.append(at.mark_rule(strokeDash=[5, 4], color=charts.colour(status_badge.GREEN)))
    return alt.layer(*layers)


def _axis_of(values: pd.Series, target: float | None) -> list[float]:
    if target is not None:
        return charts.share_axis(values)
    return [0.0, max(float(values.max()) * 1.1, 0.05) if len(values) else 1.0]


def _breakdown(context: Context, by: str, figures: pd.DataFrame, flow: str, start: datetime, end: datetime) -> None:
    rows, before = _of(figures, by), _of(figures, by, before=True).set_index("name")
    risk = context.data.read(reads.value_at_risk, slow=True, by=by, flow=flow)
    money: dict[str, dict[str, float]] = {}
    for entry in risk.to_dict("records"):
        money.setdefault(entry["name"], {})[entry["currency"]] = entry["value"]
    rows = rows[rows["name"] != ""].sort_values("on_time")
    if rows.empty:
        notices.empty(f"No {by} recorded", f"Add a fact named {by} to the flow's milestones and it appears here.")
        return
    shown = rows.head(30)
    titles = {name: definitions.flow_title(context.catalog, name) if by == "flow" else name for name in rows["name"]}
    columns = [
        table.Column(by.capitalize(), lambda row: titles[row["name"]], "key"),
        table.Column("SLAs met", lambda row: _percent(row["on_time"]), "number key"),
        table.Column("Before", lambda row: _percent(before["on_time"].get(row["name"])), "number soft"),
        table.Column("Exception rate", lambda row: _percent(row["exception_rate"]), "number"),
        table.Column("Cycle time", lambda row: duration(row["cycle_seconds"]), "number"),
        table.Column("90 % within", lambda row: duration(row["cycle_p90_seconds"]), "number soft"),
        table.Column("Completed", lambda row: count(row["completed"]), "number"),
        table.Column("Value at risk now", lambda row: several(money.get(row["name"], {}), 3), "number key"),
    ]
    table.show(columns, shown.to_dict("records"), f"KPIs by {by}")
    note = f"Showing {len(shown)} of {len(rows)}, lowest share of SLAs met first."
    export.offer(context, _sheet(rows, money, by), f"kpis-by-{by}", note, start=start, end=end)


_UNITS = {
    "decided": "slas_decided",
    "met": "slas_met",
    "on_time": "slas_met_share",
    "transactions": "transactions_with_decided_sla",
    "exceptions": "transactions_with_missed_sla",
    "exception_rate": "exception_share",
    "completed": "transactions_completed",
    "cycle_seconds": "cycle_median_seconds",
}


def _sheet(rows: pd.DataFrame, money: dict[str, dict[str, float]], by: str) -> pd.DataFrame:
    """Return the rows under names that say what is counted, and in which unit or currency."""
    sheet = rows.drop(columns=["by", "before"]).rename(columns={"name": by, **_UNITS})
    for currency in sorted({currency for values in money.values() for currency in values}):
        sheet[f"value_at_risk_now_{currency or 'no_currency'}"] = [money.get(name, {}).get(currency, 0.0) for name in rows["name"]]
    return sheet


PAGE = Kpis()
