"""Durations and shares as people write them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from core.duration import Duration, DurationText, format_duration, parse_duration, parse_share, working_hours
from core.errors import UsageError

TEXT = TypeAdapter(DurationText)


@pytest.mark.parametrize(
    ("text", "milliseconds", "working"),
    [
        ("15 minutes", 900_000, False),
        ("1 minute", 60_000, False),
        ("1.5 hours", 5_400_000, False),
        ("16 working hours", 57_600_000, True),
        ("90 working minutes", 5_400_000, True),
        ("2 days", 172_800_000, False),
        ("30 seconds", 30_000, False),
        (" 0 minutes ", 0, False),
        ("0.001 seconds", 1, False),
    ],
)
def test_the_catalog_and_evaluation_read_the_same(text: str, milliseconds: int, working: bool) -> None:
    assert TEXT.validate_python(text) == text
    assert parse_duration(text) == Duration(milliseconds, working)


@pytest.mark.parametrize(
    "text", ["", "minutes", "15", "-1 hour", "2 working days", "1 working day", "3 weeks", "1 hour 5 minutes", "1e3 hours"]
)
def test_the_catalog_and_evaluation_refuse_the_same(text: str) -> None:
    with pytest.raises(ValidationError):
        TEXT.validate_python(text)
    with pytest.raises(UsageError):
        parse_duration(text)


def test_shares() -> None:
    assert [parse_share(text) for text in ("60%", " 12.5 % ", "0%", "10 minutes", "%")] == [0.6, 0.125, 0.0, None, None]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (900_000, "15 minutes"),
        (7_500_000, "2 hours 5 minutes"),
        (90_061_000, "1 day 1 hour"),
        (-60_000, "-1 minute"),
        (250, "250 milliseconds"),
        (0, "0 milliseconds"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(172_800_000, "48 hours"), (3_600_000, "1 hour"), (5_400_000, "1 hour 30 minutes"), (1_800_000, "30 minutes"), (0, "0 milliseconds")],
)
def test_working_time_has_no_days(milliseconds: int, text: str) -> None:
    assert working_hours(milliseconds) == text
