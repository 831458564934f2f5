"""Due expressions: what they mean over rows, and what is said of those that cannot be read."""

from __future__ import annotations

import numpy as np
import pytest

from slas.calendar import CompiledCalendar
from slas.due import MISSING, DueError, check_due, facts_of, parse_due, resolve
from tests.slas.builders import at, calendar, ms, utc

PLANT = CompiledCalendar([calendar(cut_off="14:00")])
FACTS = {
    "promised_at": ["2026-03-27T15:00:00+00:00"],  # Friday, 16:00 in Berlin
    "local": ["2026-03-27T16:00:00"],
    "day": ["2026-03-27"],
    "compact_day": ["20260327"],
    "never": ["9999-12-31"],
    "nonsense": ["soon"],
    "absent": [None],
}


def due(text: str, start: str = "2026-03-27 09:00:00"):
    return resolve(parse_due(text), np.array([ms(start)]), lambda name: FACTS[name], PLANT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start", "2026-03-27 09:00:00"),
        ("start + 90 minutes", "2026-03-27 10:30:00"),
        ("start - 1 day", "2026-03-26 09:00:00"),
        ("promised_at", "2026-03-27 15:00:00"),
        ("promised_at - 2 hours", "2026-03-27 13:00:00"),
        ("promised_at - 8 working hours", "2026-03-27 07:00:00"),
        ("promised_at - 9 working hours", "2026-03-26 14:00:00"),
        ("promised_at + 1 working hour", "2026-03-30 07:00:00"),
        ("start + 6 working hours", "2026-03-27 15:00:00"),
        ("start + 7 working hours", "2026-03-30 07:00:00"),
        ("start + 0 working hours - 1 hour + 30 minutes", "2026-03-27 08:30:00"),
        ("local", "2026-03-27 15:00:00"),
        ("day", "2026-03-27 23:00:00"),
        ("compact_day", "2026-03-27 23:00:00"),
        ("next cut-off", "2026-03-27 13:00:00"),
        ("next cutoff 9:30", "2026-03-30 07:30:00"),
        ("next cut-off 16:00 + 1 hour", "2026-03-27 16:00:00"),
        ("min(promised_at, next cut-off)", "2026-03-27 13:00:00"),
        ("max(promised_at, next cut-off)", "2026-03-27 15:00:00"),
        ("min(promised_at - 8 working hours, next cut-off 16:00)", "2026-03-27 07:00:00"),
        ("max(min(promised_at, start + 1 hour), (start + 2 hours))", "2026-03-27 11:00:00"),
    ],
)
def test_an_expression_gives_the_moment_a_person_reckons(text: str, expected: str) -> None:
    found = due(text)
    assert at(int(found.moments[0])) == utc(expected)
    assert found.lacking[0] == ""


@pytest.mark.parametrize("text", ["absent", "nonsense", "never", "min({}, start)", "max(start, {}) + 1 working hour"])
def test_a_fact_that_is_missing_or_no_time_is_named(text: str) -> None:
    name = text if text in FACTS else "absent"
    found = due(text.format("absent"))
    assert found.moments[0] == MISSING
    assert found.lacking[0] == name


def test_a_cut_off_at_the_start_is_the_next_days() -> None:
    assert at(int(due("next cut-off", "2026-03-26 13:00:00").moments[0])) == utc("2026-03-27 13:00:00")


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "expected a fact"),
        ("promised_at -", 14, "expected a duration"),
        ("promised_at - x", 15, "expected a duration"),
        ("promised_at - 8 working days", 15, "no fixed length"),
        ("promised_at + 8 moons", 15, "is not a duration"),
        ("promised_at + 8 business hours", 15, "write 'working' instead of 'business'"),
        ("min(promised_at", 16, "expected ')'"),
        ("min promised_at", 5, "expected '('"),
        ("min()", 5, "expected a fact"),
        ("promised_at start", 13, "not expected here"),
        ("next cut-off 25:00", 14, "not a time of day"),
        ("now + 1 hour", 1, "must not move"),
        ("start + 1 hour; drop", 15, "not allowed here"),
        ("start * 2", 7, "not allowed here"),
        ("(start", 7, "expected ')'"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_column(text: str, column: int, words: str) -> None:
    with pytest.raises(DueError) as caught:
        parse_due(text)
    assert (caught.value.column, words in caught.value.message) == (column, True)


def test_facts_are_found_and_checked_against_the_flow() -> None:
    text = "min(promised_at - 8 working hours, next cut-off 16:00, wanted_at)"
    assert facts_of(parse_due(text)) == {"promised_at", "wanted_at"}
    assert check_due(text, {"promised_at", "wanted_at"}) is None
    assert str(check_due(text, {"promised_at"})).startswith("column 56: 'wanted_at' is not a fact of type time")
    assert str(check_due("start +", ())).startswith("column 8: ")
