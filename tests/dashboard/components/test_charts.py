"""What all charts share: colours that can be read on their ground, and times that no browser shifts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import pytest
import vl_convert

from dashboard.components import charts, status_badge

BADGES = [badge for badge in vars(status_badge).values() if isinstance(badge, status_badge.Badge)]


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_signs_can_be_read_on_the_ground_of_either_theme(monkeypatch: pytest.MonkeyPatch, dark: bool) -> None:
    monkeypatch.setattr(charts, "dark", lambda: dark)
    assert contrast(charts.ink(), charts.panel()) > 7
    for badge in BADGES:
        if badge is not status_badge.IDLE:  # it stands back
            assert contrast(charts.colour(badge), charts.panel()) > 2.5, badge.word


@pytest.mark.parametrize("part", [charts.soft, charts.ink, charts.panel, lambda: charts.colour(status_badge.RED)])
def test_each_theme_has_its_own_colours(monkeypatch: pytest.MonkeyPatch, part: Callable[[], str]) -> None:
    found = []
    for dark in (False, True):
        monkeypatch.setattr(charts, "dark", lambda dark=dark: dark)
        found.append(part())
    assert len(set(found)) == 2


def test_a_time_axis_shows_times_as_they_are_given() -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2026-03-27 16:05"], utc=True)})
    axis = alt.Chart(frame).mark_point().encode(x=charts.time_axis("at")).to_dict()["encoding"]["x"]
    assert (axis["field"], axis["type"], axis["scale"]["type"]) == ("at", "temporal", "utc")
    assert axis["axis"]["format"]["hours"] == "%H:%M"


@pytest.mark.parametrize(("width", "hours"), [(150, False), (900, True)])
def test_a_narrow_time_axis_says_the_day_and_a_wide_one_the_hour_too(width: int, hours: bool) -> None:
    days = pd.DataFrame({"at": pd.to_datetime(["2026-11-26 08:00", "2026-11-30 20:00"], utc=True)})
    drawn = vl_convert.vegalite_to_svg(alt.Chart(days, width=width).mark_point().encode(x=charts.time_axis("at")).to_dict())
    words = re.findall(r">(\d\d[: ][^<]+)</text>", drawn)
    assert len(words) >= 2
    assert [word for word in words if word.endswith("Nov")]
    assert any(":" in word for word in words) == hours


@pytest.mark.parametrize(("number", "named"), [(1, 1), (2, 2), (8, 8), (9, 5), (90, 9)])
def test_no_day_is_named_twice_and_not_too_many(number: int, named: int) -> None:
    days = pd.DataFrame({"day": charts.days(pd.Series(pd.date_range("2026-09-01", periods=number).astype(str)))})
    drawn = vl_convert.vegalite_to_svg(alt.Chart(days, width=400).mark_point().encode(x=charts.day_axis("day", days["day"])).to_dict())
    words = re.findall(r">(\d\d [A-Z][a-z]{2})</text>", drawn)
    assert len(words) == len(set(words)) == named


def test_the_ends_of_a_chart_are_there_and_unseen() -> None:
    ends = (pd.Timestamp("2026-03-27", tz="UTC"), pd.Timestamp("2026-03-28", tz="UTC"))
    layer = charts.ends(ends)
    assert list(layer.data["end"]) == list(ends)
    assert layer.to_dict()["mark"]["opacity"] == 0


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-22 09:30", "2026-11-24 09:30", ["2026-11-23"]),
        ("2026-11-21 23:00", "2026-11-23 23:00", ["2026-11-22", "2026-11-23"]),  # midnight in Berlin to midnight
        ("2026-11-23 09:30", "2026-11-24 09:30", []),
        ("2026-10-24 22:00", "2026-10-25 23:00", ["2026-10-25"]),  # a day of 25 hours
    ],
)
def test_a_day_of_which_a_part_is_left_out_is_no_whole_day(start: str, end: str, days: list[str]) -> None:
    moments = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
    assert [str(day) for day in charts.whole_days(*moments, ZoneInfo("Europe/Berlin"))] == days
