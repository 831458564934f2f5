"""Calendar: when a plant, a carrier or an office works."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from core.catalog.definition import Definition, Identifier

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TIME_OF_DAY_PATTERN = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"
TimeOfDay = Annotated[str, Field(pattern=TIME_OF_DAY_PATTERN)]


class Shift(Definition):
    """Working time on some weekdays, in local time. An ``end`` at or before ``start`` is on the next day."""

    days: list[Weekday] = Field(min_length=1)
    start: TimeOfDay
    end: TimeOfDay


class WorkedDay(Definition):
    """Working time on one date, in local time, whatever weekday or holiday it is: a Saturday before the season, an inventory at night.

    It is added to the shifts of that day. An ``end`` at or before ``start`` is on the next day.
    """

    date: date
    start: TimeOfDay
    end: TimeOfDay


class Holidays(Definition):
    """Closed days: those of a country (ISO 3166) and its subdivision, plus your own dates (plant shutdowns), minus those that are worked.

    ``categories``: which of the country's holidays close, by the names of the Python library holidays; unless said otherwise the public
    ones. In Bavaria, 15 August closes with ``[public, catholic]``. A day is closed from midnight to midnight in local time: of a night
    shift that begins or ends on it, the other part is worked.
    """

    country: str | None = None
    subdivision: str | None = None
    categories: list[str] = Field(default_factory=list)
    add: list[date] = Field(default_factory=list)
    remove: list[date] = Field(default_factory=list)


class Calendar(Definition):
    """Working time in one time zone (IANA name). ``cut_off`` is the default for ``next cut-off`` in due expressions.

    The next cut-off is the first moment after the clock's start that is this time of day on a day on which a shift begins (of several
    calendars, one of each) or that is ``worked``.

    ``worked``: days that are worked beyond the shifts. ``andon calendar NAME YEAR`` prints what comes of it.
    """

    calendar: Identifier
    title: str = ""
    time_zone: str
    shifts: list[Shift] = Field(min_length=1)
    holidays: Holidays = Field(default_factory=Holidays)
    worked: list[WorkedDay] = Field(default_factory=list)
    cut_off: TimeOfDay | None = None
