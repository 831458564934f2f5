"""KPIs: figures, their changes, and what is downloaded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard.pages import kpis
from store.client import Store
from store.reads import leadership
from tests.dashboard.shown import View, no_foreign_markup, words


def test_a_hostile_currency_stays_words(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    worth = pd.DataFrame({"name": ["all"], "currency": ["[x](javascript:alert(1)) $x$"], "value": [5.0], "transactions": [1]})
    monkeypatch.setattr(leadership, "value_at_risk", lambda *_, **__: worth)
    test = view("kpis", filled)
    words(test)
    no_foreign_markup(test)


END = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BEGIN = datetime(2026, 10, 25, 9, 30, tzinfo=UTC)


def figures(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return figures as the store gives them: of all of this period unless a row says otherwise."""
    row = {
        "by": "all",
        "before": False,
        "name": "all",
        "decided": 10,
        "met": 9,
        "transactions": 8,
        "exceptions": 2,
        "completed": 6,
        "cycle_seconds": 7200.0,
    }
    return pd.DataFrame([{**row, "cycle_p90_seconds": 9000.0, **each} for each in rows])


def risk(*rows: tuple[str, str, float, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["name", "currency", "value", "transactions"])


@pytest.fixture
def told(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Draw the page from these figures and this money at risk."""

    def draw(found: pd.DataFrame, money: pd.DataFrame) -> Any:
        monkeypatch.setattr(leadership, "figures", lambda *_, **__: found)
        monkeypatch.setattr(leadership, "value_at_risk", lambda *_, **__: money)
        return view("kpis", filled)

    return draw


def test_figures_are_compared_with_the_period_before(told: Any) -> None:
    before = {"before": True, "met": 8, "exceptions": 4, "cycle_seconds": 3600.0}
    days = [{"by": "day", "name": f"2026-11-{day}"} for day in (20, 21)]
    test = told(figures({}, before, *days), risk(("all", "EUR", 1_240_000.0, 3), ("all", "USD", 900.0, 1)))
    met, exceptions, cycle, value = test.metric
    assert (met.value, met.delta) == ("90.0%", "+10.0 points")
    assert (exceptions.value, exceptions.delta) == ("25.0%", "-25.0 points")
    assert (cycle.value, cycle.delta) == ("2 h", "+100.0%")
    assert (value.value, value.delta) == ("€1\\.24M \\+ \\$900", "4 transactions")


def test_without_an_earlier_period_nothing_is_compared(told: Any) -> None:
    test = told(figures({}, {"by": "day", "name": "2026-11-20"}), risk())
    assert [metric.delta for metric in test.metric] == ["", "", "", "0 transactions"]
    assert "There is no earlier period to compare with." in [caption.value for caption in test.caption]


def test_a_share_of_nothing_is_a_dash(told: Any) -> None:
    test = told(figures({"decided": 0, "met": 0, "cycle_seconds": None}, {"by": "day", "name": "2026-11-20"}), risk())
    assert [metric.value for metric in test.metric[:3]] == ["–", "25.0%", "–"]


@pytest.mark.parametrize(
    "found", [figures({"transactions": 0}), figures({"transactions": None}), figures({}).head(0)], ids=["zero", "null", "no row"]
)
def test_a_period_without_results_says_so(told: Any, found: pd.DataFrame) -> None:
    assert "No results in this period" in words(told(found, risk()))


def test_the_lowest_share_comes_first_and_what_has_no_name_is_left_out(told: Any) -> None:
    plants = [{"by": "plant", "name": name, "met": met} for name, met in (("DE07", 9), ("US02", 4), ("", 0))]
    shown = words(told(figures({}, {"by": "day", "name": "2026-11-20"}, *plants), risk(("US02", "USD", 5.0, 1))))
    rows = shown.split('aria-label="KPIs by plant"')[1].split("</table>")[0]
    assert rows.index("US02") < rows.index("DE07")
    assert rows.count("<tr>") == 3
    assert "$5" in rows.split("US02")[1].split("</tr>")[0]


def test_the_file_has_a_column_for_the_money_of_each_currency() -> None:
    rows = kpis._of(
        figures({"by": "plant", "name": "DE07"}, {"by": "plant", "name": "US02"}).assign(on_time=0.9, exception_rate=0.1), "plant"
    )
    sheet = kpis._sheet(rows, {"DE07": {"EUR": 5.0}, "US02": {"USD": 3.0, "EUR": 1.0}}, "plant")
    assert list(sheet["plant"]) == ["DE07", "US02"]
    assert (list(sheet["value_at_risk_now_EUR"]), list(sheet["value_at_risk_now_USD"])) == ([5.0, 1.0], [0.0, 3.0])
    assert {"slas_met", "slas_decided", "cycle_median_seconds", "cycle_p90_seconds"} <= set(sheet.columns), "units are in the names"
    assert not {"by", "before"} & set(sheet.columns)


def test_the_trend_has_points_for_whole_days_joined_by_straight_lines_and_the_target(told: Any) -> None:
    """The page is drawn on 24 November at 9:30 UTC over 30 days: the days of its ends are not whole."""
    shares = {"2026-10-25": 0, "2026-10-26": 8, "2026-11-23": 9, "2026-11-24": 1}
    days = [{"by": "day", "name": day, "met": met} for day, met in shares.items()]
    before = [{"by": "day", "name": day, "before": True, "met": 7} for day in ("2026-09-25", "2026-09-26", "2026-10-25")]
    test = told(figures({}, *days, *before), risk())
    chart = json.loads(test.get("vega_lite_chart")[0].proto.spec)
    lines, points, target = chart["layer"]
    assert lines["mark"]["interpolate"] == "linear"
    assert (points["mark"]["type"], target["mark"]["type"]) == ("point", "rule")
    assert points["encoding"]["y"]["scale"]["domain"] == [0.5, 1.0]
    frame = kpis._trend_frame(figures(*days, *before).assign(on_time=0.9, exception_rate=0.1), BEGIN, END, ZoneInfo("UTC"))
    assert list(frame["name"]) == ["2026-10-26", "2026-11-23", "2026-09-26"]


def test_an_axis_does_not_dramatise_a_share_or_a_time() -> None:
    assert kpis._axis_of(pd.Series([0.97, 0.99]), 0.95) == [0.5, 1.0]
    assert kpis._axis_of(pd.Series([0.2, 0.99]), 0.95) == [0.0, 1.0]
    assert kpis._axis_of(pd.Series([10.0, 20.0]), None) == [0.0, pytest.approx(22.0)]
    assert kpis._axis_of(pd.Series([], dtype=float), 0.95) == [0.5, 1.0]
