"""A transaction across systems: names that do not cover each other, clocks from start to due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.catalog.catalog import Catalog
from core.clock import FakeClock
from core.config import Settings
from dashboard.components import timeline
from dashboard.components.time_format import Zone
from dashboard.data import Data
from dashboard.page import Context
from tests.dashboard.synthetic import NOW, catalog

pytestmark = [pytest.mark.usefixtures("light"), pytest.mark.filterwarnings("error::pandas.errors.Pandas4Warning")]
BEGIN = pd.Timestamp("2026-11-24 08:00")
"""An hour and a half before NOW."""


@pytest.fixture
def context(tmp_path: Path) -> Context:
    clock = FakeClock(NOW)
    return Context(Data(Settings(data=tmp_path), clock), catalog(), clock, Zone("Europe/Berlin"))


def milestones(*minutes: float, **more: Any) -> pd.DataFrame:
    rows = {"milestone": "booked", "system": "ERP", "failure": 0, "cause": "", "source": "erp"}
    return pd.DataFrame([{**rows, **more, "event_time": BEGIN + timedelta(minutes=at)} for at in minutes], columns=[*rows, "event_time"])


def clocks(**more: Any) -> pd.DataFrame:
    row = {
        "sla": "book-in-time", "verdict": "running", "started_at": BEGIN, "warn_at": BEGIN + timedelta(minutes=60), "due_at": BEGIN + timedelta(minutes=80),
        "stopped_at": pd.NaT, "paused": [],
    }  # fmt: skip
    return pd.DataFrame([{**row, **more}]).astype({"stopped_at": "datetime64[ms]"})  # as the store gives it


def at(text: str) -> pd.Timestamp:
    """Return a wall-clock time of the viewer's zone as charts hold it."""
    return pd.Timestamp(f"2026-11-24 {text}", tz="UTC")


def test_names_of_milestones_close_in_time_do_not_cover_each_other() -> None:
    start = pd.Timestamp("2026-01-01 09:00", tz="UTC")
    minutes = [0, 1, 2, 40, 590, 598]
    names = ["Accepted by the gateway", "Mapped", "Taken from the queue", "Booked", "Delivered to the customer", "Invoiced"]
    frame = pd.DataFrame({"system": "ERP", "seen_at": [start + pd.Timedelta(minutes=at) for at in minutes], "milestone": names})
    lifts, lefts = timeline._places(frame, (start, start + pd.Timedelta(minutes=600)))
    taken: dict[int, list[tuple[float, float]]] = {}
    for at, name, lift, left in zip(minutes, names, lifts, lefts, strict=True):
        begin, width = at / 600 * timeline._WIDTH, timeline._LETTER * len(name)
        low, high = (begin - width, begin) if left else (begin, begin + width)
        assert high <= timeline._WIDTH
        assert all(high <= other_low or other_high <= low for other_low, other_high in taken.get(lift, []))
        taken.setdefault(lift, []).append((low, high))
    assert lefts == [False, False, False, False, True, True]


def test_names_are_left_out_where_they_would_cover_each_other(context: Context) -> None:
    start, end = timeline.span_of(context, milestones(0, 100), clocks().head(0))
    layers = timeline.lanes(context, "order-to-cash", milestones(0, 100), (start, end)).to_dict()["layer"]
    names = [layer["mark"] for layer in layers if layer["mark"]["type"] == "text"]
    assert names
    assert all(mark["opacity"] == {"expr": "containerSize()[0] < 640 ? 0 : 1"} for mark in names)


def test_a_chart_reaches_over_its_milestones_in_the_viewers_wall_clock_time(context: Context) -> None:
    begin, end = timeline.span_of(context, milestones(0, 100), clocks().head(0))
    assert (begin, end) == (at("09:00") - timedelta(minutes=3), at("10:40") + timedelta(minutes=7))


def test_one_milestone_has_some_room_and_none_is_now(context: Context) -> None:
    begin, end = timeline.span_of(context, milestones(0), clocks().head(0))
    assert begin < at("09:00") < end
    begin, end = timeline.span_of(context, milestones(), clocks().head(0))
    assert begin < at("10:30") < end


@pytest.mark.parametrize(
    ("verdict", "reaches_now"), [("running", True), ("breached", True), ("paused", True), ("met", False), ("cancelled", False)]
)
def test_an_open_clock_reaches_to_now_and_one_that_stopped_does_not(context: Context, verdict: str, reaches_now: bool) -> None:
    _, end = timeline.span_of(context, milestones(0), clocks(verdict=verdict, due_at=BEGIN + timedelta(minutes=20)))
    assert (end >= at("10:30")) == reaches_now


def test_lanes_stand_in_the_order_of_the_flow_and_unknown_systems_below(context: Context) -> None:
    shown = pd.concat([milestones(0, system="SCADA"), milestones(1, system="ERP"), milestones(2, system="CRM", milestone="captured")])
    spec = timeline.lanes(context, "order-to-cash", shown, (at("09:00"), at("10:00"))).to_dict()
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["CRM", "ERP", "SCADA"]
    unknown = timeline.lanes(context, "gone", shown, (at("09:00"), at("10:00"))).to_dict()
    assert unknown["layer"][0]["encoding"]["y"]["sort"] == ["SCADA", "ERP", "CRM"]


def test_a_failed_step_is_a_sign_of_its_own(context: Context) -> None:
    shown = timeline.lanes(context, "order-to-cash", milestones(0, failure=1, cause="CREDIT"), (at("09:00"), at("10:00")))
    (row,) = next(layer.data for layer in [shown, *shown.layer] if isinstance(layer.data, pd.DataFrame) and "kind" in layer.data).to_dict(
        "records"
    )
    assert (row["kind"], row["cause"], row["milestone"], row["utc"]) == ("failed", "CREDIT", "Booked in ERP", "2026-11-24 08:00:00 UTC")


def bars(context: Context, frame: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return the first row with such a column that the chart of clocks is drawn from."""
    chart = timeline.clock_bars(context, "order-to-cash", frame, (at("09:00"), at("11:00")))
    found = [layer.data for layer in [chart, *chart.layer] if isinstance(layer.data, pd.DataFrame) and column in layer.data]
    return {str(name): value for name, value in found[0].iloc[0].to_dict().items()}


def test_now_is_more_precise_than_the_times_of_the_store(context: Context) -> None:
    """Pandas warns of what it will refuse: a time that the column cannot hold."""
    clock = FakeClock(NOW + timedelta(microseconds=1))
    chart = timeline.clock_bars(replace(context, clock=clock), "order-to-cash", clocks(), (BEGIN, NOW))
    assert chart.to_dict()["layer"]


def test_a_clock_is_drawn_to_where_it_stopped_or_to_now(context: Context) -> None:
    running = bars(context, clocks(), "reached")
    assert (running["sla"], running["reached"], running["stopped"]) == (
        context.catalog.flows["order-to-cash"].slas["book-in-time"].title,
        at("10:30"),
        "now",
    )
    stopped = bars(context, clocks(stopped_at=BEGIN + timedelta(minutes=10), verdict="met"), "reached")
    assert (stopped["reached"], stopped["stopped"]) == (at("09:10"), "stopped")


@pytest.mark.parametrize("pair", [{"from": BEGIN, "to": None, "reason": "credit"}, (BEGIN, pd.NaT, "credit")])
def test_a_pause_that_lasts_is_drawn_to_now(context: Context, pair: Any) -> None:
    pause = bars(context, clocks(paused=[pair], verdict="paused"), "words")
    assert (pause["from"], pause["to"], pause["words"]) == (at("09:00"), at("10:30"), "paused: credit")


def test_a_clock_without_a_due_time_is_drawn_all_the_same(context: Context) -> None:
    row = bars(context, clocks(verdict="unknown", due_at=pd.NaT, warn_at=pd.NaT), "reached")
    assert pd.isna(row["due"])
    assert timeline.span_of(context, milestones(0), clocks(verdict="unknown", due_at=pd.NaT))[1] >= at("10:30")


def test_the_catalog_may_be_unknown(context: Context) -> None:
    blank = Context(context.data, Catalog(), context.clock, context.zone)
    assert bars(blank, clocks(), "reached")["sla"] == "Book in time"
