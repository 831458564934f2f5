"""Periods: the last days, months and quarters of the viewer's zone, own ranges, and what they are compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import periods

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def told(period: periods.Period) -> tuple[str, ...]:
    return *(f"{moment:%Y-%m-%d %H:%M}" for moment in (period.start, period.end, period.earlier)), period.title, period.before


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("7d", ("2026-11-17 09:30", "2026-11-24 09:30", "2026-11-10 09:30", "the last 7 days", "the 7 days before")),
        ("2026-11", ("2026-10-31 23:00", "2026-11-24 09:30", "2026-09-30 22:00", "November 2026 so far", "October 2026")),
        ("2026-10", ("2026-09-30 22:00", "2026-10-31 23:00", "2026-08-31 22:00", "October 2026", "September 2026")),
        ("2026-01", ("2025-12-31 23:00", "2026-01-31 23:00", "2025-11-30 23:00", "January 2026", "December 2025")),
        ("2026-q4", ("2026-09-30 22:00", "2026-11-24 09:30", "2026-06-30 22:00", "quarter 4 of 2026 so far", "quarter 3 of 2026")),
        ("2026-q1", ("2025-12-31 23:00", "2026-03-31 22:00", "2025-09-30 22:00", "quarter 1 of 2026", "quarter 4 of 2025")),
        ("2027-02", ("2026-11-24 09:30", "2026-11-24 09:30", "2026-12-31 23:00", "February 2027", "January 2027")),
    ],
)
def test_a_period_begins_and_ends_in_the_zone_and_never_after_now(name: str, expected: tuple[str, ...]) -> None:
    assert told(periods.of(name, NOW, BERLIN)) == expected


def test_own_days_are_whole_and_compared_with_as_many_before() -> None:
    found = periods.own(date(2026, 11, 1), date(2026, 11, 17), NOW, BERLIN)
    assert told(found) == ("2026-10-31 23:00", "2026-11-17 23:00", "2026-10-14 22:00", "1 – 17 November 2026", "15 – 31 October 2026")
    assert told(periods.own(date(2026, 11, 24), date(2026, 11, 24), NOW, BERLIN))[1:] == (
        "2026-11-24 09:30", "2026-11-22 23:00", "24 November 2026", "23 November 2026",
    )  # fmt: skip
    assert periods.own(date(2025, 12, 31), date(2026, 1, 1), NOW, BERLIN).title == "31 December 2025 – 1 January 2026"


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("the last 30 days", "in the last 30 days"),
        ("November 2026 so far", "in November 2026 so far"),
        ("quarter 4 of 2026", "in quarter 4 of 2026"),
        ("24 November 2026", "on 24 November 2026"),
        ("1 – 17 November 2026", "from 1 to 17 November 2026"),
        ("31 December 2025 – 1 January 2026", "from 31 December 2025 to 1 January 2026"),
    ],
)
def test_something_is_in_a_month_on_a_day_and_from_one_day_to_another(title: str, told: str) -> None:
    assert periods.during(title) == told


def _page() -> None:
    from datetime import UTC, datetime
    from types import SimpleNamespace

    import streamlit as st

    from dashboard.components import periods
    from dashboard.components.time_format import Zone

    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    context = SimpleNamespace(now=now, minute=now, zone=Zone("Europe/Berlin"))  # all that it asks for
    everything = "everything" in st.query_params
    found = periods.choose_or_all(context, "7d", "First seen") if everything else periods.choose(context)  # type: ignore[arg-type]
    st.text(found.title if found else "all time")


def shown(**address: str) -> AppTest:
    test = AppTest.from_function(_page, default_timeout=60)
    for name, value in address.items():
        test.query_params[name] = value
    return test.run()


def test_days_months_quarters_and_an_own_range_are_offered() -> None:
    test = shown()
    assert test.text[0].value == "the last 30 days"
    options = test.selectbox[0].options
    assert [options[4], options[5], options[16]] == ["November 2026 so far", "October 2026", "November 2025"]
    assert [options[17], options[18], options[-1]] == ["Quarter 4 of 2026 so far", "Quarter 3 of 2026", "Own range"]
    test.selectbox[0].select("2026-q3").run()
    assert (test.text[0].value, test.query_params["period"]) == ("quarter 3 of 2026", "2026-q3")


def test_a_link_may_name_a_month_long_ago_and_what_is_no_period_is_the_usual_one() -> None:
    assert shown(period="soon").text[0].value == "the last 30 days"
    assert shown(period="2024-02").text[0].value == "February 2024"
    assert shown(period="2026-q9").text[0].value == "the last 30 days"


def test_own_days_are_kept_in_the_address() -> None:
    test = shown(period="own", **{"from": "2026-11-03", "to": "2026-11-05"})
    assert test.text[0].value == "3 – 5 November 2026"
    test.date_input[0].set_value((date(2026, 10, 1), date(2026, 10, 2))).run()
    assert test.text[0].value == "1 – 2 October 2026"
    assert (test.query_params["from"], test.query_params["to"]) == ("2026-10-01", "2026-10-02")
    assert shown(period="own", **{"from": "soon"}).text[0].value == "1 – 24 November 2026"


def test_an_address_with_other_days_goes_before_those_that_were_chosen() -> None:
    """As with a saved view, or the browser's back button."""
    test = shown(period="own", **{"from": "2026-11-03", "to": "2026-11-05"})
    test.date_input[0].set_value((date(2026, 10, 1), date(2026, 10, 2))).run()
    test.query_params["from"], test.query_params["to"] = "2026-11-03", "2026-11-05"
    assert test.run().text[0].value == "3 – 5 November 2026"
    assert test.query_params["from"] == "2026-11-03"


def test_all_time_is_offered_where_it_may_be() -> None:
    assert "All time" not in shown().selectbox[0].options
    test = shown(everything="1")
    assert test.text[0].value == "the last 7 days"
    test.selectbox[0].select("all").run()
    assert (test.text[0].value, test.query_params["period"]) == ("all time", "all")
    assert shown(everything="1", period="soon").text[0].value == "the last 7 days"
    assert shown(everything="1", period="2026-q3").text[0].value == "quarter 3 of 2026"
