"""A transaction across systems: milestones in lanes, and its clocks as bars from start to deadline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import altair as alt
import pandas as pd

from dashboard import definitions
from dashboard.components import charts, status_badge
from dashboard.components.time_format import aware, utc
from dashboard.page import Context

_MARGIN = 190
_WIDTH = 950.0
"""Minimum width of the lanes in pixels on a desktop screen; on a wider one the names are only further apart."""
_LETTER = 7.0
_LIFTS = (-13, 15, -28, 30, -43, 45)


def span_of(context: Context, milestones: pd.DataFrame, clocks: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the wall-clock times between which a chart of these milestones and clocks extends."""
    moments = [*milestones["event_time"]] if len(milestones) else []
    if len(clocks):
        moments += [*clocks["started_at"], *clocks["due_at"], *clocks["stopped_at"].dropna()]
        if clocks["verdict"].isin(["running", "at_risk", "breached", "paused", "unknown"]).any():
            moments.append(context.now)
    stamps = context.zone.local(pd.Series([aware(moment) for moment in moments] or [context.now]))
    reach = max(stamps.max() - stamps.min(), timedelta(minutes=2))
    return stamps.min() - reach * 0.03, stamps.max() + reach * 0.07


def lanes(context: Context, flow: str, milestones: pd.DataFrame, domain: tuple[Any, Any]) -> Any:
    """Return the milestones, one lane per system, joined in the order in which they were reached."""
    catalog = context.catalog
    frame = pd.DataFrame(
        {
            "seen_at": context.zone.local(milestones["event_time"]),
            "system": milestones["system"],
            "milestone": [definitions.stage_title(catalog, flow, name) for name in milestones["milestone"]],
            "kind": ["failed" if failure else "reached" for failure in milestones["failure"]],
            "utc": [utc(moment) for moment in milestones["event_time"]],
            "cause": milestones["cause"],
            "source": milestones["source"],
        }
    )
    frame["lift"], frame["left"] = _places(frame, domain)
    order = list(dict.fromkeys(frame["system"]))
    known = catalog.flows.get(flow)
    if known:
        order = [
            system for system in dict.fromkeys(milestone.system for milestone in known.milestones.values()) if system in set(order)
        ] + [system for system in order if system not in {milestone.system for milestone in known.milestones.values()}]
    y = alt.Y("system:N", sort=order, title=None, axis=alt.Axis(minExtent=_MARGIN, maxExtent=_MARGIN, grid=True, ticks=False, domain=False))
    base = alt.Chart(frame).encode(x=charts.time_axis("seen_at"), y=y)
    path = base.mark_line(strokeWidth=2, color=charts.soft(), interpolate="step-after").encode(order=alt.Order("seen_at:T"))
    points = base.mark_point(filled=True, size=170, opacity=1).encode(
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=["reached", "failed"], range=["circle", "cross"]), legend=None),
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=["reached", "failed"], range=[charts.colour(status_badge.BLUE), charts.colour(status_badge.RED)]),
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("milestone"),
            alt.Tooltip("system"),
            alt.Tooltip("utc", title="time"),
            alt.Tooltip("source"),
            alt.Tooltip("cause"),
        ],
    )
    lane = 56 + 14 * max(0, frame["lift"].nunique() - 2)
    return alt.layer(path, *_names(base, frame), points, charts.ends(domain)).properties(height=60 + lane * len(order))


def _names(base: Any, frame: pd.DataFrame) -> list[Any]:
    """Return the names of the milestones, each beside its point, with a halo, so that the line does not cross it."""
    halo: dict[str, Any] = {"stroke": charts.panel(), "strokeWidth": 5, "strokeJoin": "round"}
    names = []
    for lift, left in sorted(set(zip(frame["lift"], frame["left"], strict=True))):
        own = base.transform_filter((alt.datum.lift == lift) & (alt.datum.left == left)).encode(text=alt.Text("milestone:N"))
        side: dict[str, Any] = {"align": "right", "dx": -9} if left else {"align": "left", "dx": 9}
        shown = charts.unless_on_phone(1)  # no room for them there, where the steps above the chart say them
        names += [own.mark_text(dy=lift, fontSize=12, opacity=shown, **kind, **side) for kind in (halo, {"color": charts.ink()})]
    return names


def _places(frame: pd.DataFrame, domain: tuple[Any, Any]) -> tuple[list[int], list[bool]]:
    """Return for each name its offset above (negative) or below its point, in pixels, and whether it is to the left of it.

    Each name in a lane takes the first height at which the previous one has ended, so that names close in time do not overlap.
    """
    begin, reach = domain[0], (domain[1] - domain[0]).total_seconds()
    lifts, lefts = [], []
    ends: dict[tuple[str, int], float] = {}
    for system, moment, name in zip(frame["system"], frame["seen_at"], frame["milestone"], strict=True):
        at = (moment - begin).total_seconds() / reach * _WIDTH
        width = 9 + _LETTER * len(name)
        left = at + width > _WIDTH
        low, high = (at - width, at) if left else (at, at + width)
        lift = next((height for height in _LIFTS if ends.get((system, height), -1e9) < low), _LIFTS[0])
        ends[system, lift] = high
        lifts.append(lift)
        lefts.append(left)
    return lifts, lefts


def clock_bars(context: Context, flow: str, clocks: pd.DataFrame, domain: tuple[Any, Any]) -> Any:
    """Return the clocks: a bar from start to deadline with its pauses, the warning, and where the clock stopped or is now."""
    zone = context.zone
    state = [status_badge.of(verdict) for verdict in clocks["verdict"]]
    frame = pd.DataFrame(
        {
            "sla": [definitions.sla_title(context.catalog, flow, name) for name in clocks["sla"]],
            "started": zone.local(clocks["started_at"]),
            "due": zone.local(clocks["due_at"]),
            "warn": zone.local(clocks["warn_at"]),
            "reached": zone.local(clocks["stopped_at"].fillna(pd.Timestamp(context.now).tz_localize(None).as_unit("ms"))),
            "stopped": ["stopped" if pd.notna(moment) else "now" for moment in clocks["stopped_at"]],
            "verdict": [status_badge.word(verdict) for verdict in clocks["verdict"]],
            "paint": [charts.colour(mark) for mark in state],
            "due_utc": [utc(moment) for moment in clocks["due_at"]],
        }
    )
    lane = alt.Y(
        "sla:N",
        sort=list(frame["sla"]),
        title=None,
        axis=alt.Axis(minExtent=_MARGIN, maxExtent=_MARGIN, labelLimit=_MARGIN - 8, ticks=False, domain=False),
    )
    tip = [alt.Tooltip("sla"), alt.Tooltip("verdict"), alt.Tooltip("due_utc", title="due")]
    paint = alt.Color("paint:N", scale=None)
    base = alt.Chart(frame).encode(y=lane)
    allowed = base.mark_bar(height=18, opacity=0.28, cornerRadius=4).encode(
        x=charts.time_axis("started"), x2=alt.X2("due:T"), color=paint, tooltip=tip
    )
    used = base.mark_bar(height=6, cornerRadius=3).encode(x=alt.X("started:T"), x2=alt.X2("reached:T"), color=paint, tooltip=tip)
    warn = base.mark_tick(height=18, thickness=2, color=charts.colour(status_badge.AMBER)).encode(x=alt.X("warn:T"))
    due = base.mark_tick(height=24, thickness=3).encode(x=alt.X("due:T"), color=paint)
    stop = base.mark_point(filled=True, size=120, opacity=1).encode(
        x=alt.X("reached:T"),
        color=paint,
        shape=alt.Shape("stopped:N", scale=alt.Scale(domain=["stopped", "now"], range=["square", "triangle-right"]), legend=None),
        tooltip=tip,
    )
    layers = [allowed, used, warn, due, stop, charts.ends(domain)]
    if len(pauses := _pauses(context, clocks, frame)):
        layers.insert(
            1,
            alt.Chart(pauses)
            .mark_bar(height=18, color=charts.colour(status_badge.PAUSED), opacity=0.55)
            .encode(y=lane, x=alt.X("from:T"), x2=alt.X2("to:T"), tooltip=[alt.Tooltip("sla"), alt.Tooltip("words")]),
        )
    return alt.layer(*layers).properties(height=50 + 36 * len(frame))


def _pauses(context: Context, clocks: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for title, paused in zip(frame["sla"], clocks["paused"], strict=True):
        for interval in paused:
            begin, end, why = (interval["from"], interval["to"], interval["reason"]) if isinstance(interval, dict) else interval
            words = f"paused: {why}" if why else "paused"
            rows.append({"sla": title, "from": aware(begin), "to": aware(end) or context.now, "words": words})
    pauses = pd.DataFrame(rows, columns=["sla", "from", "to", "words"])
    if len(pauses):
        pauses["from"], pauses["to"] = context.zone.local(pauses["from"]), context.zone.local(pauses["to"])
    return pauses
