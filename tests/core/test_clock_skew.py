"""When the times of a source are told to be local ones labelled as UTC."""

from __future__ import annotations

import pytest

from core.clock_skew import labelled_wrongly, told, varies


@pytest.mark.parametrize(
    ("skew", "spread", "signals", "hours"),
    [
        (-7_198.0, 3.0, 50, 2.0),  # Berlin in summer: two hours ahead, and two seconds on the way
        (-7_110.0, 40.0, 50, 2.0),
        (18_001.0, 3.0, 50, -5.0),  # New York
        (-19_799.0, 3.0, 50, 5.5),  # Delhi
        (2.0, 3.0, 5_000, 0.0),
        (90.0, 3.0, 5_000, 0.0),
        (7_203.0, 900.0, 50, 0.0),  # a backlog, or batches
        (-7_198.0, 3.0, 19, 0.0),  # too few to tell
        (-6_000.0, 3.0, 50, 0.0),  # a clock that is wrong, but by no time zone
        (-86_398.0, 3.0, 50, 0.0),
    ],
)
def test_only_a_steady_difference_of_a_time_zone_is_taken_for_one(skew: float, spread: float, signals: int, hours: float) -> None:
    assert labelled_wrongly(skew, spread, signals) == hours


@pytest.mark.parametrize(
    ("skew", "spread", "many_ages"),
    [
        (18_420.0, 28_000.0, True),  # a history that was sent at once
        (1_800.0, 2_880.0, True),  # what an hour held, each hour
        (2.0, 3.0, False),
        (2.0, 110.0, False),
        (-7_198.0, 300.0, False),  # off by a time zone, and at times late
        (-40.0, 3.0, False),
    ],
)
def test_a_clock_is_off_by_one_amount(skew: float, spread: float, many_ages: bool) -> None:
    assert varies(skew, spread) is many_ages


def test_it_is_told_by_how_much() -> None:
    assert told(2.0) == "its times are 2 hours ahead: local time labelled as UTC?"
    assert told(-5.5) == "its times are 5.5 hours behind: local time labelled as UTC?"
    assert told(1.0).startswith("its times are 1 hour ahead")
