"""KPIs for leadership: SLAs met, exceptions, cycle time and value at risk, by plant and customer, compared with the previous period."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from core.plural import counted
from dashboard import definitions
from dashboard.components import charts, export, filters, notices, status_badge, table
from dashboard.components.money import count, several
from dashboard.components.time_format import duration
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import leadership as reads


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
            flow = filters.choose("Flow", "flow", catalog.flows, lambda name: definitions.flow_title(catalog, name))
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
        _trend(_of(figures, "day"), _of(figures, "day", before=True), end - start)
        names = ["plant", "customer"] if flow else ["plant", "customer", "flow"]
        for tab, name in zip(st.tabs([f"By {name}" for name in names]), names, strict=True):
            with tab:
                _breakdown(context, name, figures, flow)


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


def _trend(days: pd.DataFrame, earlier: pd.DataFrame, shift: Any) -> None:
    frame = days.assign(day=pd.to_datetime(days["name"]), period="this period")
    if len(earlier):
        frame = pd.concat([frame, earlier.assign(day=pd.to_datetime(earlier["name"]) + shift, period="previous period")])
    frame["cycle_hours"] = frame["cycle_seconds"] / 3600
    left, middle, right = st.columns(3)
    for container, column, title, form in (
        (left, "on_time", "SLAs met", ".1%"),
        (middle, "exception_rate", "Order exception rate", ".0%"),
        (right, "cycle_hours", "Cycle time, median hours", ",.3~r"),
    ):
        chart = alt.Chart(frame.dropna(subset=[column])).mark_line(strokeWidth=2.5, interpolate="monotone").encode(
            x=charts.time_axis("day"),
            y=alt.Y(f"{column}:Q", title=None, axis=alt.Axis(format=form), scale=alt.Scale(zero=column != "on_time")),
            color=alt.Color("period:N", scale=alt.Scale(domain=["this period", "previous period"], range=[charts.colour(status_badge.BLUE), charts.soft()]), legend=alt.Legend(orient="bottom", title=None) if len(earlier) else None),
            strokeDash=alt.StrokeDash("period:N", scale=alt.Scale(domain=["this period", "previous period"], range=[[1, 0], [4, 3]]), legend=None),
            tooltip=[alt.Tooltip("day:T", format="%d %b"), "period:N", alt.Tooltip(f"{column}:Q", format=form)],
        )  # fmt: skip
        with container:
            st.markdown(f"**{plain(title)}**")
            charts.draw(chart, f"{title} by day, compared with the previous period", 220)
    st.caption("One point per day; the first and last days are partial.")


def _breakdown(context: Context, by: str, figures: pd.DataFrame, flow: str) -> None:
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
    note, button = st.columns([4, 1], vertical_alignment="center")
    note.caption(f"Showing {len(shown)} of {len(rows)}, lowest share of SLAs met first.")
    button.download_button(
        "Download CSV",
        export.csv(_sheet(rows, money, by)),
        f"andon-kpis-by-{by}.csv",
        "text/csv",
        icon=":material/download:",
        width="stretch",
        key=f"csv-{by}",
    )


def _sheet(rows: pd.DataFrame, money: dict[str, dict[str, float]], by: str) -> pd.DataFrame:
    sheet = rows.drop(columns=["by", "before"]).rename(
        columns={"name": by, "on_time": "on_time_share", "exception_rate": "exception_share"}
    )
    for currency in sorted({currency for values in money.values() for currency in values}):
        sheet[f"value_at_risk_{currency.lower()}"] = [money.get(name, {}).get(currency, 0.0) for name in rows["name"]]
    return sheet


PAGE = Kpis()
