"""A calendar's year as people check it.

Which days are closed and why, which are worked beyond the shifts, and how many hours that makes.
"""

from __future__ import annotations

from datetime import date

from core.catalog.calendar import Calendar
from core.duration import working_hours
from core.errors import UsageError
from core.plural import counted
from slas.calendar import FIRST_YEAR, LAST_YEAR, CompiledCalendar, closed_days, day_begins, works_on


def closing_text(definition: Calendar, year: int) -> str:
    """Return the closed days that a shift would have worked, in a sentence.

    ``calendar office closes 2 days in 2026: 1 January New Year's Day, 24 December own date``.
    """
    closed = _closings(definition, year)
    listed = ", ".join(f"{day.day} {day:%B} {why}" for day, why in closed.items())
    return f"calendar {definition.calendar} closes {counted(len(closed), 'day')} in {year}{f': {listed}' if listed else ''}"


def year_lines(definition: Calendar, year: int) -> list[str]:
    """Return the lines of ``andon calendar``. Raises :class:`UsageError` for a year that no calendar covers."""
    if not FIRST_YEAR < year < LAST_YEAR:
        raise UsageError(f"{year} is beyond what calendars cover; give a year from {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    lines = [f"{definition.calendar}: {definition.title or definition.calendar}, {definition.time_zone}, {year}"]
    lines += [f"  shift    {' '.join(shift.days)} {shift.start} to {shift.end}" for shift in definition.shifts]
    closed = closed_days(definition, range(year, year + 1))
    anyway = {day: "" if works_on(definition, day) else " (no shift that day anyway)" for day in closed}
    lines += [f"  closed   {day:%a} {day}  {why}{anyway[day]}" for day, why in closed.items()]
    extra = sorted((each.date, each.start, each.end) for each in definition.worked if each.date.year == year)
    lines += [f"  worked   {day:%a} {day}  {start} to {end}" for day, start, end in extra]
    compiled = CompiledCalendar([definition])
    bounds = [day_begins(date(year + month // 12, month % 12 + 1, 1), compiled.zone) for month in range(13)]
    months = compiled.between(bounds[:-1], bounds[1:]).tolist()
    lines += [f"  hours    {date(year, month, 1):%B}: {working_hours(worked)}" for month, worked in enumerate(months, start=1)]
    lines.append(f"  in all   {working_hours(sum(months))}; {counted(len(_closings(definition, year)), 'day')} of a shift closed")
    return lines


def _closings(definition: Calendar, year: int) -> dict[date, str]:
    """Return the closed days of a year on which a shift would begin, and why they are closed."""
    return {day: why for day, why in closed_days(definition, range(year, year + 1)).items() if works_on(definition, day)}
