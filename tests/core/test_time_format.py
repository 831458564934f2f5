"""How a system writes times, as a catalog says it."""

from __future__ import annotations

import re

import pytest

from core.time_format import ANY, NOTHING, parse_time_format


@pytest.mark.parametrize(
    ("written", "text", "moment"),
    [
        ("YYYYMMDD", "20260327", "2026-03-27T00:00:00"),
        ("YYYYMMDD[hhmm[ss]]", "20260327", "2026-03-27T00:00:00"),
        ("YYYYMMDD[hhmm[ss]]", "202603271450", "2026-03-27T14:50:00"),
        ("YYYYMMDD[hhmm[ss]]", " 20260327145059 ", "2026-03-27T14:50:59"),
        ("YYYYMMDDhhmmss", "20260327240000", "2026-03-28T00:00:00"),
        ("DD.MM.YYYY hh:mm", "27.03.2026 14:50", "2026-03-27T14:50:00"),
        ("D/M/YY h:mm", "7/3/26 9:05", "2026-03-07T09:05:00"),
        ("YYYY-MM-DDThh:mmZ", "2026-03-27T14:50Z", "2026-03-27T14:50:00"),
    ],
)
def test_a_text_is_read_as_its_format_says(written: str, text: str, moment: str) -> None:
    assert parse_time_format(written).read(text).isoformat() == moment


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("YYYYMMDD", "2026-03-27"),
        ("YYYYMMDD", "20260231"),
        ("YYYYMMDD", "00000000"),
        ("YYYYMMDDhhmm", "202603272550"),
        ("YYYYMMDDhhmm", "202603271460"),
        ("DD.MM.YYYY", "27x03x2026"),
    ],
)
def test_what_is_not_written_so_is_no_time(written: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\d|day"):
        parse_time_format(written).read(text)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "says no whole date; write YYYY, MM and DD"),
        ("hh:mm", "says no whole date"),
        ("YYYYMM", "says no whole date"),
        ("YYYYMMDDhh", "says no whole time of day; write hh and mm"),
        ("YYYYMMDDDD", "has 'DD' twice"),
        ("yyyy-mm-dd", "has 'yyyy', which means nothing; write YYYY, MM, DD"),
        ("YYYYMMDD[hhmm", "has a bracket without its other one"),
        ("YYYYMMDD]hhmm[", "has a bracket without its other one"),
    ],
)
def test_a_format_that_means_nothing_is_refused_with_what_to_write(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_time_format(written)


def test_what_needs_no_format() -> None:
    assert ANY.read("2026-03-27 14:50").isoformat() == ANY.read("202603271450").isoformat() == "2026-03-27T14:50:00"
    assert ANY.read("2026-03-27 14:50:00.394000000").isoformat(timespec="milliseconds") == "2026-03-27T14:50:00.394"
    assert ANY.read("2026-03-27T14:50:00,5").isoformat(timespec="milliseconds") == "2026-03-27T14:50:00.500"
    assert not parse_time_format("YYYYMMDD").has_time_of_day
    assert [bool(re.match(NOTHING, text)) for text in ("", "00000000", "00.00.0000 00:00", "20000101")] == [True, True, True, False]
