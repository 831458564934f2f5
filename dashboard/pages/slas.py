"""SLAs: how many of each were met, how long things take compared with what is allowed, and which deadlines come next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.money import cell, count
from core.plural import counted
from dashboard import definitions
from dashboard.components import charts, export, filters, links, notices, status_badge, table
from dashboard.components.time_format import until
from dashboard.page import Context
from store.reads import attainment as reads


class Slas:
    """Attainment, distribution, trend, and the open clocks by deadline."""

    name = "slas"
    title = "SLAs"
    icon = ":material/timer:"
    order = 40
    url_path = "slas"

    def render(self, context: Context) -> None:
        """Draw the page."""
        catalog = context.catalog
        left, middle, right = st.columns([1.2, 2, 1])
        with left:
            flow = filters.flow(catalog)
        names = [f"{key}/{name}" for key, known in catalog.flows.items() if not flow or key == flow for name in known.slas]
        with middle:
            chosen = filters.choose("SLA", "sla", names, lambda both: _title(context, *both.split("/", 1)) if "/" in both else both)
        with right:
            period = filters.period("30d")
        end = context.minute
        start = filters.since(period, context.now) or end
        days = context.data.read(reads.attainment, slow=True, start=start, end=end, zone=context.zone.name)
        if not days.empty and flow:
            days = days[days["flow"] == flow]
        if days.empty:
            notices.empty(
                "No SLA was decided in this period",
                "An SLA clock is decided when its milestone is reached or its deadline passes. SLAs are defined in the flow files of the catalog; check them with:",
                "andon check catalog",
            )
        elif "/" in chosen:
            _one(context, chosen, days, start, end)
        else:
            _overview(context, days, start, end)
        one = chosen.split("/", 1) if "/" in chosen else [flow, ""]
        _next(context, *one)


def _title(context: Context, flow: str, sla: str) -> str:
    return definitions.sla_title(context.catalog, flow, sla)


def _share(row: Any) -> float | None:
    decided = int(row["met"]) + int(row["missed"])
    return int(row["met"]) / decided if decided else None


def _summed(days: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of all days added up, one row per flow and SLA."""
    return days.groupby(["flow", "sla"], observed=True)[["met", "missed", "unknown", "total"]].sum().reset_index()


def _overview(context: Context, days: pd.DataFrame, start: datetime, end: datetime) -> None:
    st.subheader("Attainment", anchor=False)
    trends = dict(list(days.groupby(["flow", "sla"], observed=True)))
    rows = sorted(_summed(days).to_dict("records"), key=_order)
    columns = [
        table.Column("SLA", lambda row: table.link(links.to("slas", sla=f"{row['flow']}/{row['sla']}", period=st.query_params.get("period", "")), _title(context, row["flow"], row["sla"])), "key"),
        table.Column("Flow", lambda row: definitions.flow_title(context.catalog, row["flow"]), "soft"),
        table.Column("Share met", lambda row: _bar(_share(row)), "bar"),
        table.Column("", lambda row: "–" if _share(row) is None else f"{_share(row):.1%}", "number key"),
        table.Column("Trend", lambda row: _spark(trends.get((row["flow"], row["sla"])))),
        table.Column("Met", lambda row: count(row["met"]), "number"),
        table.Column("Missed", lambda row: count(row["missed"]), "number"),
        table.Column("Unknown", lambda row: count(row["unknown"]) if row["unknown"] else "", "number soft"),
        table.Column("Owner", lambda row: _owner(context, row["flow"], row["sla"]), "soft"),
    ]  # fmt: skip
    table.show(columns, rows, "Attainment by SLA")
    note = (
        "Share of the SLA clocks decided in the period. The mark in the bar is 95 %: green from there, amber from 90 %."
        " Unknown ones (a source was silent, or a fact was missing) count as neither met nor missed."
    )
    sheet = pd.DataFrame([{**row, "share_met": _share(row)} for row in rows])
    names = {name: f"clocks_{name}" for name in ("met", "missed", "unknown", "total")}
    export.offer(context, sheet.rename(columns=names), "slas", note, start=start, end=end)


def _order(row: Any) -> float:
    """Lowest share first; SLAs with nothing decided come last."""
    share = _share(row)
    return 2.0 if share is None else share


def _kind(share: float | None) -> str:
    """Return the colour (a class of the style sheet) of a share of SLAs met; None: nothing is decided."""
    return "dim" if share is None else "ok" if share >= definitions.TARGET else "warn" if share >= 0.9 else "bad"


def _bar(share: float | None) -> Markup:
    if share is None:
        return Markup("")
    kind = _kind(share)
    return Markup('<div class="meter {}" role="img" aria-label="{:.1%}"><span style="width:{:.1f}%"></span></div>').format(
        kind, share, share * 100
    )


def _spark(days: pd.DataFrame | None) -> Markup:
    """A row of small bars, one per day, by share met."""
    if days is None:
        return Markup("")
    bars = []
    for row in days.tail(30).to_dict("records"):
        share = _share(row)
        kind = _kind(share)
        bars.append(
            Markup('<i class="{}" style="height:{:.0f}%" title="{}: {}"></i>').format(
                kind, 12 + 88 * (share or 0), row["day"], "–" if share is None else f"{share:.0%}"
            )
        )
    return Markup('<span class="spark">{}</span>').format(Markup("").join(bars))


def _owner(context: Context, flow: str, sla: str) -> str:
    known = context.catalog.flows.get(flow)
    found = known.slas.get(sla) if known else None
    return definitions.owner_title(context.catalog, (found.owner or known.owner) if found and known else "")


def _one(context: Context, both: str, days: pd.DataFrame, start: datetime, end: datetime) -> None:
    flow, sla = both.split("/", 1)
    summed = _summed(days)
    mine = summed[(summed["flow"] == flow) & (summed["sla"] == sla)]
    row = mine.iloc[0].to_dict() if len(mine) else {"met": 0, "missed": 0, "unknown": 0, "total": 0}
    share = _share(row)
    cells = st.columns(4)
    cells[0].metric("Share met", "–" if share is None else f"{share:.1%}", border=True, height="stretch")
    cells[1].metric("Met", count(row["met"]), border=True, height="stretch")
    cells[2].metric("Missed", count(row["missed"]), border=True, height="stretch")
    cells[3].metric(
        "Unknown",
        count(row["unknown"]),
        border=True,
        height="stretch",
        help="Could not be evaluated: a source was silent, or a fact needed for the due time is missing",
    )
    left, right = st.columns(2)
    with left:
        st.subheader("By day", anchor=False)
        _trend(days[days["day"].astype(str).isin({f"{day}" for day in charts.whole_days(start, end, context.zone.info)})], flow, sla)
    with right:
        st.subheader("Share of the allowed time used", anchor=False)
        _distribution(context.data.read(reads.durations, slow=True, flow=flow, sla=sla, start=start, end=end))


def _trend(days: pd.DataFrame, flow: str, sla: str) -> None:
    mine = days[(days["flow"] == flow) & (days["sla"] == sla)].copy()
    if mine.empty:
        notices.empty("Nothing decided", "No clock of this SLA was decided on a whole day of the period.")
        return
    mine["share"] = mine["met"] / (mine["met"] + mine["missed"]).where(lambda total: total > 0)
    mine["day"] = pd.to_datetime(mine["day"])
    tip = [
        alt.Tooltip("day:T", format="%d %b"),
        alt.Tooltip("share:Q", format=".1%", title="share met"),
        alt.Tooltip("met:Q"),
        alt.Tooltip("missed:Q"),
    ]
    base = alt.Chart(mine).encode(x=charts.day_axis("day"))
    bars = base.mark_bar(color=charts.soft(), opacity=0.85).encode(
        y=alt.Y("missed:Q", title="missed", axis=alt.Axis(grid=False, orient="right")), tooltip=tip
    )
    line = base.mark_line(color=charts.colour(status_badge.BLUE), strokeWidth=2.5, point=True).encode(
        y=alt.Y("share:Q", title="share met", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=charts.share_axis(mine["share"]))),
        tooltip=tip,
    )
    rule = (
        alt.Chart(pd.DataFrame({"target": [definitions.TARGET]}))
        .mark_rule(strokeDash=[5, 4], color=charts.colour(status_badge.GREEN))
        .encode(y=alt.Y("target:Q"))
    )
    charts.draw(alt.layer(bars, alt.layer(line, rule)).resolve_scale(y="independent"), "Share met and number missed by day", 300)


def _distribution(shares: pd.DataFrame) -> None:
    if shares.empty:
        notices.empty("Nothing reached", "No clock of this SLA stopped in the period.")
        return
    shares = shares.assign(end=shares["share"] + 0.05, late=shares["share"] >= 1.0)
    bars = (
        alt.Chart(shares)
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X(
                "share:Q",
                bin="binned",
                title="share of the allowed time (200 % = twice or more)",
                axis=alt.Axis(format=".0%"),
                scale=alt.Scale(domain=[0, 2.05]),
            ),
            x2=alt.X2("end"),
            y=alt.Y("clocks:Q", title="clocks"),
            color=alt.Color(
                "late:N",
                scale=alt.Scale(domain=[False, True], range=[charts.colour(status_badge.GREEN), charts.colour(status_badge.RED)]),
                legend=None,
            ),
            tooltip=[alt.Tooltip("share:Q", format=".0%"), alt.Tooltip("clocks:Q")],
        )
    )
    limit = alt.Chart(pd.DataFrame({"limit": [1.0], "word": ["deadline"]})).encode(x=alt.X("limit:Q"))
    words = limit.mark_text(align="left", dx=5, y=8, color=charts.ink()).encode(text=alt.Text("word:N"))
    charts.draw(alt.layer(bars, limit.mark_rule(strokeWidth=2, color=charts.ink()), words), "Distribution of time used", 300)


def _next(context: Context, flow: str, sla: str) -> None:
    st.subheader("Next deadlines", anchor=False)
    rows = context.data.read(reads.next_due, flow=flow, sla=sla, limit=30)
    if rows.empty:
        late = context.data.read(reads.still_late, flow=flow, sla=sla)
        if late:
            notices.empty("No upcoming deadlines", f"Past the deadline and still open in this selection: {counted(late, 'clock')}.")
            st.html(table.link(links.to("transactions", flow=flow, verdict="breached"), "Breached transactions →"))
        else:
            notices.good("No upcoming deadlines", "No clock in this selection is running. Attainment above covers those that have ended.")
        return
    columns = [
        table.Column(
            "Due", lambda row: Markup('<span title="{}">{}</span>').format(row["due_at"], until(row["due_at"], context.now)), "key"
        ),
        table.Column("", lambda row: status_badge.pill(row["verdict"])),
        table.Column("Reference", lambda row: table.link(links.transaction(row["transaction_id"]), row["reference"])),
        table.Column("SLA", lambda row: _title(context, row["flow"], row["sla"])),
        table.Column("Waiting for", lambda row: definitions.stage_title(context.catalog, row["flow"], row["stage"]), "soft spare"),
        table.Column("Customer", lambda row: row["customer"]),
        table.Column("Plant", lambda row: row["plant"], "soft spare"),
        table.Column("Value", lambda row: cell(row["value"], row["currency"]), "number"),
        table.Column("Owner", lambda row: definitions.owner_title(context.catalog, row["owner"]), "soft"),
        table.Column("Deadline", lambda row: table.time(context.zone, row["due_at"]), "soft spare"),
    ]
    table.show(columns, rows.to_dict("records"), "Open clocks by deadline")
    wanted = ["due_at", "verdict", "reference", "flow", "sla", "stage", "customer", "plant", "value", "currency", "owner"]
    export.offer(context, rows[wanted], "next-deadlines", f"The {len(rows)} clocks that are due next.")


PAGE = Slas()
