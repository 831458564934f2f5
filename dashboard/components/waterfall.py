"""The spans of a trace as a waterfall: who called whom, how long it took, what failed."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from dashboard.components import charts, status_badge

LIMIT = 120
_UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0), ("milliseconds", 0.001))


def ordered(spans: pd.DataFrame) -> pd.DataFrame:
    """Return the spans with ``depth``: each parent before its children, siblings by start; a span whose parent is unknown is a root."""
    by_start = spans.sort_values("start_time")
    known = set(by_start["span_id"])
    children: dict[str, list[int]] = {}
    for position, parent in zip(by_start.index, by_start["parent_span_id"], strict=True):
        children.setdefault(parent if parent in known else "", []).append(position)
    order: list[tuple[int, int]] = []
    stack = [(position, 0) for position in reversed(children.get("", []))]
    seen: set[int] = set()
    while stack:
        position, depth = stack.pop()
        if position in seen:
            continue
        seen.add(position)
        order.append((position, depth))
        stack += [(child, depth + 1) for child in reversed(children.get(str(by_start.loc[position, "span_id"]), []))]
    order += [(position, 0) for position in by_start.index if position not in seen]  # a cycle of parents is still shown
    placed = by_start.loc[[position for position, _ in order]].copy()
    placed["depth"] = [depth for _, depth in order]
    return placed


def waterfall(spans: pd.DataFrame) -> Any:
    """Return the chart; times count from the first span of the trace, in a unit that suits its length."""
    placed = ordered(spans).head(LIMIT)
    begin = placed["start_time"].min()
    length = (placed["end_time"].max() - begin).total_seconds()
    name, unit = next((name, unit) for name, unit in _UNITS if length >= 3 * unit or unit == _UNITS[-1][1])
    frame = pd.DataFrame(
        {
            "row": [f"{number:04d}" for number in range(len(placed))],
            "from": (placed["start_time"] - begin).dt.total_seconds().to_numpy() / unit,
            "to": (placed["end_time"] - begin).dt.total_seconds().to_numpy() / unit,
            "name": placed["name"].to_numpy(),
            "service": placed["service"].to_numpy(),
            "status": placed["status"].astype(str).to_numpy(),
            "message": placed["status_message"].to_numpy(),
            "label": [
                f"{'   ' * depth}{service} · {name}"
                for depth, service, name in zip(placed["depth"], placed["service"], placed["name"], strict=True)
            ],
        }
    )
    frame["took"] = [_took(seconds) for seconds in (frame["to"] - frame["from"]) * unit]
    reach = max(float(frame["to"].max()), 0.001)
    frame["shown"] = frame[["to", "from"]].max(axis=1).clip(lower=frame["from"] + reach * 0.004)
    y = alt.Y("row:N", title=None, axis=None)
    base = alt.Chart(frame).encode(y=y, tooltip=[alt.Tooltip(name) for name in ("service", "name", "took", "status", "message")])
    bars = base.mark_bar(height=12, cornerRadius=3).encode(
        x=alt.X(
            "from:Q",
            title=f"{name} since the first span",
            scale=alt.Scale(domain=[0, reach * 1.02], nice=False),
            axis=alt.Axis(tickCount=10),
        ),
        x2=alt.X2("shown:Q"),
        color=alt.Color(
            "service:N",
            legend=alt.Legend(orient="top", title=None, columns=charts.columns(160)),
            condition={"test": "datum.status === 'error'", "value": charts.colour(status_badge.RED)},
        ),
    )
    text = base.mark_text(align="left", dy=-12, fontSize=11, color=charts.ink()).encode(x=alt.X("from:Q"), text=alt.Text("label:N"))
    return alt.layer(bars, text).properties(height=110 + 34 * len(frame))


def _took(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms" if seconds < 1 else f"{seconds:,.2f} s"
