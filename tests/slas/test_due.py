"""Due expressions: what they mean over rows, and what is said of those that cannot be read."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slas.calendar import CompiledCalendar
from slas.due import MISSING, PARTS_MAX, DueError, check_due, facts_of, parse_due, parse_times, resolve
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
        ("promised_at +24:00", 14, "'24:00' is a time of day; a due time is shifted by a duration"),
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


HOUR = 3_600_000
KNOWN = {"one": "2026-03-27T09:00:00Z", "two": "2026-03-27T12:30:00Z"}
LEAVES = st.one_of(
    st.just(("start", ms("2026-03-27 09:00:00"))),
    st.sampled_from(sorted(KNOWN)).map(lambda name: (name, ms(KNOWN[name][:19].replace("T", " ")))),
)


def _grown(parts: st.SearchStrategy[tuple[str, int]]) -> st.SearchStrategy[tuple[str, int]]:
    shifts = st.builds(
        lambda part, sign, hours: (f"({part[0]}) {sign} {hours} hours", part[1] + (hours if sign == "+" else -hours) * HOUR),
        parts, st.sampled_from("+-"), st.integers(0, 99),
    )  # fmt: skip
    extremes = st.builds(
        lambda name, several: (f"{name}({', '.join(text for text, _ in several)})", {"min": min, "max": max}[name](value for _, value in several)),
        st.sampled_from(["min", "max"]), st.lists(parts, min_size=1, max_size=3),
    )  # fmt: skip
    return st.one_of(shifts, extremes)


@settings(deadline=None)
@given(st.recursive(LEAVES, _grown, max_leaves=8))
def test_an_expression_is_the_arithmetic_it_says(expression: tuple[str, int]) -> None:
    text, expected = expression
    found = resolve(parse_due(text), np.array([ms("2026-03-27 09:00:00")]), lambda name: [KNOWN[name]], PLANT)
    assert int(found.moments[0]) == expected


@settings(deadline=None)
@given(st.text(alphabet="minaxstrep_ (),+-0123:hoursutc", max_size=40) | st.text(max_size=40))
def test_any_text_is_an_expression_or_told_with_a_column_within_it(text: str) -> None:
    column = check_due(text, {"start"} | facts_in(text))
    if column is not None:
        assert 1 <= int(column.removeprefix("column ").partition(":")[0]) <= len(text) + 1


def facts_in(text: str) -> set[str]:
    """Return every word, so that none is unknown as a fact."""
    return set(re.findall(r"\w+(?:\.\w+)*", text))


def test_an_expression_is_bounded() -> None:
    assert parse_due("start" + " + 1 hour" * (PARTS_MAX - 1))
    for text in ("start" + " + 1 hour" * PARTS_MAX, "(" * 5000, "min(" * 5000, "min(start" + ", start" * PARTS_MAX + ")"):
        with pytest.raises(DueError):
            parse_due(text)


def test_rows_are_each_their_own() -> None:
    starts = np.array([ms("2026-03-27 09:00:00"), ms("2026-03-27 10:00:00"), ms("2026-03-27 11:00:00")])
    facts = {"one": ["2026-03-28T00:00:00Z", None, "2026-03-29T00:00:00Z"], "two": [None, None, "2026-03-28T00:00:00Z"]}
    found = resolve(parse_due("min(one, two)"), starts, lambda name: facts[name], PLANT)
    assert list(found.lacking) == ["two", "one", ""]
    assert [int(moment) for moment in found.moments] == [MISSING, MISSING, ms("2026-03-28 00:00")]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-27T10:00:00+05:30", "2026-03-27 04:30"),
        (" 2026-03-27T10:00:00Z ", "2026-03-27 10:00"),
        ("2026-03-27 10:00", "2026-03-27 09:00"),  # Berlin
        ("2026-10-25T02:30:00", "2026-10-25 00:30"),  # the first of two
        ("2026-03-29", "2026-03-29 22:00"),  # the end of the short day
        ("1971-01-01T00:00:00Z", "1971-01-01 00:00"),
        ("202603271450", "2026-03-27 13:50"),
        ("20260327145007", "2026-03-27 13:50:07"),
        ("2026-03-27T24:00:00", "2026-03-27 23:00"),
        ("2026-12-31 24:00Z", "2027-01-01 00:00"),
        ("/Date(1774623000000)/", "2026-03-27 14:50"),
        ("/Date(1774623000000+0100)/", "2026-03-27 14:50"),
        ("1774623000", "2026-03-27 14:50"),
        ("1774623000000", "2026-03-27 14:50"),
    ],
)
def test_a_time_is_read_in_the_calendars_zone_where_it_says_none(text: str, moment: str) -> None:
    assert at(int(parse_times([text], PLANT)[0])) == utc(moment)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "now",
        "12",
        "1970-12-31T23:59:59Z",
        "2199-01-01",
        "9999-12-31T23:59:59Z",
        "0001-01-01",
        "2026-02-30",
        "2026-03-27T25:00",
        "morgen",
        "2026032714",  # an hour, or seconds in 2034
        "202613271450",
        "2026-03-27T24:01",
        "/Date(-62135596800000)/",  # no date, as .NET writes it
        "/Date(99999999999999)/",
        "9999-12-31T24:00:00",
    ],
)
def test_what_is_no_time_is_missing(text: Any) -> None:
    assert int(parse_times([text], PLANT)[0]) == MISSING


@settings(deadline=None)
@given(st.lists(st.none() | st.text(max_size=25), max_size=5))
def test_no_text_of_a_sender_stops_the_evaluation(values: list[str | None]) -> None:
    assert len(parse_times(values, PLANT)) == len(values)
