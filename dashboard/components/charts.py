"""What all charts share: the theme's colours, time axes in the viewer's zone, unobtrusive grids.

Every chart gives Altair channels (``alt.Text("name:N")``) and no names in short (``"name:N"``): for each of those Altair looks through all
the classes it has.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import streamlit as st
from altair.utils.schemapi import disable_debug_mode

from dashboard.components.status_badge import Badge

disable_debug_mode()  # else each part of a chart is validated where it is made: half of the time a chart takes; the whole is, once

_DAYS_NAMED = 8
"""At most, below a chart."""


def dark() -> bool:
    """Return whether the viewer's theme is dark."""
    return st.context.theme.type == "dark"


def colour(badge: Badge) -> str:
    """Return a badge's colour in the viewer's theme."""
    return badge.dark if dark() else badge.light


def soft() -> str:
    """Return the colour of secondary elements."""
    return "#3a4859" if dark() else "#c9d2de"


def muted() -> str:
    """Return the colour of what is compared with: weaker than what counts, but still to be read."""
    return "#8494a8" if dark() else "#77859a"


def ink() -> str:
    """Return the colour of text."""
    return "#e7ecf3" if dark() else "#17202e"


_TIMES = {
    "year": "%Y", "quarter": "%d %b", "month": "%d %b", "week": "%d %b", "date": "%d %b", "day": "%d %b", "hours": "%H:%M", "minutes": "%H:%M",
    "seconds": "%H:%M:%S", "milliseconds": "%H:%M:%S.%L",
}  # fmt: skip


def panel() -> str:
    """Return the colour behind charts."""
    return "#0e141c" if dark() else "#f4f6f9"


def unless_on_phone(opacity: float) -> alt.ExprRef:
    """Return an opacity: ``opacity``, but 0 where a chart has as little room as on a phone."""
    return alt.ExprRef(expr=f"containerSize()[0] < 640 ? 0 : {opacity}")


def columns(pixels: int) -> alt.ExprRef:
    """Return how many columns of a legend have room beside each other, each so many pixels wide."""
    return alt.ExprRef(expr=f"max(1, floor(containerSize()[0] / {pixels}))")


def time_axis(field: str) -> alt.X:
    """Return an x axis over a column of :meth:`Zone.local` times; its scale is told not to shift them again.

    There are as many ticks as have room for their words: were words left out, those could be all that say the day.
    """
    ticks = alt.ExprRef(expr="clamp(floor(width / 75), 2, 8)")
    axis = alt.Axis(labelOverlap=True, tickCount=ticks, format=_TIMES)
    return alt.X(f"{field}:T", title=None, scale=alt.Scale(type="utc", nice=False), axis=axis)


def day_axis(field: str, shown: pd.Series) -> alt.X:
    """Return an x axis over the days ``shown``, as :func:`days` returns them: none is named twice, and no hours between them."""
    every = -(-((shown.max() - shown.min()).days + 1) // _DAYS_NAMED) if len(shown) else 1
    axis = alt.Axis(format="%d %b", tickCount=alt.TimeIntervalStep(interval="day", step=every), labelOverlap=True)
    return alt.X(f"{field}:T", title=None, scale=alt.Scale(type="utc", nice=False, padding=8), axis=axis)


def days(column: pd.Series) -> pd.Series:
    """Return dates, or their names, as midnights labelled UTC for :func:`day_axis`: unlabelled, east of UTC they are a day early."""
    return pd.to_datetime(column, utc=True)


def ends(domain: tuple[Any, Any]) -> Any:
    """Return an invisible layer that stretches the x axis over ``domain``.

    An explicit domain cannot do this: in layered charts Vega-Lite writes it in two forms, unites them and finds no extent.
    """
    return alt.Chart(pd.DataFrame({"end": list(domain)})).mark_point(opacity=0, size=0, tooltip=False).encode(x=time_axis("end"))


def whole_days(start: datetime, end: datetime, zone: ZoneInfo) -> list[date]:
    """Return the local days that lie wholly in [start, end): what happened on part of a day compares with no other day."""
    first, last = (moment.astimezone(zone) for moment in (start, end))
    begin = first.date() if first.time() == time() else first.date() + timedelta(days=1)
    return [begin + timedelta(days=number) for number in range((last.date() - begin).days)]


def share_axis(shares: pd.Series) -> list[float]:
    """Return the ends of an axis of shares that does not dramatise: 50 % (0 % if one lies below that) to 100 %."""
    return [0.5 if shares.dropna().empty or float(shares.min()) >= 0.5 else 0.0, 1.0]


def objective(share: float, shade: str) -> Any:
    """Return a dotted line across a chart of shares; :func:`objective_told` belongs above it: within the chart words would lie on lines."""
    return alt.Chart(pd.DataFrame({"share": [share]})).mark_rule(strokeDash=[1, 3], strokeWidth=2, color=shade).encode(y=alt.Y("share:Q"))


def objective_told(share: float) -> str:
    """Return what the dotted line is."""
    return f"dotted: the objective of {share * 100:.3g}%"


def draw(chart: Any, alt_text: str, height: int | None = None) -> None:
    """Draw a chart at full width. ``alt_text`` describes it for people who cannot see it."""
    sized = chart.properties(height=height) if height else chart
    st.altair_chart(sized.configure_view(strokeWidth=0).configure_axis(gridOpacity=0.5), width="stretch", alt=alt_text)
