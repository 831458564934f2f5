"""Calendars as they are written: times of day and weekdays; what is none is refused."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from core.catalog.calendar import Calendar, Shift, TimeOfDay

TIMES = TypeAdapter(TimeOfDay)


def test_every_minute_of_a_day_and_its_end_are_times_of_day() -> None:
    for minute in range(24 * 60):
        text = f"{minute // 60:02}:{minute % 60:02}"
        assert TIMES.validate_python(text) == text
    assert TIMES.validate_python("24:00") == "24:00"


@pytest.mark.parametrize("text", ["", "8:00", "08:0", "08:60", "24:01", "25:00", "08:00:00", "0800", "-1:00", "08:00\n", " 08:00", "٠٨:٠٠"])
def test_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(ValidationError):
        TIMES.validate_python(text)


@pytest.mark.parametrize("days", [[], ["Mon"], ["monday"], ["mon", "x"]])
def test_a_shift_is_on_weekdays(days: list[str]) -> None:
    with pytest.raises(ValidationError):
        Shift.model_validate({"days": days, "start": "06:00", "end": "14:00"})


def test_a_calendar_without_a_shift_never_works_and_is_none() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Calendar(calendar="plant", time_zone="UTC", shifts=[])
