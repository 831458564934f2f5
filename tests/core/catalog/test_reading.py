"""Where a value is found, and how it is written there."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from core.catalog.reading import NUMBER_FORMATS, Reading, reading_of


def test_a_path_alone_is_a_reading_of_one_path() -> None:
    assert reading_of("data.id") == Reading(path="data.id")
    assert reading_of(Reading(path=("a", "b"))).paths == ("a", "b")


def test_a_format_is_one_of_a_time_or_of_a_number() -> None:
    assert Reading(path="x", format="1.234,56").time_format is None
    time = Reading(path="x", format="YYYYMMDD").time_format
    assert time is not None
    assert time.fields == ("Y", "M", "D")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"format": "nonsense"}, "has 'nonsense', which means nothing"),
        ({"format": "1.234,567"}, "says no whole date"),
        ({"format": "YYYYMMDD", "time_zone": "UTC"}, "'time_zone' is of a time of day, and this format has none"),
        ({"format": "1.234,56", "time_zone": "UTC"}, "'time_zone' is of a time of day"),
        ({"regex": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_a_form_that_means_nothing_is_refused(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        Reading.model_validate({"path": "x", **keys})


def test_the_formats_of_numbers_know_their_own_example() -> None:
    for written, form in NUMBER_FORMATS.items():
        assert re.match(form.pattern, written)
        assert re.sub(form.dropped, "", written).replace(form.point, ".") == "1234.56"
