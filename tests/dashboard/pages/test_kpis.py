"""KPIs: the trend, what costs most, and what is behind each figure."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard.components.export import told as told_columns
from dashboard.components.periods import Period
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


BEGIN, END = datetime(2026, 10, 25, 9, 30, tzinfo=UTC), datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PERIOD = Period(BEGIN, END, BEGIN - (END - BEGIN), "the last 30 days", "the 30 days before")


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
        "promised": 0,
        "kept": 0,
        "completed": 6,
        "cycle_seconds": 7200.0,
    }
    return pd.DataFrame([{**row, "cycle_p90_seconds": 9000.0, **each} for each in rows])


def money(*rows: tuple[str, str, float, float, float, int], by: str = "cause") -> pd.DataFrame:
    """Return money as the store gives it: name, currency, penalty, missed, protected, clocks missed; of this period."""
    columns = ["name", "currency", "penalty", "missed", "protected", "missed_clocks"]
    return pd.DataFrame(rows, columns=columns).assign(by=by, before=0)


@pytest.fixture
def told(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Draw the page from these figures and this money by name."""

    def draw(found: pd.DataFrame, spent: pd.DataFrame, **address: str) -> Any:
        slas = pd.DataFrame(columns=["flow", "sla", "before", "met", "missed"])
        monkeypatch.setattr(leadership, "figures", lambda *_, **__: leadership.Figures(found, slas, spent))
        return view("kpis", filled, **address)

    return draw


def table_of(shown: str, by: str) -> str:
    return shown.split(f'aria-label="KPIs by {by}"')[1].split("</table>", maxsplit=1)[0]


@pytest.mark.parametrize(
    "found",
    [figures({"transactions": 0, "completed": 0}), figures({"transactions": None, "completed": None}), figures({}).head(0)],
    ids=["zero", "null", "no row"],
)
def test_a_period_without_results_says_so(told: Any, found: pd.DataFrame) -> None:
    assert "No results in the last 30 days" in words(told(found, money()))


def test_what_costs_most_comes_first_and_what_has_no_name_is_left_out(told: Any) -> None:
    plants = [{"by": "plant", "name": name} for name in ("DE07", "US02", "PL03", "")]
    spent = money(
        ("DE07", "EUR", 5.0, 900.0, 0.0, 1),
        ("US02", "USD", 7.0, 10.0, 3.0, 2),
        ("PL03", "EUR", 5.0, 950.0, 0.0, 1),
        ("", "EUR", 99.0, 9.0, 9.0, 9),
        by="plant",
    )
    rows = table_of(words(told(figures({}, *plants), spent, by="plant")), "plant")
    places = [rows.index(f">{name}</td>") for name in ("US02", "PL03", "DE07")]
    assert places == sorted(places)
    assert rows.count("<tr>") == 4
    mine = rows.split(">US02</td>")[1].split("</tr>")[0]
    assert ["$7" in mine, "$10" in mine, "$3" in mine, ">2</a>" in mine] == [True] * 4


def test_each_amount_opens_the_clocks_that_it_is_made_of(told: Any) -> None:
    spent = money(("order-to-cash/book-in-time/VA01-CREDIT-LIMIT", "EUR", 5.0, 900.0, 0.0, 1))
    rows = table_of(words(told(figures({}), spent, period="2026-11", flow="order-to-cash")), "cause")
    assert "Order booked in ERP: VA01-CREDIT-LIMIT" in rows
    address = re.search(r'href="([^"]*)">€5</a>', rows)
    assert address
    assert parse_qs(urlsplit(html.unescape(address[1])).query) == {
        "flow": ["order-to-cash"], "period": ["2026-11"], "behind": ["missed"], "sla": ["order-to-cash/book-in-time"], "cause": ["VA01-CREDIT-LIMIT"],
    }  # fmt: skip


def test_causes_leave_out_what_was_protected_because_nothing_went_wrong(told: Any) -> None:
    spent = money(("order-to-cash/book-in-time/", "EUR", 0.0, 0.0, 9.0, 0), ("order-to-cash/book-in-time/overdue", "EUR", 1.0, 9.0, 0.0, 1))
    rows = table_of(words(told(figures({}), spent)), "cause")
    assert rows.count("<tr>") == 2
    assert "Value protected" not in rows


def test_the_list_behind_a_figure_replaces_the_figures_and_leads_back(view: View, filled: Store) -> None:
    shown = words(view("kpis", filled, behind="missed", promised="customer", period="2026-11", cause="overdue"))
    assert 'aria-label="Missed SLAs"' in shown
    assert "andon-kpis" not in shown
    assert '<a class="andon-back" href="kpis?period=2026-11">' in shown, "what one figure was narrowed to ends with its list"


@pytest.mark.parametrize(("by", "several"), [("cause", True), ("sla", True), ("plant", False)])
def test_why_parts_may_be_more_than_the_whole_is_said_where_they_may(by: str, several: bool, view: View, filled: Store) -> None:
    notes = " ".join(caption.value for caption in view("kpis", filled, by=by).caption)
    assert "the highest penalty comes first" in notes
    assert ("counts for each of them" in notes) == several


def test_nothing_named_says_so(told: Any) -> None:
    assert "No supplier recorded" in words(told(figures({}), money(), by="supplier"))


def test_what_is_chosen_on_the_page_is_what_is_read_and_stays_in_the_address(view: View, filled: Store) -> None:
    test = view("kpis", filled, by="flow")
    assert 'aria-label="KPIs by flow"' in words(test)
    test.session_state["kpis-by"] = "customer"
    test.run()
    assert ">ACME" in table_of(words(test), "customer")
    assert test.query_params["by"] == "customer"
    test.query_params["by"] = "flow"  # the browser's back button
    test.run()
    assert 'aria-label="KPIs by flow"' in words(test)


def test_what_is_downloaded_says_units_and_keeps_currencies_apart() -> None:
    rows = [
        {
            "name": "DE07",
            "title": "DE07",
            "of": {},
            "penalty": {"EUR": 5.0},
            "missed": {"EUR": 1.0, "USD": 3.0},
            "missed_clocks": 2,
            "decided": 9,
        },
        {"name": "US02", "title": "US02", "of": {}, "penalty": {}, "missed": {}, "missed_clocks": 0, "decided": 3},
    ]
    sheet = told_columns(kpis._sheet(rows, "plant"), {}, ZoneInfo("UTC"))
    assert (list(sheet["value_missed_EUR"]), list(sheet["value_missed_USD"])) == ([1.0, 0.0], [3.0, 0.0])
    assert list(sheet["penalty_EUR"]) == [5.0, 0.0]
    assert {"plant", "slas_missed", "slas_decided"} <= set(sheet.columns), "units are in the names"
    assert "of" not in sheet.columns


def test_the_trend_has_points_for_whole_days_joined_by_straight_lines(told: Any) -> None:
    """The page is drawn on 24 November at 9:30 UTC over 30 days: the days of its ends are not whole."""
    shares = {"2026-10-25": 0, "2026-10-26": 8, "2026-11-23": 9, "2026-11-24": 1}
    days = [{"by": "day", "name": day, "met": met} for day, met in shares.items()]
    before = [{"by": "day", "name": day, "before": True, "met": 7} for day in ("2026-09-25", "2026-09-26", "2026-10-25")]
    test = told(figures({}, *days, *before), money())
    lines, points = json.loads(test.get("vega_lite_chart")[0].proto.spec)["layer"]
    assert lines["mark"]["interpolate"] == "linear"
    assert points["mark"]["type"] == "point"
    assert points["encoding"]["y"]["scale"]["domain"] == [0.5, 1.0]
    frame = kpis._trend_frame(figures(*days, *before).assign(on_time=0.9, exception_rate=0.1), PERIOD, ZoneInfo("UTC"))
    assert list(frame["name"]) == ["2026-10-26", "2026-11-23", "2026-09-26"]


def test_the_days_of_a_month_are_compared_with_the_same_days_of_the_month_before() -> None:
    """October has a day more than November so far; its 31st lies beside no day."""
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    month = Period(begin, datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC), "November 2026", "October 2026")
    days = [{"by": "day", "name": day, "before": day < "2026-11"} for day in ("2026-10-01", "2026-10-31", "2026-11-01", "2026-11-23")]
    frame = kpis._trend_frame(figures(*days), month, ZoneInfo("UTC"))
    assert list(zip(frame["name"], frame["day"].dt.strftime("%d %b %Z"), strict=True)) == [
        ("2026-11-01", "01 Nov UTC"),
        ("2026-11-23", "23 Nov UTC"),
        ("2026-10-01", "01 Nov UTC"),
    ]


def test_what_is_left_out_of_the_trend_is_said() -> None:
    whole = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    part = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    for start, end, said in (
        (*whole, ""),
        (whole[0], part, "; the day in which it ends is left out"),
        (part, whole[1], "; the day in which it begins is left out"),
        (part, part, "; the days in which the period begins and ends are left out"),
    ):
        assert kpis._left_out(Period(start, end, start, "", ""), ZoneInfo("UTC")) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (figures({}), "with nothing known of October 2026 to compare them with"),
        (figures({}, {"before": True}), "so far, compared with October 2026"),
    ],
)
def test_a_period_is_compared_only_with_one_that_is_known(told: Any, found: pd.DataFrame, said: str) -> None:
    assert any(said in caption.value for caption in told(found, money(), period="2026-11").caption)


def test_an_axis_does_not_dramatise_a_share_or_a_time() -> None:
    assert kpis._axis_of(pd.Series([0.97, 0.99]), met=True) == [0.5, 1.0]
    assert kpis._axis_of(pd.Series([0.2, 0.99]), met=True) == [0.0, 1.0]
    assert kpis._axis_of(pd.Series([10.0, 20.0]), met=False) == [0.0, pytest.approx(22.0)]
    assert kpis._axis_of(pd.Series([], dtype=float), met=True) == [0.5, 1.0]
