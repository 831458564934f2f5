"""Business time against a table reckoned by hand, against workclock, and against a clock that is walked minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import workclock
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.catalog.calendar import Calendar, Holidays, Shift, WorkedDay
from core.clock import to_milliseconds
from core.errors import UsageError
from slas.calendar import DAY, MINUTE, CompiledCalendar, minutes_of, zone_of
from tests.slas.builders import WEEK, at, calendar, ms, utc

DAYS = [*WEEK, "sat", "sun"]
SCHEDULES = {
    "office": calendar("office", start="09:00", end="17:00"),
    "plant": calendar("plant", start="08:00", end="16:00", holidays=Holidays(country="DE", subdivision="BY")),
    "night": calendar("night", start="22:00", end="06:00"),
    "sunday": Calendar(calendar="sunday", time_zone="Europe/Berlin", shifts=[Shift(days=["sat"], start="22:00", end="06:00")]),
    "always": Calendar(calendar="always", time_zone="Europe/Berlin", shifts=[Shift(days=DAYS, start="00:00", end="24:00")]),
    "lunch": Calendar(
        calendar="lunch",
        time_zone="America/New_York",
        shifts=[Shift(days=WEEK, start="08:00", end="12:00"), Shift(days=WEEK, start="13:00", end="17:00")],
        holidays=Holidays(country="US"),
    ),
    "island": calendar("island", "Australia/Lord_Howe", start="00:00", end="04:00"),
}


@pytest.mark.parametrize(
    ("name", "start", "hours", "expected"),
    [
        # Berlin, winter: 09:00-17:00 is 08:00-16:00 UTC; 27 March 2026 is a Friday, clocks go forward on Sunday the 29th
        ("office", "2026-03-25 08:00", 1, "2026-03-25 09:00"),
        ("office", "2026-03-25 08:00", 8, "2026-03-25 16:00"),  # the end of the day, not the next morning
        ("office", "2026-03-25 08:00", 8.5, "2026-03-26 08:30"),
        ("office", "2026-03-25 03:00", 1, "2026-03-25 09:00"),  # before the office opens
        ("office", "2026-03-25 16:00", 1, "2026-03-26 09:00"),  # just after they close
        ("office", "2026-03-27 15:00", 2, "2026-03-30 08:00"),  # over the weekend and the change: summer from Monday
        ("office", "2026-03-28 12:00", 1, "2026-03-30 08:00"),  # begun on a Saturday
        ("office", "2026-03-25 08:00", 40, "2026-03-31 15:00"),  # one week: Wednesday to the end of Tuesday
        ("office", "2026-10-23 14:00", 2, "2026-10-26 09:00"),  # back to winter: Friday's last hour, Monday's first
        ("office", "2026-03-28 12:00", 0, "2026-03-28 12:00"),  # nothing to wait for
        ("plant", "2026-04-02 13:00", 2, "2026-04-07 07:00"),  # Good Friday and Easter Monday
        ("plant", "2026-12-23 15:00", 1, "2026-12-24 08:00"),  # begun at the closing hour; Christmas Eve is worked
        ("plant", "2026-12-24 14:00", 2, "2026-12-28 08:00"),  # Christmas, a weekend
        ("plant", "2026-01-05 14:00", 2, "2026-01-07 08:00"),  # Epiphany in Bavaria
        ("night", "2026-03-25 22:00", 6, "2026-03-26 04:00"),  # after midnight it is still the shift that began the day before
        ("night", "2026-03-27 21:00", 8, "2026-03-28 05:00"),  # Friday's night ends on Saturday morning
        ("night", "2026-03-28 04:00", 2, "2026-03-30 21:00"),  # Saturday 05:00 in Berlin: an hour left, then Monday 22:00 to 23:00
        ("sunday", "2026-03-28 21:00", 3, "2026-03-29 00:00"),  # Saturday 22:00 to the night the clock skips 02:00-03:00
        ("sunday", "2026-03-28 21:00", 7, "2026-03-29 04:00"),  # that night is seven hours long
        ("sunday", "2026-10-24 20:00", 9, "2026-10-25 05:00"),  # and this one is nine
        ("always", "2026-03-28 23:00", 23, "2026-03-29 22:00"),  # the short Sunday
        ("always", "2026-10-24 22:00", 25, "2026-10-25 23:00"),  # the long one
        ("lunch", "2026-03-06 16:00", 1, "2026-03-06 17:00"),  # New York: 11:00-12:00 in winter
        ("lunch", "2026-03-06 16:30", 1, "2026-03-06 18:30"),  # around lunch
        ("lunch", "2026-03-06 21:00", 2, "2026-03-09 13:00"),  # Friday's last hour, Monday's first is an hour earlier in UTC
        ("lunch", "2026-07-02 20:00", 2, "2026-07-06 13:00"),  # Independence Day is a Saturday: kept on Friday
        ("island", "2026-04-01 13:00", 4, "2026-04-01 17:00"),  # Lord Howe, summer: +11:00
    ],
)
def test_business_hours_reckoned_by_hand(name: str, start: str, hours: float, expected: str) -> None:
    compiled = CompiledCalendar([SCHEDULES[name]])
    assert at(int(compiled.add(ms(start), round(hours * 60) * MINUTE)[0])) == utc(expected)


def test_lord_howe_changes_its_clock_by_half_an_hour() -> None:
    sunday = Calendar(calendar="x", time_zone="Australia/Lord_Howe", shifts=[Shift(days=["sun"], start="00:00", end="06:00")])
    compiled = CompiledCalendar([sunday])
    days = [(ms("2026-04-04 12:00"), ms("2026-04-05 12:00")), (ms("2026-10-03 12:00"), ms("2026-10-04 12:00"))]
    assert [int(compiled.between(*day)[0]) // MINUTE for day in days] == [390, 330]


def test_both_must_work_when_several_calendars_are_named() -> None:
    both = CompiledCalendar([SCHEDULES["office"], SCHEDULES["lunch"]])
    assert both.intervals(ms("2026-03-25 00:00"), ms("2026-03-26 00:00")) == [(ms("2026-03-25 12:00"), ms("2026-03-25 16:00"))]


def test_a_cut_off_is_that_of_the_next_working_day() -> None:
    compiled = CompiledCalendar([SCHEDULES["plant"]])
    afters = [ms("2026-04-02 12:00"), ms("2026-04-02 14:00"), ms("2026-04-04 00:00")]
    expected = [utc("2026-04-02 14:00"), utc("2026-04-07 14:00"), utc("2026-04-07 14:00")]
    assert [at(int(moment)) for moment in compiled.next_cut_off(afters, "16:00")] == expected
    with pytest.raises(UsageError, match="has no cut_off"):
        compiled.next_cut_off(afters)


def test_a_calendar_that_never_works_says_so() -> None:
    never = CompiledCalendar([SCHEDULES["plant"], SCHEDULES["night"]])
    assert not never.works_after(ms("2026-03-25 00:00"))
    assert int(never.between(ms("2026-03-25 00:00"), ms("2026-04-25 00:00"))[0]) == 0
    assert never.intervals(ms("2026-03-25 00:00"), ms("2026-04-25 00:00")) == []
    for ask in (never.add, never.subtract):
        with pytest.raises(UsageError, match="'plant and night' has no working time"):
            ask(ms("2026-03-25 00:00"), MINUTE)
    with pytest.raises(UsageError, match="Mars/Base"):
        CompiledCalendar([calendar(zone="Mars/Base")])
    with pytest.raises(UsageError, match="holidays"):
        CompiledCalendar([calendar(holidays=Holidays(country="XX"))])


QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
SHIFTS = st.lists(st.tuples(QUARTERS, QUARTERS, st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True)), min_size=1, max_size=3)
AROUND = [
    date(2026, 3, 7),
    date(2026, 3, 28),
    date(2026, 4, 4),
    date(2026, 10, 3),
    date(2026, 10, 24),
    date(2026, 10, 31),
    date(2026, 7, 1),
]
STARTS = st.builds(
    lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes),
    st.sampled_from(AROUND),
    st.integers(-1440, 4320),
)
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
FREE = st.lists(
    st.sampled_from(AROUND).flatmap(lambda day: st.integers(-2, 3).map(lambda n: day + timedelta(days=n))), max_size=4, unique=True
)
_RELAXED = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def compiled_of(zone: str, shifts, free: list[date]) -> CompiledCalendar:
    written = [Shift(days=[DAYS[day] for day in days], start=f"{a:%H:%M}", end=f"{b:%H:%M}") for a, b, days in shifts]
    return CompiledCalendar([Calendar(calendar="any", time_zone=zone, shifts=written, holidays=Holidays(add=free))])


@settings(max_examples=40, **_RELAXED)
@given(ZONES, SHIFTS, FREE, st.lists(st.tuples(STARTS, st.integers(0, 4000)), min_size=8, max_size=8))
def test_it_agrees_with_workclock(zone: str, shifts, free: list[date], asked: list[tuple[datetime, int]]) -> None:
    compiled = compiled_of(zone, shifts, free)
    rules = [workclock.WorkDay(a, b, days=days) for a, b, days in shifts] + [workclock.Holidays(free)] * bool(free)
    schedule = workclock.Schedule(rules, time_zone=zone)
    for start, minutes in asked:
        moment, amount = to_milliseconds(start), minutes * MINUTE
        later, earlier = (to_milliseconds(move(start, timedelta(minutes=minutes))) for move in (schedule.add, schedule.sub))
        assert int(compiled.add(moment, amount)[0]) == later
        assert int(compiled.subtract(moment, amount)[0]) == earlier
        assert int(compiled.between(earlier, later)[0]) == schedule.between(at(earlier), at(later)) // timedelta(milliseconds=1)


@settings(max_examples=15, **_RELAXED)
@given(ZONES, SHIFTS, FREE, st.sampled_from(AROUND), st.integers(1, 1500))
def test_it_agrees_with_a_clock_walked_minute_by_minute(zone: str, shifts, free: list[date], day: date, minutes: int) -> None:
    """The walked clock knows no arithmetic: it looks at the wall for every minute of four days."""
    compiled = compiled_of(zone, shifts, free)
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    moments = [first + timedelta(minutes=minute) for minute in range(4 * 1440)]
    skipped = _clock_changes(zone, moments)
    walls = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments]
    assume(not any(edge in skipped for begin, end, _ in shifts for edge in (begin, end)))
    open_ = np.array([_works(wall, shifts, free) for wall in walls])
    found = np.zeros(len(moments), np.bool_)
    begin = to_milliseconds(first)
    for opens, closes in compiled.intervals(begin, begin + len(moments) * MINUTE):
        found[(opens - begin) // MINUTE : (closes - begin) // MINUTE] = True
    assert [moments[i] for i in np.flatnonzero(found != open_)] == []
    worked = np.flatnonzero(np.cumsum(open_) == minutes)
    if len(worked):
        assert at(int(compiled.add(to_milliseconds(first), minutes * MINUTE)[0])) == moments[worked[0]] + timedelta(minutes=1)


def _works(wall: datetime, shifts, free: list[date]) -> bool:
    if wall.date() in free:
        return False
    for begin, end, days in shifts:
        for began in (wall.date(), wall.date() - timedelta(days=1)):
            opens = datetime.combine(began, begin)
            closes = datetime.combine(began + timedelta(days=end <= begin), end)
            if began.weekday() in days and opens <= wall < closes:
                return True
    return False


def _clock_changes(zone: str, moments: list[datetime]) -> set[time]:
    """Return the quarters of the wall clock that are skipped or shown twice in these minutes: there the wall alone cannot tell."""
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    unsure: set[time] = set()
    for before, after in pairwise(local):
        gap = int((after.utcoffset() - before.utcoffset()) / timedelta(minutes=1))
        low = min(before.replace(tzinfo=None), after.replace(tzinfo=None))
        unsure |= {
            (low + timedelta(minutes=m)).time().replace(minute=(low + timedelta(minutes=m)).minute // 15 * 15)
            for m in range(abs(gap) + 2)
            if gap
        }
    return unsure


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("09:30", 570), ("24:00", 1440)])
def test_a_time_of_day_is_minutes_since_midnight(text: str, minutes: int) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "Europe", "Europe/Berlin\0"])
def test_a_zone_that_does_not_exist_says_what_to_write(name: str) -> None:
    with pytest.raises(UsageError, match="write an IANA name such as Europe/Berlin"):
        zone_of(name)


def test_without_calendars_every_moment_is_working_time() -> None:
    wall = CompiledCalendar([])
    start = ms("2026-03-28 23:00")
    assert (wall.name, str(wall.zone), wall.cut_off) == ("wall clock", "UTC", None)
    assert int(wall.add(start, 3 * DAY)[0]) == start + 3 * DAY
    assert int(wall.subtract(start, 3 * DAY)[0]) == start - 3 * DAY
    assert int(wall.between(start, start - DAY)[0]) == -DAY
    assert wall.intervals(start, start + 5) == [(start, start + 5)]
    assert wall.intervals(start, start) == []
    assert wall.works_after(start)


@settings(max_examples=60, **_RELAXED)
@given(st.sampled_from(sorted(SCHEDULES)), STARTS, st.integers(1, 20_000))
def test_what_is_added_lies_between_and_comes_off_again(name: str, start: datetime, minutes: int) -> None:
    compiled, begin, amount = CompiledCalendar([SCHEDULES[name]]), to_milliseconds(start), minutes * MINUTE
    end = int(compiled.add(begin, amount)[0])
    assert int(compiled.between(begin, end)[0]) == amount
    assert int(compiled.between(end, begin)[0]) == -amount
    assert sum(closes - opens for opens, closes in compiled.intervals(begin, end)) == amount
    back = int(compiled.subtract(end, amount)[0])
    assert back >= begin, "the latest moment with so much working time before"
    assert int(compiled.between(begin, back)[0]) == 0


@settings(max_examples=30, **_RELAXED)
@given(st.sampled_from(sorted(SCHEDULES)), st.lists(st.tuples(STARTS, st.integers(0, 9000)), max_size=6))
def test_columns_are_what_each_row_is_alone(name: str, rows: list[tuple[datetime, int]]) -> None:
    starts = np.array([to_milliseconds(start) for start, _ in rows], np.int64)
    amounts = np.array([minutes * MINUTE for _, minutes in rows], np.int64)
    together = CompiledCalendar([SCHEDULES[name]]).add(starts, amounts)
    alone = [int(CompiledCalendar([SCHEDULES[name]]).add(start, amount)[0]) for start, amount in zip(starts, amounts, strict=True)]
    assert together.tolist() == alone


@settings(max_examples=40, **_RELAXED)
@given(st.sampled_from(sorted(SCHEDULES)), STARTS, st.sampled_from(["00:00", "09:30", "16:00", "23:59"]))
def test_the_next_cut_off_is_the_first_after_on_a_working_day(name: str, start: datetime, time_of_day: str) -> None:
    definition = SCHEDULES[name]
    compiled, begin = CompiledCalendar([definition]), to_milliseconds(start)
    found = int(compiled.next_cut_off(begin, time_of_day)[0])
    assert found > begin
    wall = at(found).astimezone(ZoneInfo(definition.time_zone))
    assert f"{wall:%H:%M}" == time_of_day
    assert any(DAYS[wall.weekday()] in shift.days for shift in definition.shifts)
    assert int(compiled.next_cut_off(found - 1, time_of_day)[0]) == found


def works(definition: Calendar, first: str, last: str) -> list[str]:
    """Return the working intervals between two days, in local time."""
    found = CompiledCalendar([definition]).intervals(ms(f"{first} 00:00"), ms(f"{last} 00:00"))
    zone = ZoneInfo(definition.time_zone)
    return [f"{at(begin).astimezone(zone):%m-%d %H:%M}-{at(end).astimezone(zone):%H:%M}" for begin, end in found]


def test_holidays_of_a_category_close_only_where_it_is_named() -> None:
    """15 August 2025 is a Friday; in Bavaria it is a holiday only where most people are Catholic."""
    public, catholic = (
        calendar(holidays=Holidays(country="DE", subdivision="BY", categories=categories)) for categories in ([], ["public", "catholic"])
    )
    assert works(public, "2025-08-15", "2025-08-16") == ["08-15 08:00-16:00"]
    assert works(catholic, "2025-08-15", "2025-08-16") == []
    assert works(catholic, "2025-12-25", "2025-12-27") == []
    with pytest.raises(UsageError, match="calendar 'plant': holidays: Category is not supported"):
        CompiledCalendar([calendar(holidays=Holidays(country="DE", categories=["lunar"]))])


def test_a_day_is_worked_beyond_the_shifts_whatever_day_it_is() -> None:
    worked = [
        WorkedDay(date=date(2026, 3, 28), start="08:00", end="13:00"),  # a Saturday
        WorkedDay(date=date(2026, 4, 3), start="22:00", end="06:00"),  # Good Friday, into Saturday
        WorkedDay(date=date(2026, 3, 27), start="15:00", end="20:00"),  # a Friday, longer
    ]
    plant = calendar(holidays=Holidays(country="DE", subdivision="BY"), worked=worked, cut_off="12:00")
    assert works(plant, "2026-03-27", "2026-03-30") == ["03-27 08:00-20:00", "03-28 08:00-13:00"]
    assert works(plant, "2026-04-03", "2026-04-06") == ["04-03 22:00-06:00"]
    friday_evening = ms("2026-03-27 19:00")
    assert at(int(CompiledCalendar([plant]).next_cut_off(friday_evening)[0])) == utc("2026-03-28 11:00"), "its cut-off counts, too"
