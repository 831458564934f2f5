"""The KPIs as one sheet of 16:9 for a slide: the figures, two trends and what costs most; as PNG and as PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
import vl_convert

from core.money import count
from dashboard.components import charts, status_badge
from dashboard.components.kpi_figures import NOTES
from dashboard.components.tiles import Tile
from dashboard.page import Context

_WIDTH = 1520
_MARGIN = 40
_INK, _SOFT, _EDGE = "#17202e", "#586577", "#d9dfe8"
_KINDS = {"ok": status_badge.GREEN.light, "warn": "#a86500", "bad": status_badge.RED.light}
_WORST = 6
_GAP = 60
_AXIS = 45
"""Room for the words of an axis, which stand on the right so that charts begin where texts do."""
_AMOUNTS = (("penalty", "Penalties"), ("missed", "Value missed"), ("protected", "Value protected"))
_PIXELS = 1.2
"""Of a PNG for each point of the sheet: 1920 pixels wide."""
_VERSION = "6.4"
_FONT = "Liberation Sans"
"""Part of vl_convert, so that a sheet looks the same on every machine."""


def offer(
    context: Context,
    headline: str,
    told: str,
    tiles: Sequence[Tile],
    days: pd.DataFrame,
    objective: float | None,
    worst: Sequence[dict[str, Any]],
) -> None:
    """Draw the two buttons; a file is made when it is asked for. ``told``: how its money is told; ``objective``: of all SLAs together."""
    at = context.now.astimezone(context.zone.info)
    as_of = (
        f"As of {at:%d %B %Y %H:%M} {context.zone.name}" + (" · simulated" if context.simulated else "") + (f" · {told}" if told else "")
    )

    def made(convert: Callable[..., bytes], **options: Any) -> Callable[[], bytes]:
        return lambda: convert(sheet(headline, as_of, tiles, days, objective, worst), vl_version=_VERSION, allowed_base_urls=[], **options)

    left, right = st.columns(2, vertical_alignment="bottom")
    for place, words, kind, data in (
        (left, "PNG", "image/png", made(vl_convert.vegalite_to_png, scale=_PIXELS)),
        (right, "PDF", "application/pdf", made(vl_convert.vegalite_to_pdf)),
    ):
        place.download_button(
            f"Slide as {words}",
            data,
            f"andon-kpis-{at:%Y-%m-%d}.{words.lower()}",
            kind,
            icon=":material/slideshow:",
            width="stretch",
            key=f"slide-{words}",
            on_click="ignore",
        )


def sheet(
    headline: str, as_of: str, tiles: Sequence[Tile], days: pd.DataFrame, objective: float | None, worst: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the Vega-Lite specification of the sheet. ``days`` are those of the page's trend, ``worst`` the rows of its breakdown."""
    rows = [_head(headline, as_of), _figures(tiles)]
    if len(days):
        met = _line(days, "on_time", "SLAs met" + (f" · {charts.objective_told(objective)}" if objective is not None else ""), ".0%")
        met = met if objective is None else alt.layer(met, charts.objective(objective, _INK))
        cycle = _line(days, "cycle_hours", "Cycle time, median hours", ",.3~r")
        rows.append(alt.hconcat(met, cycle, spacing=_GAP + _AXIS, bounds="flush").resolve_scale(color="independent"))
    if worst:
        rows.append(_table(worst[:_WORST]))
    whole = alt.vconcat(*rows, spacing=26, padding=_MARGIN, background="#ffffff")
    axis = alt.AxisConfig(gridColor=_EDGE, labelColor=_SOFT, labelFontSize=15, domain=False, ticks=False)
    described: dict[str, Any] = whole.configure(
        font=_FONT, axis=axis, axisX=alt.AxisConfig(grid=False), view=alt.ViewConfig(strokeWidth=0)
    ).to_dict()
    return described


def _texts(frame: pd.DataFrame, height: int, **style: Any) -> Any:
    """Return texts at their places: columns x and y in points from the top left, and text."""
    return (
        alt.Chart(frame, width=_WIDTH, height=height)
        .mark_text(baseline="top", limit=style.pop("limit", 0), **style)
        .encode(
            x=alt.X("x:Q", scale=alt.Scale(domain=[0, _WIDTH]), axis=None),
            y=alt.Y("y:Q", scale=alt.Scale(domain=[height, 0]), axis=None),
            text=alt.Text("text:N"),
        )
    )


def _head(headline: str, as_of: str) -> Any:
    title = _texts(_places([(0, 0, headline)]), 62, align="left", fontSize=36, fontWeight=700, color=_INK, limit=_WIDTH)
    return alt.layer(title, _texts(_places([(0, 44, as_of)]), 62, align="left", fontSize=17, color=_SOFT))


def _figures(tiles: Sequence[Tile]) -> Any:
    """Return the tiles in two rows: rates, and money."""
    across = -(-len(tiles) // 2)
    width, height = _WIDTH / across, 224
    places = [((number % across) * width, (number // across) * 116) for number in range(len(tiles))]
    room = width - 24
    at = list(zip(places, tiles, strict=True))
    labels = _places([(x, y, tile.label) for (x, y), tile in at])
    notes = _places([(x, y + 66, tile.note.replace(NOTES, "\n")) for (x, y), tile in at])
    layers = [_texts(labels, height, align="left", fontSize=17, color=_SOFT, limit=room)]
    for kind in dict.fromkeys(tile.kind for tile in tiles):
        values = _places([(x, y + 22, tile.value) for (x, y), tile in at if tile.kind == kind])
        colour = _KINDS.get(kind, _INK)
        layers.append(_texts(values, height, align="left", fontSize=34, fontWeight=700, color=colour, limit=room))
    return alt.layer(*layers, _texts(notes, height, align="left", fontSize=14, lineBreak="\n", color=_SOFT, limit=room))


def _line(days: pd.DataFrame, column: str, title: str, form: str) -> Any:
    periods = list(dict.fromkeys(days["period"]))
    known = days.dropna(subset=[column])[["day", "period", column]].iloc[
        ::-1
    ]  # the period comes after the one before, and is drawn over it
    top = [0.5 if known[column].min() >= 0.5 else 0.0, 1.0] if column == "on_time" else [0.0, max(float(known[column].max()) * 1.1, 0.05)]
    return (
        alt.Chart(known, width=(_WIDTH - _GAP) / 2 - _AXIS, height=210, title=alt.Title(title, anchor="start", fontSize=18, color=_INK))
        .mark_line(strokeWidth=3, point=alt.OverlayMarkDef(size=40))
        .encode(
            x=alt.X("day:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%d %b", tickCount=_days(known["day"]))),
            y=alt.Y(
                f"{column}:Q",
                title=None,
                axis=alt.Axis(format=form, tickCount=4, orient="right", labelPadding=8, labelFlush=True),
                scale=alt.Scale(domain=top),
            ),
            color=alt.Color(
                "period:N",
                scale=alt.Scale(domain=periods, range=[status_badge.BLUE.light, "#a9b4c2"][: len(periods)]),
                legend=alt.Legend(orient="top", title=None, labelFontSize=14, symbolType="stroke", symbolStrokeWidth=3)
                if len(periods) > 1
                else None,
            ),
        )
    )


def _days(shown: pd.Series) -> alt.TimeIntervalStep:
    """Return how far apart the days are that an axis names: about eight of them."""
    span = (shown.max() - shown.min()).days if len(shown) else 0
    return alt.TimeIntervalStep(interval="day", step=max(1, -(-span // 8)))


def _table(rows: Sequence[dict[str, Any]]) -> Any:
    """Return what costs most: a row each, under the names of the columns."""
    amounts = [pair for pair in _AMOUNTS if any(pair[0] in row["told"] for row in rows)]
    titles = ["What costs most", *(title for _, title in amounts), "SLAs missed"]
    cells = [[str(row["title"]), *(row["told"].get(name, "–") for name, _ in amounts), count(row["missed_clocks"])] for row in rows]
    height = 34 * (len(rows) + 1)
    layers = []
    for number, title in enumerate(titles):
        x, align = (_WIDTH - 210 * (len(titles) - 1 - number), "right") if number else (0, "left")
        layers.append(_texts(_places([(x, 0, title)]), height, align=align, fontSize=15, fontWeight=700, color=_SOFT))
        texts = _places([(x, 34 * (place + 1), row[number]) for place, row in enumerate(cells)])
        layers.append(_texts(texts, height, align=align, fontSize=18, color=_INK, limit=660))
    return alt.layer(*layers)


def _places(texts: Sequence[tuple[float, float, str]]) -> pd.DataFrame:
    return pd.DataFrame(texts, columns=["x", "y", "text"])
