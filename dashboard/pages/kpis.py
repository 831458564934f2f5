"""KPIs for leadership: promises kept, exceptions, cycle time and money over a period, beside the one before; each opens what is behind.

``?by=`` chooses the breakdown.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.money import count
from dashboard import definitions
from dashboard.components import behind, charts, export, filters, kpi_figures, notices, periods, reported, slide, status_badge, table, tiles
from dashboard.components.kpi_figures import Figures, percent
from dashboard.components.periods import Period
from dashboard.components.time_format import duration
from dashboard.components.words import plain
from dashboard.page import Context
from store.reads import leadership as reads

_THIS, _BEFORE = "this period", "the one before"
_BREAKDOWNS = {
    "cause": "Cause",
    "customer": "Customer",
    "supplier": "Supplier",
    "carrier": "Carrier",
    "plant": "Plant",
    "sla": "SLA",
    "flow": "Flow",
}
_RATED = {"customer", "plant", "flow"}
_AT_RISK = {*_RATED, "supplier", "carrier"}
_SHOWN = 30
_BY, _WRITTEN = "kpis-by", "kpis-by-written"


class Kpis:
    """Headline figures, their trend, and what they break down to."""

    name = "kpis"
    title = "KPIs"
    icon = ":material/insights:"
    order = 50
    url_path = "kpis"

    def render(self, context: Context) -> None:
        """Draw the figures, or what is behind the one that the address names."""
        left, middle, right = st.columns([1, 1, 1.6], vertical_alignment="bottom")
        with left:
            flow = filters.flow(context.catalog)
        with middle:
            period = periods.choose(context)
        if behind.asked():
            behind.show(context, "kpis", period)
            return
        by = _by(flow)
        figures = kpi_figures.read(context, period, flow, by)
        now = kpi_figures.of(figures.whole, "all")
        if now.empty or not now["transactions"].sum() + now["completed"].sum():
            notices.empty(
                f"No results {period.during}",
                "KPIs count SLA clocks that were decided and transactions that ended. Choose another period, or see the board.",
            )
            return
        shown = kpi_figures.tiles(context, period, figures)
        st.html(tiles.html(shown[: -kpi_figures.MONEY], "Promises and transactions") + tiles.html(shown[-kpi_figures.MONEY :], "Money"))
        amounts = [*behind.by_currency(figures.money[figures.money["by"] == "all"], "missed").values(), kpi_figures.at_risk(figures)]
        told = reported.stated(context.catalog, amounts, period.last)
        note = plain(f"Figures of {period.title}, {_compared(figures, period)}. Each figure opens what is behind it. {told}")
        export.offer(context, kpi_figures.sheet(context, figures), "kpis", note, start=period.start, end=period.end)
        objective = kpi_figures.objective(context, [row for row in figures.slas.to_dict("records") if not row["before"]])
        days = _trend(context, figures, period, objective)
        _choose(by, flow)
        worst = _breakdown(context, by, figures, flow, period)
        with right:
            slide.offer(context, _headline(context, flow, period), told, shown, days, objective, worst)


def _headline(context: Context, flow: str, period: Period) -> str:
    of = definitions.flow_title(context.catalog, flow) if flow else "All flows"
    if not period.title.startswith("the last"):
        return f"{of} · {period.title}"
    first, last = (moment.astimezone(context.zone.info) for moment in (period.start, period.end))
    return f"{of} · {period.title}: {first:%d %b} – {last:%d %b %Y}"


def _compared(figures: Figures, period: Period) -> str:
    before = kpi_figures.of(figures.whole, "all", before=True)
    known = len(before) and before["transactions"].sum() + before["completed"].sum()
    return f"compared with {period.before}" if known else f"with nothing known of {period.before} to compare them with"


def _trend(context: Context, figures: Figures, period: Period, objective: float | None) -> pd.DataFrame:
    """Draw one point for each whole day, joined by straight lines, and those of the period before in grey; return them.

    ``objective``: the share of all clocks that shall be met, drawn across those that were.
    """
    st.subheader("Trend", anchor=False)
    frame = _trend_frame(figures.whole, period, context.zone.info)
    if (frame["period"] == _BEFORE).all():
        notices.empty("No whole day yet", "The trend has a point for each whole day of the period. Choose a longer period.")
        return frame.head(0)
    for container, (column, title, form) in zip(st.columns(3), _LINES, strict=True):
        with container:
            aim = objective if column == "on_time" else None
            st.markdown(f"**{plain(title)}**" + (f" · :small[{charts.objective_told(aim)}]" if aim is not None else ""))
            charts.draw(
                _lines(frame, column, form, aim),
                f"{title} by whole day, compared with the period before",
                220,
            )
    note = f"One point for each whole day in {context.zone.name}{_left_out(period, context.zone.info)}."
    sheet = frame.drop(columns=["by", "before", "day", "cycle_hours", "promised", "kept"]).rename(columns={"name": "day", **_UNITS})
    export.offer(context, sheet, "kpis-by-day", note, start=period.start, end=period.end)
    return frame


def _left_out(period: Period, zone: ZoneInfo) -> str:
    """Return which of its days are no whole ones."""
    partial = [name for name, moment in (("begins", period.start), ("ends", period.end)) if moment.astimezone(zone).time() != time()]
    if not partial:
        return ""
    return (
        f"; the days in which the period {' and '.join(partial)} are left out"
        if partial[1:]
        else f"; the day in which it {partial[0]} is left out"
    )


_LINES = (
    ("on_time", "SLAs met", ".0%"),
    ("exception_rate", "Transactions with a missed SLA", ".0%"),
    ("cycle_hours", "Cycle time, median hours", ",.3~r"),
)


def _trend_frame(figures: pd.DataFrame, period: Period, zone: ZoneInfo) -> pd.DataFrame:
    """Return the whole days of this period and the ones before them; ``day`` is where they are drawn, ``name`` when they were."""
    begin, earlier = (moment.astimezone(zone).date() for moment in (period.start, period.earlier))
    parts = []
    for before, name, shift in ((False, _THIS, timedelta(0)), (True, _BEFORE, begin - earlier)):
        days = kpi_figures.of(figures, "day", before)
        whole = {str(day - shift) for day in charts.whole_days(period.start, period.end, zone)}
        days = days[days["name"].astype(str).isin(whole)]
        parts.append(days.assign(period=name, day=charts.days(days["name"]) + shift, cycle_hours=days["cycle_seconds"] / 3600))
    return pd.concat(parts, ignore_index=True)


def _lines(frame: pd.DataFrame, column: str, form: str, objective: float | None) -> Any:
    """Return points joined by straight lines, on an axis that does not dramatise: from 0, and a share that was met up to 100 %."""
    known, compared = frame.dropna(subset=[column]), bool((frame["period"] == _BEFORE).any())
    legend = alt.Legend(orient="bottom", title=None, symbolType="stroke", symbolStrokeWidth=2) if compared else None
    shades = alt.Scale(domain=[_THIS, _BEFORE], range=[charts.colour(status_badge.BLUE), charts.muted()])
    dashes = alt.Scale(domain=[_THIS, _BEFORE], range=[[1, 0], [4, 3]])
    axis = _axis_of(known[column], met=column == "on_time")
    base = alt.Chart(known).encode(
        x=charts.day_axis("day", known["day"]),
        y=alt.Y(f"{column}:Q", title=None, axis=alt.Axis(format=form, tickCount=5), scale=alt.Scale(domain=axis)),
        color=alt.Color("period:N", scale=shades, legend=legend),
        tooltip=[
            alt.Tooltip("name:N", title="day"),
            alt.Tooltip("period:N"),
            alt.Tooltip(f"{column}:Q", format=".1%" if "%" in form else form),
        ],
    )
    lines = base.mark_line(strokeWidth=2, interpolate="linear").encode(strokeDash=alt.StrokeDash("period:N", scale=dashes, legend=None))
    points = base.mark_point(filled=True, size=28, opacity=1)
    return alt.layer(lines, points) if objective is None else alt.layer(lines, points, charts.objective(objective, charts.ink()))


def _axis_of(values: pd.Series, *, met: bool) -> list[float]:
    if met:
        return charts.share_axis(values)
    return [0.0, max(float(values.max()) * 1.1, 0.05) if len(values) else 1.0]


def _by(flow: str) -> str:
    """Return what the figures break down to: what was just chosen; else, as after a link or a step back, what the address names."""
    known, asked = _known(flow), st.query_params.get("by", "cause")
    now = asked if asked in known else "cause"
    if st.session_state.get(_BY) not in known or st.session_state.get(_WRITTEN) != now:
        st.session_state[_BY] = now
    return str(st.session_state[_BY])


def _known(flow: str) -> list[str]:
    return [name for name in _BREAKDOWNS if name != "flow" or not flow]


def _choose(by: str, flow: str) -> None:
    """Let the viewer choose what the figures break down to; kept as ``?by=``."""
    st.segmented_control("What costs most, by", _known(flow), required=True, format_func=_BREAKDOWNS.__getitem__, key=_BY)
    if by != st.query_params.get("by", "cause"):
        st.query_params["by"] = by
    st.session_state[_WRITTEN] = by


def _breakdown(context: Context, by: str, figures: Figures, flow: str, period: Period) -> list[dict[str, Any]]:
    """Draw what each cause, customer, plant, SLA or flow costs; return its rows, the most expensive first."""
    given = figures.money[(figures.money["by"] == by) & (figures.money["before"] == 0)]
    if by == "cause":
        given = given[given["missed_clocks"] > 0]
    money = {column: behind.by_currency(given, column) for column in ("penalty", "missed", "protected")}
    clocks = given.groupby("name")["missed_clocks"].sum().to_dict() if len(given) else {}
    rates = kpi_figures.of(figures.whole, by).set_index("name") if by in _RATED else pd.DataFrame()
    risk = context.data.read(reads.value_at_risk, slow=True, by=by, flow=flow) if by in _AT_RISK else pd.DataFrame()
    at_risk = behind.by_currency(risk, "value")
    names = [name for name in dict.fromkeys([*given["name"], *rates.index, *at_risk]) if name]
    rows = [
        {
            "name": name, "title": _title(context, by, name), "of": _of(by, name), "missed_clocks": int(clocks.get(name, 0)),
            **{column: values.get(name, {}) for column, values in money.items()},
            **({str(key): value for key, value in rates.loc[name].items()} if name in rates.index else {}), "at_risk": at_risk.get(name, {}),
        }
        for name in names
    ]  # fmt: skip
    for row in rows:
        at = {**dict.fromkeys(money, period.last), "at_risk": context.now}
        row["told"] = {column: reported.total(context.catalog, row[column], day)[0] for column, day in at.items() if row[column]}
    rows.sort(key=lambda row: _cost(context, row, period), reverse=True)
    if not rows:
        notices.empty(f"No {by} recorded", f"Nothing was missed or protected, and no transaction names a {by}.")
        return rows
    table.show(_columns(by), rows[:_SHOWN], f"KPIs by {by}", phone="lines")
    note = f"Showing {min(_SHOWN, len(rows))} of {len(rows)}: the highest penalty comes first, then the highest value missed."
    note += " A transaction that missed several counts for each of them." * (by in {"cause", "sla"})
    export.offer(context, _sheet(rows, by), f"kpis-by-{by}", note, start=period.start, end=period.end)
    return rows


def _cost(context: Context, row: dict[str, Any], period: Period) -> tuple[float, float, int]:
    penalty, missed = (reported.worth(context.catalog, row[name], period.last) for name in ("penalty", "missed"))
    return penalty, missed, row["missed_clocks"]


def _title(context: Context, by: str, name: str) -> str:
    if by == "flow":
        return definitions.flow_title(context.catalog, name)
    if by not in {"sla", "cause"}:
        return name
    flow, sla, *cause = name.split("/", 2)
    title = definitions.sla_title(context.catalog, flow, sla)
    return f"{title}: {behind.cause_title(cause[0])}" if cause else title


def _of(by: str, name: str) -> dict[str, str]:
    """Return what selects the row's clocks in an address."""
    if by != "cause":
        return {by: name}
    flow, sla, cause = name.split("/", 2)
    return {"sla": f"{flow}/{sla}", "cause": cause}


def _columns(by: str) -> list[table.Column]:
    money = [
        table.Column("Penalties", lambda row: _opens(row, "missed", "penalty"), "number key quiet"),
        table.Column("Value missed", lambda row: _opens(row, "missed", "missed"), "number key quiet"),
        table.Column("Value protected", lambda row: _opens(row, "protected", "protected"), "number quiet"),
        table.Column(
            "SLAs missed", lambda row: _link(row, "missed", count(row["missed_clocks"])) if row["missed_clocks"] else "", "number"
        ),
    ]
    rates = [
        table.Column("SLAs met", lambda row: percent(row.get("on_time")), "number"),
        table.Column("Missed one", lambda row: percent(row.get("exception_rate")), "number soft"),
        table.Column("Completed", lambda row: count(row.get("completed", 0)), "number soft spare"),
        table.Column("Cycle time", lambda row: duration(row.get("cycle_seconds")), "number soft"),
    ]
    risk = [
        table.Column("At risk now", lambda row: _opens(row, "risk", "at_risk"), "number quiet"),
    ]
    if by == "cause":  # what was protected has none
        money = [column for column in money if column.title != "Value protected"]
    return [
        table.Column(_BREAKDOWNS[by], lambda row: row["title"], "key wrap"),
        *money,
        *(rates if by in _RATED else []),
        *(risk if by in _AT_RISK else []),
    ]


def _opens(row: dict[str, Any], what: str, money: str) -> Markup | str:
    return _link(row, what, row["told"][money]) if row[money] else ""


def _link(row: dict[str, Any], what: str, words: str) -> Markup:
    return table.link(behind.link("kpis", what, **row["of"]), words)


_UNITS = {
    "decided": "slas_decided",
    "met": "slas_met",
    "on_time": "slas_met_share",
    "transactions": "transactions_with_decided_sla",
    "exceptions": "transactions_with_missed_sla",
    "exception_rate": "exception_share",
    "completed": "transactions_completed",
    "cycle_seconds": "cycle_median_seconds",
    "penalty": "penalty",
    "missed": "value_missed",
    "protected": "value_protected",
    "missed_clocks": "slas_missed",
    "promised": "transactions_with_decided_promise",
    "kept": "transactions_on_time_in_full",
    "at_risk": "value_at_risk_now",
}


def _sheet(rows: list[dict[str, Any]], by: str) -> pd.DataFrame:
    """Return the rows under names that say what is counted, and in which unit; money by currency."""
    frame = pd.DataFrame(rows).drop(columns=["by", "before", "of", "told"], errors="ignore")
    return frame.rename(columns={"name": by, **_UNITS})


PAGE = Kpis()
