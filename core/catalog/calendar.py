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


class Holidays(Definition):
    """Public holidays by ISO country code and subdivision, plus your own dates (plant shutdowns), minus dates that are worked."""

    country: str | None = None
    subdivision: str | None = None
    add: list[date] = Field(default_factory=list)
    remove: list[date] = Field(default_factory=list)


class Calendar(Definition):
    """Working time in one time zone (IANA name). ``cut_off`` is the default for ``next cut-off`` in due expressions."""

    calendar: Identifier
    title: str = ""
    time_zone: str
    shifts: list[Shift] = Field(min_length=1)
    holidays: Holidays = Field(default_factory=Holidays)
    cut_off: TimeOfDay | None = None
