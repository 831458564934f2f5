"""A scenario says when, in a zone that people know, and what it leaves out is taken from the line before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from andon.rehearsal.scenario import Expected, Given, Scenario, parse_moment

AT = "2026-03-27 15:50 Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        (AT, datetime(2026, 3, 27, 14, 50, tzinfo=UTC)),
        ("2026-03-30 15:50 Europe/Berlin", datetime(2026, 3, 30, 13, 50, tzinfo=UTC)),
        ("2026-03-27 15:50 UTC", datetime(2026, 3, 27, 15, 50, tzinfo=UTC)),
        ("2026-03-27T15:50:01+01:00", datetime(2026, 3, 27, 14, 50, 1, tzinfo=UTC)),
        ("2026-03-27T15:50:01Z", datetime(2026, 3, 27, 15, 50, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_kept_as_it_is_written_and_known_in_utc(text: str, utc: datetime) -> None:
    moment = parse_moment(text)
    assert (moment.text, moment.utc) == (text, utc)
    assert parse_moment(moment) is moment


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-03-27 15:50", "must have one time zone"),
        ("2026-03-27T15:50+01:00 Europe/Berlin", "must have one time zone"),
        ("2026-03-29 02:30 Europe/Berlin", "does not exist"),
        ("15:50 UTC", "is not a time"),
        ("", "is not a time"),
        (1_774_623_000, "is not a time"),
        ("2026-03-27 15:50+24:00", r"has the offset \+24:00, which no time zone has; write"),
        ("2026-03-27T15:50:00-01:75", "has the offset -01:75, which no time zone has; write"),
        ("0001-01-01 00:00+14:00", "is too far away"),
    ],
)
def test_a_moment_that_means_nothing_or_two_things_is_refused(text: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_moment(text)


def test_a_signal_is_one_kind_and_arrives_when_it_happens_unless_it_says_so() -> None:
    assert Given.model_validate({"at": AT, "event": "a"}).arrives == datetime(2026, 3, 27, 14, 50, tzinfo=UTC)
    late = Given.model_validate({"at": AT, "event": "a", "received": "2026-03-27 16:00 Europe/Berlin"})
    assert late.arrives == datetime(2026, 3, 27, 15, 0, tzinfo=UTC)
    for wrong in ({}, {"event": "a", "span": "b"}):
        with pytest.raises(ValidationError, match="exactly one of 'event', 'span' and 'log'"):
            Given.model_validate({"at": AT, **wrong})


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"event": "a", "service": "erp"}, "an event has no 'service'; remove it"),
        ({"span": "a", "data": {}}, "a span has no 'data'; remove it"),
        ({"log": "a", "status": "ok"}, "a log record has no 'status'; remove it"),
        ({"event": "a", "attributes": {"order.id": "17"}}, "'order.id' is no name of an event's own attribute"),
        ({"event": "a", "attributes": {"type": "b"}}, "'type' is no name of an event's own attribute"),
    ],
)
def test_what_a_signal_does_not_have_is_refused_instead_of_left_out(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Given.model_validate({"at": AT, **fields})


@pytest.mark.parametrize(
    ("line", "of_clock"), [({"verdict": "met"}, True), ({"incident": "none"}, True), ({"state": "open"}, False), ({}, False)]
)
def test_only_what_is_said_of_a_clock_needs_its_sla(line: dict[str, Any], of_clock: bool) -> None:
    assert Expected.model_validate({"at": AT, **line}).of_clock is of_clock
    expect = [{"at": AT, "transaction": {"order": "1"}, **line}]
    if of_clock:
        with pytest.raises(ValidationError, match="line 1 of 'expect' must name its sla"):
            Scenario.model_validate({"given": [{"at": AT, "event": "a"}], "expect": expect})
    else:
        Scenario.model_validate({"given": [{"at": AT, "event": "a"}], "expect": expect})
