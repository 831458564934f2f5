"""Where a transaction stands: what it passed, where time was lost, what is awaited, and when the promise will be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from slas.outlook import Outlook, outlook_of
from tests.slas.builders import calendar, ms, utc

DAY = "2026-03-27"
NOW = f"{DAY} 12:00:00"
MINUTE = 60_000


def flow(**more: Any) -> Flow:
    """Five stations, one of them reached by each delivery, and an optional one; the carrier may say when it delivers."""
    step = {"system": "ERP", "match": {"event": "x"}, "keys": {"order": "data.order"}}
    each = {**step, "system": "WMS", "keys": {"order": "data.order", "delivery": "data.delivery"}}
    return Flow.model_validate(
        {
            "flow": "o2c", "title": "Order to cash", "owner": "desk", "keys": {"order": {"title": "Order"}, "delivery": {"relation": "many"}},
            "facts": {"promised_at": {"type": "time"}, "eta_at": {"type": "time", "title": "Carrier's estimate"}, "customer": {}},
            "milestones": {
                "captured": {**step, "title": "Captured"}, "checked": {**step, "optional": True}, "booked": {**step, "title": "Booked"},
                "rejected": {**step, "failure": True, "stage": "booked"}, "shipped": {**each, "title": "Shipped"},
                "delivered": {**step, "title": "Delivered", "system": "TMS", "expected": "eta_at"}, "withdrawn": step, "invoiced": step,
            },
            "ends": ["invoiced"], "cancels": ["withdrawn"],
            "slas": {
                "book": {"title": "Booked in time", "from": "captured", "to": "booked", "within": "15 minutes"},
                "deliver": {"title": "As promised", "from": "captured", "to": "delivered", "due": "promised_at", "calendar": "plant"},
                "ship": {"title": "Shipped", "from": "booked", "to": "shipped", "within": "6 working hours", "calendar": "plant"},
                "confirm": {"title": "Told", "from": "captured", "to": "booked", "within": "1 day", "promised_to": "customer"},
                "invoice": {"title": "Invoiced", "from": "delivered", "to": "invoiced", "within": "1 day"},
            },
            **more,
        }
    )  # fmt: skip


USUAL = {
    ("captured", "booked"): 10, ("booked", "shipped"): 60, ("booked", "delivered"): 180, ("booked", "invoiced"): 200, ("shipped", "delivered"): 120,
    ("shipped", "invoiced"): 140, ("delivered", "invoiced"): 20, ("captured", "shipped"): 70, ("captured", "delivered"): 190,
}  # fmt: skip
"""Minutes."""


def at(clock: str) -> pd.Timestamp:
    return pd.Timestamp(f"{DAY} {clock}")


def clock(sla: str, stage: str, due: str, verdict: str = "running", **more: Any) -> dict[str, Any]:
    row = {"sla": sla, "stage": stage, "started_at": at("08:00"), "due_at": at(due), "stopped_at": pd.NaT, "verdict": verdict, "cause": ""}
    return {**row, "contract_version": "v1: standard limit", "penalty": 0.0, "currency": "EUR", "owner": "desk", **more}


def sla_of(row: Mapping[str, Any] | None) -> str:
    assert row is not None
    return str(row["sla"])


def outlook(
    first: dict[str, str], *clocks: dict[str, Any], now: str = NOW, usual: dict[tuple[str, str], int] | None = None, **more: Any
) -> Outlook:
    row = {
        "flow": "o2c", "transaction_id": "t", "reference": "4711", "state": "open", "keys": {"order": ["4711"]}, "facts": {"customer": "ACME"},
        "first_at": {name: at(moment).to_pydatetime() for name, moment in first.items()}, "reached": {}, "failed_stage": "", "cause": "",
        "ended_at": None, **more,
    }  # fmt: skip
    times = [
        {"earlier": earlier, "later": later, "usual": minutes * MINUTE}
        for (earlier, later), minutes in (USUAL if usual is None else usual).items()
    ]
    catalog = Catalog(version="v1", flows={"o2c": flow()}, calendars={"plant": calendar()})
    found = outlook_of(row, pd.DataFrame(list(clocks)), pd.DataFrame(times), catalog, ms(now))
    assert found is not None
    return found


def states(found: Outlook) -> dict[str, str]:
    return {step.milestone: step.state for step in found.steps}


def expected(found: Outlook) -> dict[str, str]:
    return {step.milestone: f"{pd.Timestamp(step.expected, unit='ms'):%H:%M}" for step in found.steps if step.expected is not None}


def test_steps_are_what_was_passed_what_is_awaited_and_what_is_ahead() -> None:
    found = outlook({"captured": "11:00", "booked": "11:10"})
    assert states(found) == {"captured": "passed", "booked": "passed", "shipped": "awaited", "delivered": "ahead", "invoiced": "ahead"}
    booked = found.steps[1]
    assert (booked.before, booked.took, booked.usual) == ("captured", 10 * MINUTE, 10 * MINUTE)
    assert found.waiting is found.steps[2]
    assert found.waiting.took == 50 * MINUTE


def test_an_optional_milestone_is_a_step_only_if_it_was_reached() -> None:
    assert states(outlook({"captured": "11:00", "checked": "11:05"}))["checked"] == "passed"
    assert "checked" not in states(outlook({"captured": "11:00"}))


def test_a_cancellation_is_awaited_by_nobody() -> None:
    assert "withdrawn" not in states(outlook({"captured": "11:00"}))
    assert states(outlook({"captured": "11:00", "withdrawn": "11:05"}, state="cancelled"))["withdrawn"] == "passed"


def test_what_was_not_seen_though_a_later_one_was_is_said_to_be_unseen_and_not_awaited() -> None:
    found = outlook({"captured": "11:00", "shipped": "11:30"})
    assert states(found)["booked"] == "unseen"
    assert found.waiting is not None
    assert found.waiting.milestone == "delivered"


def test_what_was_overtaken_is_awaited_as_long_as_a_clock_runs_for_it() -> None:
    found = outlook({"captured": "11:00", "shipped": "11:30"}, clock("book", "booked", "11:15", "breached"))
    assert states(found)["booked"] == states(found)["delivered"] == "awaited"
    assert found.waiting is found.steps[1]
    assert expected(found)["booked"] == "12:00"
    assert states(outlook({"captured": "11:00", "shipped": "11:30"}, clock("book", "booked", "11:15", "cancelled")))["booked"] == "unseen"


def test_what_is_expected_follows_from_the_last_milestone_and_the_usual_time() -> None:
    assert expected(outlook({"captured": "11:00", "booked": "11:10"})) == {"shipped": "12:10", "delivered": "14:10", "invoiced": "14:30"}


def test_what_is_late_already_makes_everything_later_and_nothing_is_expected_in_the_past() -> None:
    """Shipped should have come at 10:10; it comes now at the earliest, and all else 1 h 50 min later than usual."""
    assert expected(outlook({"captured": "09:00", "booked": "09:10"})) == {"shipped": "12:00", "delivered": "14:00", "invoiced": "14:20"}


def test_without_usual_times_nothing_is_expected_and_nothing_lost() -> None:
    found = outlook({"captured": "09:00", "booked": "11:10"}, usual={})
    assert expected(found) == {}
    assert found.lost is None


def test_an_estimate_that_was_sent_goes_before_the_usual_time_and_what_follows_rests_on_it() -> None:
    found = outlook({"captured": "11:00", "booked": "11:10"}, facts={"eta_at": f"{DAY}T16:00:00Z"})
    assert expected(found) == {"shipped": "12:10", "delivered": "16:00", "invoiced": "16:20"}
    assert found.steps[3].told == "Carrier's estimate"


@pytest.mark.parametrize("estimate", [f"{DAY}T11:00:00Z", "soon", ""])
def test_an_estimate_that_has_passed_or_is_no_time_says_nothing(estimate: str) -> None:
    assert expected(outlook({"captured": "11:00", "booked": "11:10"}, facts={"eta_at": estimate}))["delivered"] == "14:10"


def test_an_estimate_from_before_the_last_delivery_came_so_far_is_not_of_that_one() -> None:
    two = {"keys": {"order": ["4711"], "delivery": ["D1", "D2"]}, "reached": {"shipped": [("delivery", "D1", at("11:30"))]}}
    first = {"captured": "11:00", "booked": "11:10", "shipped": "11:30"}
    found = outlook(first, facts={"eta_at": f"{DAY}T12:05:00Z"}, **two)
    assert expected(found) == {"shipped": "12:10", "delivered": "14:10", "invoiced": "14:30"}
    assert found.steps[3].told == ""
    assert expected(outlook(first, facts={"eta_at": f"{DAY}T16:00:00Z"}, **two))["delivered"] == "16:00"


def test_what_follows_waits_for_the_last_delivery_though_others_were_faster() -> None:
    two = {"keys": {"order": ["4711"], "delivery": ["D1", "D2"]}, "reached": {"shipped": [("delivery", "D1", at("11:20"))]}}
    first = {"captured": "11:00", "booked": "11:10", "shipped": "11:20", "delivered": "11:50"}
    found = outlook(first, clock("ship", "shipped", "18:00"), **two)
    assert expected(found) == {"shipped": "12:10", "invoiced": "14:30"}, "from when the second has been shipped, and not from 11:50"


def test_time_is_lost_where_a_step_took_much_longer_than_usual() -> None:
    found = outlook({"captured": "09:00", "booked": "10:10", "shipped": "11:20"})
    assert found.lost is not None
    assert (found.lost.milestone, found.lost.lost) == ("booked", 60 * MINUTE)
    assert found.steps[2].lost == 10 * MINUTE * 0, "ten minutes more than an hour are less than a fifth of it"


def test_what_each_delivery_reaches_is_awaited_until_all_have() -> None:
    keys = {"order": ["4711"], "delivery": ["D1", "D2"]}
    one = {"shipped": [("delivery", "D1", at("11:30"))]}
    found = outlook({"captured": "11:00", "booked": "11:10", "shipped": "11:30"}, keys=keys, reached=one)
    assert found.waiting is not None
    assert (found.waiting.milestone, found.waiting.state, found.waiting.done, found.waiting.of) == ("shipped", "partly", 1, 2)
    both = {"shipped": [*one["shipped"], {"type": "delivery", "value": "D2", "at": at("11:50")}]}
    found = outlook({"captured": "11:00", "booked": "11:10", "shipped": "11:30"}, keys=keys, reached=both)
    assert found.steps[2].at == ms(f"{DAY} 11:50:00")
    assert found.waiting is not None
    assert found.waiting.milestone == "delivered"


def test_a_failed_stage_is_what_it_waits_for() -> None:
    found = outlook({"captured": "11:00"}, failed_stage="booked", cause="PRICE_MISSING")
    assert states(found)["booked"] == "failed"
    assert found.waiting is found.steps[1]


@pytest.mark.parametrize("state", ["completed", "cancelled"])
def test_what_has_ended_waits_for_nothing(state: str) -> None:
    found = outlook({"captured": "11:00"}, state=state)
    assert found.waiting is None
    assert expected(found) == {}


def test_the_promise_is_the_furthest_milestone_that_is_due_at_a_date_of_the_transaction() -> None:
    clocks = [clock("book", "booked", "09:00"), clock("deliver", "delivered", "18:00"), clock("invoice", "invoiced", "20:00")]
    assert sla_of(outlook({"captured": "08:00"}, *clocks).promise) == "deliver"
    assert sla_of(outlook({"captured": "08:00"}, *clocks, clock("confirm", "booked", "19:00")).promise) == "confirm", "to the customer"
    undated = clock("confirm", "booked", "19:00", due_at=pd.NaT)
    assert outlook({"captured": "08:00"}, *clocks, undated).promise is None, "the customer was given no date"
    assert sla_of(outlook({"captured": "08:00"}, clocks[0]).promise) == "book"
    assert outlook({"captured": "08:00"}, clock("book", "booked", "09:00", due_at=pd.NaT)).promise is None
    assert outlook({"captured": "08:00"}).promise is None


def test_the_worst_clock_is_the_open_one_in_most_danger_and_of_equals_the_one_due_first() -> None:
    clocks = [
        clock("deliver", "delivered", "18:00"), clock("invoice", "invoiced", "11:00", "breached"), clock("book", "booked", "10:00", "breached"),
        clock("x", "booked", "07:00", "met_late"),
    ]  # fmt: skip
    assert sla_of(outlook({"captured": "08:00"}, *clocks).worst) == "book"
    assert outlook({"captured": "08:00"}, clocks[3]).worst is None


def test_penalties_add_up_by_currency() -> None:
    clocks = [clock("deliver", "delivered", "18:00", penalty=10.0), clock("book", "booked", "09:00", penalty=2.5), clock("invoice", "invoiced", "20:00", penalty=1.0, currency="USD")]  # fmt: skip
    assert outlook({"captured": "08:00"}, *clocks).penalty == {"EUR": 12.5, "USD": 1.0}


def test_working_hours_are_those_of_the_promise_as_far_as_anything_is_known() -> None:
    found = outlook({"captured": "05:00", "booked": "05:10"}, clock("deliver", "delivered", "18:00"))
    assert found.working == [(ms(f"{DAY} 07:00:00"), ms(f"{DAY} 15:00:00"))], "8 to 16 in Berlin"
    assert outlook({"captured": "05:00"}).working == [], "no promise, no calendar"
    ship = clock("ship", "shipped", "15:00")
    assert outlook({"captured": "05:00"}, clock("invoice", "invoiced", "18:00"), ship).working == [
        (ms(f"{DAY} 07:00:00"), ms(f"{DAY} 15:00:00"))
    ], "of another clock that counts working time"


def test_a_flow_that_the_catalog_does_not_know_has_no_outlook() -> None:
    assert outlook_of({"flow": "gone"}, pd.DataFrame(), pd.DataFrame(), Catalog(), ms(NOW)) is None


def test_utc_is_what_the_store_gives() -> None:
    found = outlook({}, first_at={"captured": utc(f"{DAY} 11:00:00")})
    assert found.steps[0].at == ms(f"{DAY} 11:00:00")
