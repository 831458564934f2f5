"""A small series of bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboard.components.spark import spark
from dashboard.components.time_format import Zone

HOUR = datetime(2026, 11, 24, 10, tzinfo=UTC)
ZONE = Zone()


def test_an_hour_with_one_signal_among_thousands_can_still_be_seen() -> None:
    shown = spark(ZONE, [(HOUR - timedelta(hours=2), 100_000), (HOUR - timedelta(hours=1), 1), (HOUR, 0)])
    assert [part.split("%")[0] for part in shown.split("height:")[1:]] == ["100", "12", "0"]
    assert 'title="24 Nov 10:00: 0"' in shown
    assert spark(ZONE, []) == '<span class="spark"></span>'
