"""Where a transaction stands, as it is told to somebody who is no engineer."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from slas.outlook_told import answer, standing, whom
from tests.slas.test_outlook import at, clock, outlook


def show(moment: int) -> str:
    return f"{pd.Timestamp(moment, unit='ms'):%H:%M}"


def told(first: dict[str, str], *clocks: dict[str, Any], **more: Any) -> str:
    return standing(outlook(first, *clocks, **more), show)


BOOKED = {"captured": "11:00", "booked": "11:10"}
PROMISE = clock("deliver", "delivered", "18:00")


def test_on_time_says_what_is_awaited_and_expected() -> None:
    assert told(BOOKED, PROMISE) == (
        "On time; waiting for “Shipped” from WMS since 11:10, which usually takes 1 hour; “Delivered” is expected on 14:10, "
        "3 hours 50 minutes before the promise."
    )


def test_what_is_expected_after_the_promise_is_never_called_on_time() -> None:
    assert told({"captured": "07:00", "booked": "11:10"}, clock("deliver", "delivered", "13:00")) == (
        "Will probably be late; 4 hours were lost between “Captured” and “Booked” (4 hours 10 minutes, usually 10 minutes); waiting for “Shipped” "
        "from WMS since 11:10, which usually takes 1 hour; “Delivered” is expected on 14:10, 1 hour 10 minutes after the promise."
    )
    within_the_minute = clock("deliver", "delivered", "14:09:30")
    assert told(BOOKED, within_the_minute).endswith("“Delivered” is expected on 14:10, as promised.")
    assert told(BOOKED, within_the_minute).startswith("On time; ")
    assert said(BOOKED, within_the_minute).startswith("Order 4711 is on schedule: ")


def test_what_is_late_says_by_how_much_and_where_the_time_was_lost() -> None:
    first = {"captured": "07:00", "booked": "09:10"}
    assert told(first, clock("deliver", "delivered", "10:00", "breached"), now="2026-03-27 10:05:00") == (
        "5 minutes late: “Delivered” was promised for 10:00; 2 hours were lost between “Captured” and “Booked” (2 hours 10 minutes, usually 10 minutes); "
        "waiting for “Shipped” from WMS since 09:10, which usually takes 1 hour; “Delivered” is expected on 12:10, "
        "2 hours 10 minutes after the promise."
    )


def test_what_has_taken_longer_than_usual_is_not_expected_at_this_moment() -> None:
    """Nothing says when it will come, least of all to the customer."""
    first = {"captured": "06:00", "booked": "06:10", "shipped": "07:10"}
    late = clock("deliver", "delivered", "10:00", "breached")
    assert "expected on" not in told(first, late)
    assert said(first, late) == (
        "Order 4711 is later than promised; it was promised for 10:00. A date that can be relied on is not known yet."
    )
    assert said(first, PROMISE) == "Order 4711 is under way; it was promised for 18:00. A date that can be relied on is not known yet."


def test_a_step_on_the_way_may_be_overdue_or_in_danger_while_the_promise_is_not() -> None:
    overdue = told({"captured": "11:00"}, PROMISE, clock("book", "booked", "11:15", "breached"))
    assert overdue.startswith("45 minutes overdue; waiting for “Booked” from ERP since 11:00")
    danger = told({"captured": "11:50"}, PROMISE, clock("book", "booked", "12:05", "at_risk"))
    assert danger.startswith("At risk: due on 12:05, in 5 minutes; ")


def test_a_failure_names_its_cause() -> None:
    assert "“Booked” failed in ERP: PRICE_MISSING" in told({"captured": "11:00"}, PROMISE, failed_stage="booked", cause="PRICE_MISSING")


def test_a_pause_and_a_silent_source_are_said() -> None:
    assert told(BOOKED, clock("deliver", "delivered", "18:00", "paused")).startswith("Paused on the way to “Delivered”; ")
    silent = clock("deliver", "delivered", "18:00", "unknown", cause="source-silent:tms")
    assert told(BOOKED, silent).startswith("Nobody can say whether “Delivered” was reached: nothing is heard from tms; ")


def test_an_estimate_names_who_gave_it() -> None:
    assert "“Delivered” is expected on 17:00 (Carrier's estimate), 1 hour before the promise" in told(
        BOOKED, PROMISE, facts={"eta_at": "2026-03-27T17:00:00Z"}
    )


def test_the_count_of_deliveries_is_said_while_some_are_missing() -> None:
    keys, reached = {"order": ["4711"], "delivery": ["D1", "D2"]}, {"shipped": [("delivery", "D1", at("11:30"))]}
    assert "waiting for “Shipped” from WMS since 11:10 (1 of 2 is there)" in told(
        {**BOOKED, "shipped": "11:30"}, PROMISE, keys=keys, reached=reached
    )


DONE = {**BOOKED, "shipped": "12:00", "delivered": "14:00", "invoiced": "14:20"}


def test_what_is_complete_says_how_the_promise_was_kept() -> None:
    ended = {"state": "completed", "ended_at": at("14:20")}
    assert (
        told(DONE, clock("deliver", "delivered", "18:00", "met", stopped_at=at("14:00")), **ended) == "“Delivered” on 14:00, 4 hours early."
    )
    late = clock("deliver", "delivered", "13:00", "met_late", stopped_at=at("14:00"))
    assert told(DONE, late, **ended).startswith("“Delivered” on 14:00, 1 hour late")
    assert told(DONE, **ended) == "Complete since 14:20."
    assert told({"captured": "11:00"}, state="cancelled", ended_at=at("11:30")) == "Cancelled on 11:30."


def said(first: dict[str, str], *clocks: dict[str, Any], **more: Any) -> str:
    return answer(outlook(first, *clocks, **more), show)


def test_what_to_tell_the_customer_names_no_system_and_no_cause() -> None:
    assert said(BOOKED, PROMISE) == "Order 4711 is on schedule: “Delivered” is expected on 14:10, and promised for 18:00."
    assert said(BOOKED, clock("deliver", "delivered", "13:00"), failed_stage="shipped", cause="LOCKED") == (
        "Order 4711 will be later than promised: “Delivered” is now expected on 14:10 instead of 13:00."
    )
    held_up = "Order 4711 is held up; “Delivered” can still be reached on 14:10, and was promised for 18:00."
    assert said(BOOKED, PROMISE, failed_stage="shipped") == said(BOOKED, PROMISE, clock("book", "booked", "11:05", "breached")) == held_up
    assert said(BOOKED, clock("deliver", "delivered", "11:30"), usual={}) == (
        "Order 4711 is later than promised; it was promised for 11:30. A date that can be relied on is not known yet."
    )
    assert said(BOOKED, PROMISE, usual={}).startswith("Order 4711 is under way; it was promised for 18:00.")
    assert (
        said(DONE, clock("deliver", "delivered", "18:00", "met", stopped_at=at("14:00")))
        == "Order 4711: “Delivered” on 14:00, as promised."
    )
    assert said(DONE, clock("deliver", "delivered", "13:00")) == "Order 4711: “Delivered” on 14:00, 1 hour later than promised."
    assert said(BOOKED, state="cancelled") == "Order 4711 was cancelled."
    assert said(BOOKED) == ""


@pytest.mark.parametrize(("facts", "name"), [({"customer": "ACME"}, "ACME"), ({}, "")])
def test_who_is_told_is_the_customer_if_there_is_one(facts: dict[str, str], name: str) -> None:
    assert whom(outlook(BOOKED, facts=facts)) == name
