"""Active time: a route notifies in its hours, whatever the clocks of its time zone do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.routing import compile_routes
from alerts.stages import active_time
from core.catalog.routing import ActiveTime
from core.incident import Reason
from tests.alerts.stages.candidates import candidate
from tests.alerts.world import routes

OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:00", "end": "17:00", "time_zone": "Europe/Berlin"}
NIGHTS = {"days": ["fri"], "start": "22:00", "end": "06:00", "time_zone": "Europe/Berlin"}
ALL_DAY = {"days": ["sat"], "start": "00:00", "end": "24:00", "time_zone": "Europe/Berlin"}
EVENING = {"start": "18:00", "end": "24:00"}
LEFT_OUT = {"start": "02:30", "end": "03:15", "time_zone": "Europe/Berlin"}
TWICE = {"start": "02:30", "end": "02:45", "time_zone": "Europe/Berlin"}
NO_MIDNIGHT = {"days": ["sun"], "start": "00:00", "end": "24:00", "time_zone": "America/Santiago"}


@pytest.mark.parametrize(
    ("active", "now", "again"),
    [
        pytest.param(OFFICE, "2026-03-02T08:00+01:00", None, id="Monday at the start"),
        pytest.param(OFFICE, "2026-03-02T07:59:59+01:00", "2026-03-02T08:00+01:00", id="a second before it"),
        pytest.param(OFFICE, "2026-03-02T16:59:59+01:00", None, id="the last second"),
        pytest.param(OFFICE, "2026-03-02T17:00+01:00", "2026-03-03T08:00+01:00", id="at the end"),
        pytest.param(OFFICE, "2026-03-06T17:30+01:00", "2026-03-09T08:00+01:00", id="over a weekend"),
        pytest.param(OFFICE, "2026-03-28T12:00+01:00", "2026-03-30T08:00+02:00", id="over the change to summer time"),
        pytest.param(OFFICE, "2026-10-24T12:00+02:00", "2026-10-26T08:00+01:00", id="over the change to winter time"),
        pytest.param(OFFICE, "2026-03-02T07:30+00:00", None, id="the zone of the route, not of the reader"),
        pytest.param(NIGHTS, "2026-03-06T21:59+01:00", "2026-03-06T22:00+01:00", id="a night begins"),
        pytest.param(NIGHTS, "2026-03-06T23:30+01:00", None, id="before midnight"),
        pytest.param(NIGHTS, "2026-03-07T05:59+01:00", None, id="past midnight it is still Friday's"),
        pytest.param(NIGHTS, "2026-03-07T06:00+01:00", "2026-03-13T22:00+01:00", id="the night is over"),
        pytest.param(NIGHTS, "2026-03-06T05:00+01:00", "2026-03-06T22:00+01:00", id="Thursday's night is not meant"),
        pytest.param(ALL_DAY, "2026-03-07T23:59:59+01:00", None, id="to the end of the day"),
        pytest.param(ALL_DAY, "2026-03-08T00:00+01:00", "2026-03-14T00:00+01:00", id="24:00 is the next day's midnight"),
        pytest.param(EVENING, "2026-03-02T17:59Z", "2026-03-02T18:00Z", id="no days are all days, no zone is UTC"),
        pytest.param(EVENING, "2026-03-02T23:59Z", None, id="until 24:00"),
        pytest.param(LEFT_OUT, "2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", id="a start that is left out"),
        pytest.param(LEFT_OUT, "2026-03-29T03:10+02:00", None, id="within what is left of it"),
        pytest.param(TWICE, "2026-10-25T02:30+02:00", None, id="the first of two"),
        pytest.param(TWICE, "2026-10-25T02:50+02:00", "2026-10-25T02:30+01:00", id="the second of two"),
        pytest.param(TWICE, "2026-10-25T02:50+01:00", "2026-10-26T02:30+01:00", id="after both"),
        pytest.param(NO_MIDNIGHT, "2026-09-05T23:00-04:00", "2026-09-06T01:00-03:00", id="a day without a midnight"),
    ],
)
def test_a_route_speaks_in_its_hours(active: dict[str, Any], now: str, again: str | None):
    compiled = compile_routes(routes("desk", routes=[{"name": "r1", "channels": ["desk"], "active": active}]))
    asked = candidate(active=compiled[0].active, reason=Reason.OPENED)

    result = active_time.STAGE.check(asked, datetime.fromisoformat(now).astimezone(UTC))

    assert result.passes == (again is None)
    assert result.again_at == (None if again is None else datetime.fromisoformat(again))


def test_a_resolve_is_told_at_any_hour():
    compiled = compile_routes(routes("desk", routes=[{"name": "r1", "channels": ["desk"], "active": OFFICE}]))
    night = datetime(2026, 3, 2, 23, tzinfo=UTC)

    assert active_time.STAGE.check(candidate(active=compiled[0].active, reason=Reason.RESOLVED), night).passes


def test_hours_without_a_zone_are_utc_the_whole_day_every_day():
    assert ActiveTime() == ActiveTime(days=[], start="00:00", end="24:00", time_zone="UTC")
