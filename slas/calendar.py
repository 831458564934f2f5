"""Business time, compiled: calendar definitions become sorted UTC intervals with prefix sums.

All moments are int64 milliseconds since 1970-01-01 UTC, all amounts int64 milliseconds; every method takes scalars or arrays and returns an
array. The covered range of years grows on demand. The edges behave as in workclock: ``add`` gives the earliest moment with that much
working time in between, ``subtract`` the latest, and an amount of zero changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.catalog.calendar import Calendar
from core.errors import UsageError

Milliseconds: TypeAlias = NDArray[np.int64]
Intervals: TypeAlias = tuple[Milliseconds, Milliseconds]

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_YEAR, LAST_YEAR = 1971, 2199
_IDLE_YEARS = 10
"""A calendar without working time in this many consecutive years never works again, as far as anybody will wait."""


def minutes_of(time_of_day: str) -> int:
    """Return the minutes since local midnight for ``16:00``; ``24:00`` is 1440."""
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)


def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone. Raises :class:`UsageError` for a name that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"time zone '{name}' is not known; write an IANA name such as Europe/Berlin") from error


class CompiledCalendar:
    """Working time of one calendar, or the time when all of several are open. Without calendars, every moment is working time, in UTC.

    ``zone`` and ``cut_off`` are those of the first calendar. Raises :class:`UsageError` for an unknown zone or holiday table immediately,
    and when an answer would need working time that does not exist.
    """

    def __init__(self, definitions: Sequence[Calendar]) -> None:
        self.definitions = tuple(definitions)
        self.name = " and ".join(definition.calendar for definition in self.definitions) or "wall clock"
        self.zone = zone_of(self.definitions[0].time_zone) if self.definitions else ZoneInfo("UTC")
        self.cut_off = self.definitions[0].cut_off if self.definitions else None
        self._years: tuple[int, int] | None = None
        self._starts = self._ends = self._before = np.empty(0, np.int64)
        self._dates: list[date] = []
        self._cut_offs: dict[int, Milliseconds] = {}
        for definition in self.definitions:
            zone_of(definition.time_zone)
            closed_days(definition, range(FIRST_YEAR, FIRST_YEAR + 1))

    def add(self, starts: ArrayLike, amount: ArrayLike) -> Milliseconds:
        """Return the earliest moment with ``amount`` (≥ 0) of working time after each start."""
        begin, span = _columns(starts, amount)
        if not self.definitions:
            return begin + span
        self._cover(begin)
        while True:
            target = self._worked(begin) + span
            if not len(target) or (len(self._ends) and target.max() <= self._total()):
                break
            self._grow_forward()
        index = np.clip(np.searchsorted(self._before + (self._ends - self._starts), target, side="left"), 0, max(len(self._ends) - 1, 0))
        return begin if not len(begin) else np.where(span == 0, begin, self._starts[index] + (target - self._before[index]))

    def subtract(self, ends: ArrayLike, amount: ArrayLike) -> Milliseconds:
        """Return the latest moment with ``amount`` (≥ 0) of working time before each end."""
        end, span = _columns(ends, amount)
        if not self.definitions:
            return end - span
        self._cover(end)
        while True:
            target = self._worked(end) - span
            if not len(target) or target.min() >= 0:
                break
            self._grow_backward()
        index = np.clip(np.searchsorted(self._before, target, side="right") - 1, 0, max(len(self._starts) - 1, 0))
        found = self._starts[index] + (target - self._before[index]) if len(self._starts) else end
        return np.where(span == 0, end, found)

    def between(self, starts: ArrayLike, ends: ArrayLike) -> Milliseconds:
        """Return the working time in between, negative if ``ends`` is before ``starts``."""
        begin, end = _columns(starts, ends)
        if not self.definitions:
            return end - begin
        self._cover(np.concatenate([begin, end]))
        return self._worked(end) - self._worked(begin)

    def works_after(self, moment: int) -> bool:
        """Return whether there is any working time after a moment."""
        try:
            self.add(moment, 1)
        except UsageError:
            return False
        return True

    def next_cut_off(self, after: ArrayLike, time_of_day: str | None = None) -> Milliseconds:
        """Return the first cut-off strictly after each moment: local ``time_of_day`` (or the calendar's own) on a working day.

        A working day is a date on which every calendar has a shift that starts, and no holiday.
        """
        (at,) = _columns(after)
        text = time_of_day or self.cut_off
        if text is None:
            raise UsageError(f"calendar '{self.name}' has no cut_off; write the time: next cut-off 16:00")
        minute = minutes_of(text)
        self._cover(at)
        while True:
            moments = self._cut_off_moments(minute)
            if not len(at) or (len(moments) and moments[-1] > at.max()):
                break
            self._grow_forward(by_dates=True)
        return moments[np.searchsorted(moments, at, side="right")] if len(at) else at

    def intervals(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the working intervals clipped to ``[start, end)``, for explanations."""
        if not self.definitions:
            return [(start, end)] if start < end else []
        self._cover(np.array([start, end]))
        chosen = np.flatnonzero((self._ends > start) & (self._starts < end))
        return [(max(int(self._starts[i]), start), min(int(self._ends[i]), end)) for i in chosen]

    def _total(self) -> int:
        return int(self._before[-1] + self._ends[-1] - self._starts[-1]) if len(self._ends) else 0

    def _worked(self, at: Milliseconds) -> Milliseconds:
        """Return the working time from the start of the covered range to each moment."""
        if not len(self._starts):
            return np.zeros(len(at), np.int64)
        index = np.searchsorted(self._starts, at, side="right") - 1
        inside = np.clip(index, 0, None)
        done = self._before[inside] + np.minimum(at - self._starts[inside], self._ends[inside] - self._starts[inside])
        return np.where(index < 0, 0, done).astype(np.int64)

    def _cover(self, moments: Milliseconds) -> None:
        if not len(moments):
            moments = np.zeros(1, np.int64)
        first = _year_of(int(moments.min())) - 1
        last = _year_of(int(moments.max())) + 1
        if self._years is not None:
            first, last = min(first, self._years[0]), max(last, self._years[1])
        if (first, last) != self._years:
            self._compile(first, last)

    def _grow_forward(self, *, by_dates: bool = False) -> None:
        first, last = self._years or (2000, 2000)
        marks = [d.year for d in self._dates] if by_dates else [_year_of(int(end)) for end in self._ends[-1:]]
        if last >= LAST_YEAR or last - max([*marks, first]) > _IDLE_YEARS:
            raise UsageError(f"calendar '{self.name}' has no working time left after {last}: it never reaches the limit")
        self._compile(first, min(last + max(2, (last - first) // 2), LAST_YEAR))

    def _grow_backward(self) -> None:
        first, last = self._years or (2000, 2000)
        earliest = _year_of(int(self._starts[0])) if len(self._starts) else last
        if first <= FIRST_YEAR or earliest - first > _IDLE_YEARS:
            raise UsageError(f"calendar '{self.name}' has no working time before {first}: it never reaches the limit")
        self._compile(max(first - max(2, (last - first) // 2), FIRST_YEAR), last)

    def _compile(self, first: int, last: int) -> None:
        parts = [_compile_one(definition, first, last) for definition in self.definitions]
        self._starts, self._ends = _cover_count([interval for interval, _ in parts], len(parts))
        self._before = np.concatenate([[0], np.cumsum(self._ends - self._starts)[:-1]]).astype(np.int64) if len(self._ends) else self._ends
        common = set.intersection(*(days for _, days in parts)) if parts else set(_dates(first, last))
        self._dates = sorted(common)
        self._cut_offs = {}
        self._years = (first, last)

    def _cut_off_moments(self, minute: int) -> Milliseconds:
        if minute not in self._cut_offs:
            self._cut_offs[minute] = np.array([_to_utc(day, minute, self.zone) for day in self._dates], np.int64)
        return self._cut_offs[minute]


def _columns(*values: ArrayLike) -> tuple[Milliseconds, ...]:
    arrays = [np.atleast_1d(np.asarray(value, np.int64)) for value in values]
    return tuple(np.broadcast_arrays(*arrays))


def _year_of(moment: int) -> int:
    return int(np.clip(1970 + moment // (365.2425 * DAY), FIRST_YEAR, LAST_YEAR))


def _dates(first: int, last: int) -> list[date]:
    begin = date(first, 1, 1)
    return [begin + timedelta(days=offset) for offset in range((date(last + 1, 1, 1) - begin).days)]


def closed_days(definition: Calendar, years: range) -> dict[date, str]:
    """Return the dates of these years on which no shift begins or goes on, and why: the English name of the holiday, or ``own date``.

    Raises :class:`UsageError` for a table of holidays that does not exist.
    """
    rules = definition.holidays
    days: dict[date, str] = {}
    if rules.country:
        try:
            table = holidays.country_holidays(
                rules.country, subdiv=rules.subdivision, years=years, categories=tuple(rules.categories) or None, language="en_US"
            )
        except (NotImplementedError, ValueError) as error:
            raise UsageError(f"calendar '{definition.calendar}': holidays: {error}") from error
        days = dict(table)
    days |= {day: days.get(day, "own date") for day in rules.add if day.year in years}
    return {day: days[day] for day in sorted(days) if day not in rules.remove}


def works_on(definition: Calendar, day: date) -> bool:
    """Return whether a shift begins on this day of the week, closed or not."""
    return any(_WEEKDAYS[day.weekday()] in shift.days for shift in definition.shifts)


def day_begins(day: date, zone: ZoneInfo) -> int:
    """Return the UTC milliseconds at which a local day begins."""
    return _to_utc(day, 0, zone)


def _compile_one(definition: Calendar, first: int, last: int) -> tuple[Intervals, set[date]]:
    """Return the merged working intervals of one calendar and the dates on which it works."""
    zone = zone_of(definition.time_zone)
    free = closed_days(definition, range(first, last + 2))
    shifts = [
        (day, shift.start, shift.end)
        for shift in definition.shifts
        for day in _dates(first, last)
        if _WEEKDAYS[day.weekday()] in shift.days
    ]
    open_ = _open(shifts, zone)
    if free:
        edges = [(_to_utc(day, 0, zone), _to_utc(day, 1440, zone)) for day in free]
        open_ = _without(open_, edges)
    worked = [(day.date, day.start, day.end) for day in definition.worked if first <= day.date.year <= last]
    if worked:
        open_ = _cover_count([open_, _open(worked, zone)], 1)
    return open_, {day for day, _, _ in shifts if day not in free} | {day for day, _, _ in worked}


def _open(shifts: Sequence[tuple[date, str, str]], zone: ZoneInfo) -> Intervals:
    """Return the merged intervals of shifts: date, start and end in local time; an end at or before the start is on the next day."""
    starts, ends = [], []
    for day, start, end in shifts:
        opens, closes = minutes_of(start), minutes_of(end)
        starts.append(_to_utc(day, opens, zone))
        ends.append(_to_utc(day, closes + 1440 if closes <= opens else closes, zone))
    return _cover_count([(np.array(starts, np.int64), np.array(ends, np.int64))], 1)


def _without(open_: Intervals, closed: list[tuple[int, int]]) -> Intervals:
    if not closed:
        return open_
    low, high = -(1 << 62), 1 << 62
    blocked = _cover_count([(np.array([c[0] for c in closed], np.int64), np.array([c[1] for c in closed], np.int64))], 1)
    gaps = (np.concatenate([[low], blocked[1]]).astype(np.int64), np.concatenate([blocked[0], [high]]).astype(np.int64))
    return _cover_count([open_, gaps], 2)


def _cover_count(layers: Sequence[Intervals], wanted: int) -> Intervals:
    """Return the merged intervals covered by at least ``wanted`` of the intervals; those of zero length disappear."""
    starts = np.concatenate([layer[0] for layer in layers]) if layers else np.empty(0, np.int64)
    ends = np.concatenate([layer[1] for layer in layers]) if layers else np.empty(0, np.int64)
    lengths = ends > starts
    starts, ends = starts[lengths], ends[lengths]
    at = np.concatenate([starts, ends])
    step = np.concatenate([np.ones(len(starts), np.int64), -np.ones(len(ends), np.int64)])
    order = np.lexsort((-step, at))
    depth = np.cumsum(step[order])
    inside = depth >= wanted
    before = np.concatenate([[False], inside[:-1]]) if len(inside) else inside
    begins, stops = at[order][inside & ~before], at[order][~inside & before]
    real = stops > begins
    return begins[real].astype(np.int64), stops[real].astype(np.int64)


def _to_utc(day: date, minute: int, zone: ZoneInfo) -> int:
    """Return the UTC milliseconds of a local time of day, according to RFC 5545 (3.3.5).

    A time that occurs twice is its first occurrence; one that is skipped is read with the offset before the change.
    """
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    return int(local.timestamp()) * 1000
