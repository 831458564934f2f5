"""SLAs as they are written: what they say when nothing is said, and numbers within bounds."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.catalog.definition import Severity
from core.catalog.sla import Penalty, Sla


def sla(**given: Any) -> Sla:
    return Sla.model_validate({"from": "captured", "to": "booked", **given})


def test_what_an_sla_says_when_nothing_is_said() -> None:
    plain = sla()
    assert (plain.from_, plain.to) == ("captured", "booked")
    assert (plain.warn, plain.severity, plain.of) == ("80%", Severity.WARNING, "all")
    assert (plain.within, plain.due, plain.calendar, plain.pause) == (None, None, None, None)


def test_it_is_written_as_it_was_read() -> None:
    assert sla(pause={"from": "a", "to": "b"}).model_dump(by_alias=True, exclude_defaults=True) == {
        "from": "captured",
        "to": "booked",
        "pause": {"from": "a", "to": "b"},
    }


@pytest.mark.parametrize("free_days", [-0.1, float("inf"), float("nan")])
def test_free_days_are_a_number_of_days(free_days: float) -> None:
    with pytest.raises(ValidationError):
        Penalty(per_day="1%", free_days=free_days, of="amount")


@pytest.mark.parametrize("per_day", ["1", "1 %/day", "-1%", "one%", "1e3%", ""])
def test_a_share_is_a_percentage(per_day: str) -> None:
    with pytest.raises(ValidationError):
        Penalty(per_day=per_day, of="amount")


@pytest.mark.parametrize(
    "given", [{"within": "soon"}, {"within": "2 working days"}, {"of": "some"}, {"severity": "loud"}, {"since": "2026-02-30"}]
)
def test_what_is_out_of_its_list_or_form_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        sla(**given)
