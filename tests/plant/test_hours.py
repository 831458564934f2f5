"""When the simulated people work: local hours, weekends, holidays, changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.hours import OFFICE, REGENSBURG, ROCKFORD, Site, add_working, at_hour, local_day, next_truck, next_working_day, works

SITES = st.sampled_from([REGENSBURG, ROCKFORD, OFFICE])
MOMENTS = st.integers(0, 2 * 365 * 24 * 3600).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("at", "minutes", "done"),
    [
        ("2026-03-03 21:30", 60, "2026-03-04 06:30"),
        ("2026-03-06 21:30", 60, "2026-03-09 06:30"),  # over the weekend
        ("2026-04-02 21:30", 60, "2026-04-07 06:30"),  # over Easter
        ("2026-03-03 03:00", 0, "2026-03-03 06:00"),
        ("2026-03-27 21:30", 60, "2026-03-30 06:30"),  # over the change to summer time
    ],
)
def test_work_is_done_in_working_hours(at: str, minutes: float, done: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begin = datetime.fromisoformat(at).replace(tzinfo=berlin)
    assert add_working(REGENSBURG, begin.astimezone(UTC), minutes) == datetime.fromisoformat(done).replace(tzinfo=berlin)


def test_trucks_leave_on_working_days() -> None:
    thursday = datetime(2026, 7, 2, 21, tzinfo=UTC)  # 16:00 in Rockford, the trucks are gone; the 3rd is a holiday there
    assert next_truck(ROCKFORD, thursday) == datetime(2026, 7, 6, 16, tzinfo=UTC)
    assert next_working_day(OFFICE, datetime(2026, 12, 24, tzinfo=UTC).date()) == datetime(2026, 12, 28, tzinfo=UTC).date()


def test_hours_are_local_and_follow_the_clock() -> None:
    assert at_hour(REGENSBURG, date(2026, 3, 27), 9.5) == datetime(2026, 3, 27, 8, 30, tzinfo=UTC)
    assert at_hour(REGENSBURG, date(2026, 3, 30), 9.5) == datetime(2026, 3, 30, 7, 30, tzinfo=UTC)
    assert at_hour(ROCKFORD, date(2026, 3, 27), 9) == datetime(2026, 3, 27, 14, 0, tzinfo=UTC)


def test_a_day_is_the_local_one() -> None:
    moment = datetime(2026, 3, 28, 3, tzinfo=UTC)
    assert (local_day(REGENSBURG, moment), local_day(ROCKFORD, moment)) == (date(2026, 3, 28), date(2026, 3, 27))


@pytest.mark.parametrize(
    ("day", "regensburg", "rockford"),
    [
        ("2026-03-27", True, True),
        ("2026-03-28", False, False),  # a Saturday
        ("2026-01-06", False, True),  # Epiphany, kept in Bavaria
        ("2026-07-03", True, False),  # Independence Day, kept on the Friday before
        ("2026-12-25", False, False),
    ],
)
def test_holidays_are_those_of_the_place(day: str, regensburg: bool, rockford: bool) -> None:
    found = date.fromisoformat(day)
    assert (works(REGENSBURG, found), works(ROCKFORD, found)) == (regensburg, rockford)


@settings(deadline=None)
@given(SITES, MOMENTS, st.floats(0, 3000), st.floats(1, 3000))
def test_work_in_two_parts_is_done_when_it_would_be_in_one(site: Site, at: datetime, first: float, second: float) -> None:
    in_two = add_working(site, add_working(site, at, first), second)
    assert abs(add_working(site, at, first + second) - in_two) < timedelta(milliseconds=1)


@settings(deadline=None)
@given(SITES, MOMENTS, st.floats(0, 3000))
def test_work_ends_within_hours_and_never_before_it_could(site: Site, at: datetime, minutes: float) -> None:
    done = add_working(site, at, minutes)
    day = local_day(site, done)
    assert works(site, day)
    assert at_hour(site, day, site.opens) <= done <= at_hour(site, day, site.closes)
    assert done >= at + timedelta(minutes=minutes) - timedelta(milliseconds=1)


@settings(deadline=None)
@given(SITES, MOMENTS)
def test_the_next_truck_is_the_first_departure_on_a_working_day(site: Site, at: datetime) -> None:
    leaves = next_truck(site, at)
    assert leaves >= at
    assert leaves.astimezone(ZoneInfo(site.zone)).hour in site.trucks
    assert works(site, local_day(site, leaves))
    assert next_truck(site, leaves) == leaves
    days = [local_day(site, at) + timedelta(days=offset) for offset in range((local_day(site, leaves) - local_day(site, at)).days + 1)]
    missed = [at_hour(site, day, hour) for day in days if works(site, day) for hour in site.trucks]
    assert not [moment for moment in missed if at <= moment < leaves]
