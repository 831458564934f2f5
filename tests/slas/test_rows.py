"""Rows of the read endpoint: times with and without a zone, and none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pandas as pd
import pytest

from slas.rows import milliseconds_of, rows_of
from tests.slas.builders import ms, utc


@pytest.mark.parametrize(
    "moment",
    [
        utc("2026-03-27 12:00:00"),
        datetime(2026, 3, 27, 12),  # noqa: DTZ001 - as the endpoint gives it
        pd.Timestamp("2026-03-27 12:00:00"),
        pd.Timestamp("2026-03-27 12:00:00").to_datetime64(),
        datetime(2026, 3, 27, 14, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_moment_is_utc_unless_it_says_otherwise(moment: object) -> None:
    assert milliseconds_of(moment) == ms("2026-03-27 12:00:00")


@pytest.mark.parametrize("nothing", [None, pd.NaT])
def test_no_moment_is_none(nothing: object) -> None:
    assert milliseconds_of(nothing) is None


def test_rows_are_by_the_names_of_columns_and_an_empty_frame_has_none() -> None:
    assert rows_of(pd.DataFrame({"sla": ["a", "b"], "value": [1, 2]})) == [{"sla": "a", "value": 1}, {"sla": "b", "value": 2}]
    assert rows_of(pd.DataFrame()) == []
