"""SLAs: how many misses each had of how many allowed, how long things take, and which deadlines come next."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from markupsafe import Markup

from core.money import cell, count
from core.plural import counted
from dashboard import definitions
from dashboard.components import behind, charts, export, filters, links, notices, periods, status_badge, table, tiles
from dashboard.components.periods import Period
from dashboard.components.tiles import Tile
from dashboard.components.time_format import due
from dashboard.page import Context
from store.reads import attainment as reads


class Slas:
    """Misses against budget, their days, time used, and the open clocks by deadline."""

    name = "slas"
    title = "SLAs"
    icon = ":material/timer:"
    order = 40
    url_path = "slas"

    def render(self, context: Context) -> None:
        """Draw all SLAs, one of them, or the clocks that were missed."""
        catalog = context.catalog
        left, middle, right = st.columns([1.2, 2, 1])
        with left:
            flow = filters.flow(catalog)
        names = [f"{key}/{name}" for key, known in catalog.flows.items() if not flow or key == flow for name in known.slas]
        with middle:
            chosen = filters.choose("SLA", "sla", names, lambda both: _title(context, *both.split("/", 1)) if "/" in both else both)
        with right:
            period = periods.choose(context)
        if behind.asked():
            behind.show(context, "slas", period)
            return
        days = context.data.read(reads.attainment, slow=True, start=period.start, end=period.end, zone=context.zone.name)
        if not days.empty and flow:
            days = days[days["flow"] == flow]
        if days.empty:
            notices.empty(
                f"No SLA was decided {period.during}",
                "An SLA clock is decided when its milestone is reached or its deadline passes. SLAs are defined in the flow files of the catalog; check them with:",
                "andon check catalog",
            )
        elif "/" in chosen:
            _one(context, chosen, days, period)
        else:
            _overview(context, days, period)
        one = chosen.split("/", 1) if "/" in chosen else [flow, ""]
        _next(context, *one)


def _title(context: Context, flow: str, sla: str) -> str:
    return definitions.sla_title(context.catalog, flow, sla)


def _share(row: Any) -> float | None:
    decided = int(row["met"]) + int(row["missed"])
    return int(row["met"]) / decided if decided else None


def _summed(context: Context, days: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row per flow and SLA with the counts of all days added up, its objective, and what is allowed and used of its budget."""
    rows: list[dict[str, Any]] = []
    for row in days.groupby(["flow", "sla"], observed=True)[["met", "missed", "unknown", "total"]].sum().reset_index().to_dict("records"):
        decided, objective = row["met"] + row["missed"], definitions.objective(context.catalog, row["flow"], row["sla"])
        used = tiles.budget_used(row["missed"], decided, objective)
        allowed = (1 - objective) * decided
        rows.append(
            {
                **{str(key): value for key, value in row.items()},
                "decided": decided,
                "objective": objective,
                "allowed": allowed,
                "budget_used": used,
                "share_met": _share(row),
            }
        )
    return rows


def _overview(context: Context, days: pd.DataFrame, period: Period) -> None:
    st.subheader("Misses against budget", anchor=False)
    of_days = dict(list(days.groupby(["flow", "sla"], observed=True)))
    rows = sorted(_summed(context, days), key=_order)
    columns = [
        table.Column("SLA", lambda row: table.link(_address(row), _title(context, row["flow"], row["sla"])), "key wrap"),
        table.Column("Flow", lambda row: definitions.flow_title(context.catalog, row["flow"]), "soft spare"),
        table.Column("Missed", _missed, "number key"),
        table.Column("Allowed", _allowed, "number soft"),
        table.Column("Budget used", lambda row: _meter(row["budget_used"]), "bar"),
        table.Column("", lambda row: _used(row["budget_used"]), "number key lead"),
        table.Column("Misses by day", lambda row: _spark(of_days.get((row["flow"], row["sla"])), row["objective"]), "minor"),
        table.Column("Met", lambda row: "–" if row["share_met"] is None else f"{row['share_met']:.1%}", "number"),
        table.Column("Objective", lambda row: f"{row['objective'] * 100:g}%", "number soft minor"),
        table.Column("Decided", lambda row: count(row["decided"]), "number soft minor"),
        table.Column("Unknown", lambda row: count(row["unknown"]) if row["unknown"] else "", "number soft"),
        table.Column("Owner", lambda row: _owner(context, row["flow"], row["sla"]), "soft minor"),
    ]
    table.show(columns, rows, "Misses against budget by SLA", phone="lines")
    note = (
        f"Of the SLA clocks decided {period.during}. Allowed are the misses that an SLA's objective leaves: 5 of 100 for 95%."
        " Unknown ones (a source was silent, or a fact was missing) count as neither met nor missed."
    )
    names = {name: f"clocks_{name}" for name in ("met", "missed", "unknown", "total", "decided", "allowed")}
    export.offer(context, pd.DataFrame(rows).rename(columns=names), "slas", note, start=period.start, end=period.end)


def _address(row: Any) -> str:
    kept = {name: st.query_params.get(name, "") for name in ("period", "from", "to", "zone")}
    return links.to("slas", **{**kept, "sla": f"{row['flow']}/{row['sla']}"})


def _missed(row: Any) -> Markup | str:
    if not row["missed"]:
        return "0"
    return table.link(behind.link("slas", "missed", sla=f"{row['flow']}/{row['sla']}"), count(row["missed"]))


def _allowed(row: Any) -> str:
    """Return the whole misses that the objective allows."""
    return count(row["allowed"] + 1e-9) if row["decided"] else "–"


def _order(row: Any) -> tuple[float, int]:
    """Most of the budget used first; SLAs with nothing decided come last."""
    used = row["budget_used"]
    return (1.0, 0) if used is None else (-used, -row["missed"])


def _used(used: float | None) -> str:
    return "–" if used is None else f"{used:.0%}" if used < 10 else "> 10 times"


def _meter(used: float | None) -> Markup:
    """A bar of twice the budget, with a mark where it ends."""
    if used is None:
        return Markup("")
    return Markup('<div class="meter budget {}" role="img" aria-label="{}"><span style="width:{:.1f}%"></span></div>').format(
        tiles.budget_kind(used), f"{_used(used)} of the budget", min(used, 2) * 50
    )


def _spark(days: pd.DataFrame | None, objective: float) -> Markup:
    """A row of small bars, one per day, as high as the misses of the day; red where they are more than the day allows."""
    if days is None:
        return Markup("")
    shown = days.tail(30).to_dict("records")
    top = max(int(row["missed"]) for row in shown)
    bars = []
    for row in shown:
        decided = int(row["met"]) + int(row["missed"])
        kind = "dim" if not decided else "bad" if row["missed"] > (1 - objective) * decided + 1e-9 else "ok"
        height = 12 + 88 * int(row["missed"]) / top if row["missed"] else 6
        bars.append(
            Markup('<i class="{}" style="height:{:.0f}%" title="{}: {} of {} missed"></i>').format(
                kind, height, row["day"], row["missed"], decided
            )
        )
    return Markup('<span class="spark">{}</span>').format(Markup("").join(bars))


def _owner(context: Context, flow: str, sla: str) -> str:
    known = context.catalog.flows.get(flow)
    found = known.slas.get(sla) if known else None
    return definitions.owner_title(context.catalog, (found.owner or known.owner) if found and known else "")


def _one(context: Context, both: str, days: pd.DataFrame, period: Period) -> None:
    flow, sla = both.split("/", 1)
    mine = days[(days["flow"] == flow) & (days["sla"] == sla)]
    objective = definitions.objective(context.catalog, flow, sla)
    nothing = {"flow": flow, "sla": sla, "missed": 0, "unknown": 0, "decided": 0, "allowed": 0.0, "budget_used": None, "share_met": None}
    row: dict[str, Any] = (_summed(context, mine) or [nothing])[0]
    missed, kind = behind.link("slas", "missed"), tiles.budget_kind(row["budget_used"])
    note = f"{_allowed(row)} allowed by the objective of {objective * 100:g}%"
    shown = [
        Tile("Missed", count(row["missed"]), note, kind, missed if row["missed"] else "", "Opens the clocks that were missed"),
        Tile("Budget used", _used(row["budget_used"]), "of the misses allowed", kind),
        Tile("Met", "–" if row["share_met"] is None else f"{row['share_met']:.1%}", f"of {count(row['decided'])} decided"),
        Tile("Unknown", count(row["unknown"]), "a source was silent, or a fact was missing"),
    ]
    st.html(tiles.html(shown, _title(context, flow, sla)))
    left, right = st.columns(2)
    with left:
        st.subheader("Misses by day", anchor=False)
        whole = {f"{day}" for day in charts.whole_days(period.start, period.end, context.zone.info)}
        _trend(mine[mine["day"].astype(str).isin(whole)], objective)
    with right:
        st.subheader("Share of the allowed time used", anchor=False)
        _distribution(context.data.read(reads.durations, slow=True, flow=flow, sla=sla, start=period.start, end=period.end))


def _trend(mine: pd.DataFrame, objective: float) -> None:
    """Draw a bar for the misses of each whole day, and a mark at what the day allows."""
    if mine.empty:
        notices.empty("Nothing decided", "No clock of this SLA was decided on a whole day of the period.")
        return
    allowed = (1 - objective) * (mine["met"] + mine["missed"])
    day = charts.days(mine["day"])
    shown = mine.assign(day=day, name=day.dt.strftime("%d %b"), allowed=allowed, beyond=mine["missed"] > allowed + 1e-9)
    tip = [
        alt.Tooltip("name:N", title="day"),
        alt.Tooltip("missed:Q"),
        alt.Tooltip("allowed:Q", format=".1f"),
        alt.Tooltip("met:Q"),
    ]
    top = max(float(shown["missed"].max()), float(allowed.max()), 1.0) * 1.1
    y = alt.Y("missed:Q", title="misses", scale=alt.Scale(domain=[0, top]), axis=alt.Axis(format="~s", tickMinStep=1))
    shades = alt.Scale(domain=[False, True], range=[charts.muted(), charts.colour(status_badge.RED)])
    width = max(2, min(22, 500 // len(shown)))
    base = alt.Chart(shown).encode(x=charts.day_axis("day", day), tooltip=tip)
    bars = base.mark_bar(width=width).encode(y=y, color=alt.Color("beyond:N", scale=shades, legend=None))
    marks = base.mark_tick(thickness=2, width=width + 4, color=charts.ink()).encode(y=alt.Y("allowed:Q"))
    charts.draw(alt.layer(bars, marks), "Misses by day, and how many each day allows", 300)
    st.caption("The mark is what the day allows; red: more than that.")


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
                title=None,
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
    st.caption("100%: all of the allowed time; 200%: twice as much, or more.")


def _next(context: Context, flow: str, sla: str) -> None:
    st.subheader("Next deadlines", anchor=False)
    rows = context.data.read(reads.next_due, flow=flow, sla=sla, limit=30)
    if rows.empty:
        late = context.data.read(reads.still_late, flow=flow, sla=sla)
        if late:
            notices.empty("No upcoming deadlines", f"Past the deadline and still open in this selection: {counted(late, 'clock')}.")
            st.html(table.link(links.to("transactions", flow=flow, verdict="breached", period="all"), "Breached transactions →"))
        else:
            notices.good(
                "No upcoming deadlines", "No clock in this selection is running. The figures above are of those that were decided."
            )
        return
    columns = [
        table.Column(
            "Due",
            lambda row: Markup('<span title="{}">{}</span>').format(
                row["due_at"], due(row["due_at"], context.now, row["verdict"], context.speed)
            ),
            "key",
        ),
        table.Column("", lambda row: status_badge.pill(row["verdict"]), "lead"),
        table.Column("Reference", lambda row: table.link(links.transaction(row["transaction_id"]), row["reference"])),
        table.Column("SLA", lambda row: _title(context, row["flow"], row["sla"])),
        table.Column("Waiting for", lambda row: definitions.stage_title(context.catalog, row["flow"], row["stage"]), "soft spare"),
        table.Column("Customer", lambda row: row["customer"]),
        table.Column("Plant", lambda row: row["plant"], "soft spare"),
        table.Column("Value", lambda row: cell(row["value"], row["currency"]), "number"),
        table.Column("Owner", lambda row: definitions.owner_title(context.catalog, row["owner"]), "soft minor"),
        table.Column("Deadline", lambda row: table.time(context.zone, row["due_at"]), "soft spare"),
    ]
    table.show(columns, rows.to_dict("records"), "Open clocks by deadline", phone="lines")
    wanted = ["due_at", "verdict", "reference", "flow", "sla", "stage", "customer", "plant", "value", "currency", "owner"]
    export.offer(context, rows[wanted], "next-deadlines", f"Due next: {counted(len(rows), 'clock')}.")


PAGE = Slas()
