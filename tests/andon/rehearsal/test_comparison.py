"""What differs from what a scenario expects is said in the scenario's own words, zones and currencies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from andon.rehearsal.comparison import Found, compare
from andon.rehearsal.scenario import Expected

DUE = datetime(2026, 3, 30, 7, 0, tzinfo=UTC)
CLOCK = {
    "verdict": "running",
    "due_at": DUE.replace(tzinfo=None),
    "warn_at": None,
    "cause": "",
    "value": 1200.5,
    "penalty": 0.0,
    "currency": "EUR",
}
INCIDENT = {
    "title": "3 orders late",
    "owner": "desk",
    "severity": "critical",
    "status": "open",
    "cause": "overdue",
    "stage": "booked",
    "runbook": "r",
    "members": 3,
    "value": {"EUR": 900.0},
}
FOUND = Found({"state": "open", "stage": "captured"}, CLOCK, "4 h are left", [INCIDENT])


def expected(**fields: Any) -> Expected:
    return Expected.model_validate({"at": "2026-03-27T15:00:00Z", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"verdict": "running", "state": "open", "reached": "captured"},
        {"due": "2026-03-30 09:00 Europe/Berlin", "value": "1200.50 EUR", "penalty": "0 EUR"},
        {"incident": {"owner": "desk", "severity": "critical", "members": 3, "value": "900 EUR"}},
        {},
    ],
)
def test_what_holds_is_no_difference(fields: dict[str, Any]) -> None:
    assert compare(expected(**fields), FOUND) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"verdict": "at_risk"}, "verdict is running, expected at_risk: 4 h are left"),
        ({"reached": "booked"}, "reached is captured, expected booked"),
        ({"cause": "silent"}, "cause is empty, expected silent"),
        ({"due": "2026-03-30 10:00 Europe/Berlin"}, "due is 2026-03-30 09:00 Europe/Berlin, expected 2026-03-30 10:00 Europe/Berlin"),
        ({"due": "2026-03-30T08:00:00Z"}, "due is 2026-03-30T07:00:00+00:00, expected 2026-03-30T08:00:00Z"),
        ({"warn": "2026-03-30T08:00:00Z"}, "warn is unknown, expected 2026-03-30T08:00:00Z"),
        ({"value": "1200.5 USD"}, "value is 1200.5 EUR, expected 1200.5 USD"),
        ({"incident": "none"}, "incident is '3 orders late', expected none"),
        ({"incident": {"members": 2}}, "incident's members is 3, expected 2"),
        ({"incident": {"value": "1 EUR"}}, "incident's value is 900 EUR, expected 1 EUR"),
        ({"verdict": "none"}, "verdict is running, expected none"),
    ],
)
def test_each_difference_is_one_phrase(fields: dict[str, Any], said: str) -> None:
    assert compare(expected(**fields), FOUND) == [said]


def test_what_is_not_there_may_be_what_is_expected() -> None:
    without_clock = Found({"state": "open", "stage": "captured"})
    assert compare(expected(verdict="none"), Found()) == []
    assert compare(expected(verdict="met"), Found()) == ["no such transaction"]
    assert compare(expected(verdict="none", incident="none"), without_clock) == []
    assert compare(expected(due="2026-03-30T08:00:00Z"), without_clock) != []
    assert compare(expected(incident={"owner": "desk"}), without_clock) == ["there is no incident"]
    resolved = Found({"state": "open", "stage": "captured"}, CLOCK, incidents=[{**INCIDENT, "status": "resolved"}])
    assert compare(expected(incident="none"), resolved) == []
