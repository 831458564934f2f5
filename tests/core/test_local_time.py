"""Moments in the zone of a calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.local_time import local


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        ("2026-10-25 00:30", "Europe/Berlin", "2026-10-25 02:30 Berlin"),
        ("2026-10-25 01:30", "Europe/Berlin", "2026-10-25 02:30 Berlin"),  # the hour that comes twice
        ("2026-03-27 14:00:05", "America/New_York", "2026-03-27 10:00:05 New York"),
        ("1969-12-31 23:59", "UTC", "1969-12-31 23:59 UTC"),
    ],
)
def test_a_moment_is_told_in_its_zone_by_the_name_of_the_city(moment: str, zone: str, text: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert local(round(at.timestamp() * 1000), ZoneInfo(zone)) == text
