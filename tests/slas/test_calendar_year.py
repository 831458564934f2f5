"""A calendar's year as people check it."""

from __future__ import annotations

from datetime import date

import pytest

from core.catalog.calendar import Calendar, Holidays, Shift, WorkedDay
from core.errors import UsageError
from slas.calendar_year import closing_text, year_lines
from tests.slas.builders import WEEK

BAVARIA = Holidays(country="DE", subdivision="BY", categories=["public", "catholic"], add=[date(2025, 12, 24), date(2026, 12, 24)])
PLANT = Calendar(
    calendar="plant",
    title="Plant Regensburg",
    time_zone="Europe/Berlin",
    shifts=[Shift(days=WEEK, start="06:00", end="14:00")],
    holidays=BAVARIA,
    worked=[WorkedDay(date=date(2025, 11, 29), start="07:00", end="12:00"), WorkedDay(date=date(2026, 1, 3), start="07:00", end="12:00")],
)


def test_only_what_a_shift_would_have_worked_is_told_as_closed() -> None:
    assert closing_text(PLANT, 2025) == (
        "calendar plant closes 13 days in 2025: 1 January New Year's Day, 6 January Epiphany, 18 April Good Friday, 21 April Easter Monday,"
        " 1 May Labor Day, 29 May Ascension Day, 9 June Pentecost Monday, 19 June Corpus Christi, 15 August Assumption Day,"
        " 3 October German Unity Day, 24 December own date, 25 December Christmas Day, 26 December Second Day of Christmas"
    )
    none = PLANT.model_copy(update={"holidays": Holidays()})
    assert closing_text(none, 2026) == "calendar plant closes 0 days in 2026"


def test_the_year_lists_closed_and_worked_days_and_adds_up_to_its_hours() -> None:
    lines = year_lines(PLANT, 2025)
    assert lines[:2] == ["plant: Plant Regensburg, Europe/Berlin, 2025", "  shift    mon tue wed thu fri 06:00 to 14:00"]
    assert "  closed   Fri 2025-08-15  Assumption Day" in lines
    assert "  closed   Sat 2025-11-01  All Saints' Day (no shift that day anyway)" in lines
    assert [line for line in lines if "worked" in line] == ["  worked   Sat 2025-11-29  07:00 to 12:00"]
    assert "  hours    August: 160 hours" in lines, "twenty of its twenty-one weekdays"
    weekdays, closed, extra = 261, 13, 5
    assert lines[-1] == f"  in all   {(weekdays - closed) * 8 + extra} hours; 13 days of a shift closed"


@pytest.mark.parametrize("year", [1500, 1971, 2199])
def test_a_year_that_no_calendar_covers_is_refused(year: int) -> None:
    with pytest.raises(UsageError, match="give a year from 1972 to 2198"):
        year_lines(PLANT, year)
