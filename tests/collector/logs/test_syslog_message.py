"""Messages of syslog as senders really write them, and bytes that are none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.logs.line import nanoseconds
from collector.logs.syslog_message import SyslogMessage, parse_syslog

RECEIVED = datetime(2026, 3, 27, 12, 0, 5, tzinfo=UTC)
NOON = nanoseconds(datetime(2026, 3, 27, 12, tzinfo=UTC))
BERLIN = ZoneInfo("Europe/Berlin")
NINE = {"severity": 9, "severity_text": "info", "attributes": {"syslog.facility": 1}}


def parse(text: str, received: datetime = RECEIVED) -> SyslogMessage:
    return parse_syslog(text, received, BERLIN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '<165>1 2026-03-27T12:00:00Z erp posting 8710 ID47 [order@32473 id="4711" note="a \\"b\\" \\]"][meta seq="1"] \ufeffposted',
            {"text": "posted", "time": NOON, "severity": 10, "severity_text": "notice", "host": "erp", "application": "posting",
             "attributes": {"syslog.facility": 20, "syslog.procid": "8710", "syslog.msgid": "ID47", "order.id": "4711", "order.note": 'a "b" ]', "meta.seq": "1"}},
        ),
        ("<14>1 - - - - - -", {"text": "", **NINE}),
        ("<14>1 - - - - - - posted", {"text": "posted", **NINE}),
        ("<14>1 - - - - - [broken posted", {"text": "[broken posted", **NINE}),
        ("<14>Mar 27 13:00:00 erp posting[8710]: order 4711",
         {"text": "order 4711", "time": NOON, "host": "erp", "application": "posting", **NINE, "attributes": {"syslog.facility": 1, "syslog.procid": "8710"}}),
        ("<14>Mar 27 13:00:00 posting: order 4711", {"text": "order 4711", "time": NOON, "application": "posting", **NINE}),
        ("<14>Mar  7 13:00:00 erp order", {"text": "order", "time": NOON - 20 * 86_400 * 10**9, "host": "erp", **NINE}),
        ("<14>Mar 27 2026 13:00:00 fw %ASA-6-302013: built", {"text": "built", "time": NOON, "host": "fw", "application": "%ASA-6-302013", **NINE}),
        ("<14>2026-03-27T13:00:00.000+01:00 erp posting: order", {"text": "order", "time": NOON, "host": "erp", "application": "posting", **NINE}),
        ("<14>order 4711 posted", {"text": "order 4711 posted", **NINE}),
        ("order 4711: posted", {"text": "order 4711: posted"}),
        ("<999>order", {"text": "<999>order"}),
        ("", {"text": ""}),
    ],
)  # fmt: skip
def test_a_message_says(text: str, said: dict[str, Any]) -> None:
    assert parse(text) == SyslogMessage(**said)


@pytest.mark.parametrize(
    ("received", "written", "year"),
    [
        (datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC), "Dec 31 23:59:59", 2026),
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), "Jan  1 00:00:10", 2027),
        (datetime(2028, 3, 1, tzinfo=UTC), "Feb 29 12:00:00", 2028),
    ],
)
def test_the_year_is_the_nearest(received: datetime, written: str, year: int) -> None:
    found = datetime.fromtimestamp(parse(f"<14>{written} erp a: b", received).time / 1e9, BERLIN)
    assert found.year == year


def test_a_day_that_no_near_year_has_is_no_time() -> None:
    assert parse("<14>Feb 30 12:00:00 erp a: b").time == 0


@pytest.mark.parametrize("written", ["Dec 31 9999 23:59:60", "Dec 31 9999 23:59:59", "Jan  1 0001 00:00:00", "Jan  1 0000 00:00:00"])
def test_the_last_and_the_first_of_all_years_are_no_error(written: str) -> None:
    assert parse(f"<14>{written} erp a: order 4711").text == "order 4711"


@given(st.text() | st.from_regex(r"<\d{1,4}>1? ?[-A-Z0-9:. ]{0,30}\[[^\x00]{0,60}"))
def test_nothing_is_an_error(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    "text", ["<14>1 - - - - - " + '[a b="' * 9_000, "<14>1 - - - - - [" + ' a="\\"' * 9_000, "<14>Mar 27 13:00:00 " + "a" * 60_000]
)
def test_a_hostile_message_takes_no_time(text: str) -> None:
    parse(text)  # the run's own limit of time ends what is quadratic
