"""Times are read as what they plainly say, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.time_text import read_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-27T14:50:00Z", "2026-03-27T14:50:00+00:00"),
        (" 2026-07-27T14:50+02:00\n", "2026-07-27T14:50:00+02:00"),
        ("2026-03-27", "2026-03-27T00:00:00"),
        ("20260327", "2026-03-27T00:00:00"),
        ("202603271450", "2026-03-27T14:50:00"),
        ("20260327145007", "2026-03-27T14:50:07"),
        ("2026-03-27T24:00:00", "2026-03-28T00:00:00"),
        ("20260327T2400", "2026-03-28T00:00:00"),
        ("2026-12-31 24:00Z", "2027-01-01T00:00:00+00:00"),
        ("/Date(1774623000000+0100)/", "2026-03-27T14:50:00+00:00"),
        ("/Date(-1)/", "1969-12-31T23:59:59.999000+00:00"),
        ("1774623000", "2026-03-27T14:50:00+00:00"),
        ("1774623000500", "2026-03-27T14:50:00.500000+00:00"),
    ],
)
def test_what_plainly_is_a_time(text: str, moment: str) -> None:
    assert read_time(text).isoformat() == moment


@pytest.mark.parametrize("text", ["", "2026032714", "202613271450", "2026-03-27T24:01", "9999-12-31T24:00", "\u0661774623000"])
def test_what_is_none(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        read_time(text)


@given(st.text(max_size=25) | st.from_regex(r"[0-9/Date()+-]{1,20}"))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        read_time(text)
    except (ValueError, OverflowError):
        return
