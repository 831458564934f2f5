"""Candidates: which changed clocks and transactions belong to an incident, how grave they are, and what is at stake."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alerts.members import CANDIDATE, RANKS, candidates, naive, ranks, together
from core.catalog.catalog import Catalog
from core.catalog.flow import Through
from core.verdict import Verdict
from tests.alerts.clocks import at, clocks, transactions
from tests.alerts.messages import NOW
from tests.alerts.shop import CATALOG

NONE = pd.DataFrame()
CRITICAL, WARNING, INFO = RANKS["critical"], RANKS["warning"], RANKS["info"]


def of_clock(verdict: str = "breached", **changes: Any) -> dict[str, Any]:
    (row,) = candidates(clocks(verdict, **changes), NONE, CATALOG, NOW).to_dict("records")
    return row


def of_transaction(**changes: Any) -> dict[str, Any]:
    (row,) = candidates(NONE, transactions(**changes), CATALOG, NOW).to_dict("records")
    return row


def test_a_moment_is_carried_in_utc_without_a_zone():
    assert naive(datetime.fromisoformat("2026-03-02T11:00:00.123456+01:00")) == np.datetime64("2026-03-02T10:00:00.123")


def test_where_nothing_has_changed_there_are_no_candidates():
    assert list(candidates(NONE, NONE, CATALOG, NOW).columns) == CANDIDATE
    assert together([NONE, NONE]).empty


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_clock_holds_while_its_promise_is_in_danger_broken_or_unknown(verdict: Verdict):
    assert of_clock(verdict.value)["holds"] is (verdict.value in {"at_risk", "breached", "unknown"})
    assert of_clock(verdict.value, removed=1)["holds"] is False, "a clock that was removed holds nothing"


def test_a_clock_brings_its_cause_owner_and_what_is_at_stake():
    row = of_clock(cause="CREDIT", owner="finance", value=12.5, penalty=3.0, runbook="book", moment=NOW - timedelta(hours=1))

    assert (row["stage"], row["cause"], row["owner"], row["runbook"]) == ("booked", "CREDIT", "finance", "book")
    assert (row["value"], row["currency"], row["penalty"], row["customer"], row["plant"]) == (12.5, "EUR", 3.0, "ACME", "DE07")
    assert row["joined_at"] == at(NOW - timedelta(hours=1)), "it has been in it since its verdict"


def test_all_that_a_queue_holds_up_is_held_at_the_milestone_behind_it():
    behind = CATALOG.flows["orders"].milestones["booked"].model_copy(update={"through": Through(source="broker", queue="orders.in")})
    flow = CATALOG.flows["orders"].model_copy(update={"milestones": {**CATALOG.flows["orders"].milestones, "booked": behind}})
    for cause, stage in (("queue-stopped:broker/orders.in", "booked"), ("queue-stopped:broker/other", "shipped"), ("overdue", "shipped")):
        (row,) = candidates(clocks("at_risk", stage="shipped", cause=cause), NONE, Catalog(flows={"orders": flow}), NOW).to_dict("records")
        assert (row["stage"], row["cause"]) == (stage, cause)


@pytest.mark.parametrize(("changes", "field", "value"), [({"cause": ""}, "cause", "overdue"), ({"owner": ""}, "owner", "order-desk")])
def test_what_a_clock_does_not_say_is_filled_in(changes: dict[str, Any], field: str, value: str):
    assert of_clock(**changes)[field] == value


@pytest.mark.parametrize(
    ("verdict", "severity", "rank"),
    [
        ("breached", "critical", CRITICAL),
        ("at_risk", "critical", WARNING),
        ("unknown", "critical", WARNING),
        ("breached", "info", INFO),
        ("at_risk", "info", INFO),
        ("breached", "", WARNING),
    ],
)
def test_a_clock_is_at_most_a_warning_until_it_is_late(verdict: str, severity: str, rank: int):
    assert of_clock(verdict, severity=severity)["rank"] == rank


@pytest.mark.parametrize(
    ("changes", "holds", "verdict"),
    [
        ({}, True, "failed"),
        ({"failed_milestone": ""}, False, "open"),
        ({"state": "completed"}, True, "failed"),
        ({"state": "cancelled"}, False, "cancelled"),
        ({"state": "merged"}, False, "merged"),
    ],
)
def test_a_transaction_holds_while_it_has_failed_and_is_not_over(changes: dict[str, Any], holds: bool, verdict: str):
    row = of_transaction(**changes)

    assert (row["holds"], row["verdict"], row["sla"]) == (holds, verdict, "")


def test_a_failed_transaction_takes_owner_money_and_gravity_from_the_promise_that_it_endangers():
    facts = {"amount": "99.50", "currency": "USD", "customer": "Globex", "plant": "US01"}
    row = of_transaction(facts=facts)

    assert (row["owner"], row["rank"], row["runbook"]) == ("bookkeeping", CRITICAL, "refused")
    assert (row["value"], row["currency"], row["customer"], row["plant"]) == (99.5, "USD", "Globex", "US01")
    assert row["penalty"] == 0.0, "what lateness costs is said by the clocks"
    assert row["joined_at"] == at(NOW)


@pytest.mark.parametrize(
    ("changes", "owner", "rank"),
    [
        ({"failed_stage": "shipped"}, "order-desk", INFO),
        ({"failed_stage": "captured"}, "order-desk", WARNING),
        ({"flow": "gone"}, "", WARNING),
    ],
)
def test_a_stage_without_a_promise_of_its_own_falls_back_to_the_flow(changes: dict[str, Any], owner: str, rank: int):
    row = of_transaction(**changes)

    assert (row["owner"], row["rank"]) == (owner, rank)


@pytest.mark.parametrize("amount", ["", "many", "nan", "inf", "-inf"])
def test_an_amount_that_is_no_number_is_worth_nothing(amount: str):
    assert of_transaction(facts={"amount": amount})["value"] == 0.0


def test_a_failure_without_a_cause_is_called_one():
    assert of_transaction(cause="")["cause"] == "failed"


def test_of_the_same_clock_the_last_counts_and_a_clock_and_its_transaction_are_two():
    changed = pd.concat([clocks("breached"), clocks("met_late")], ignore_index=True)
    found = candidates(changed, transactions(), CATALOG, NOW)

    assert list(zip(found["sla"], found["verdict"], strict=True)) == [("book", "met_late"), ("", "failed")]


def test_ranks_of_many_members_are_those_of_each():
    members = pd.DataFrame(
        [
            ("orders", "book", "booked", "breached"),
            ("orders", "book", "booked", "at_risk"),
            ("orders", "ship", "shipped", "breached"),
            ("orders", "removed", "booked", "breached"),
            ("orders", "", "booked", "failed"),
            ("andon", "", "disk-full", "failed"),
            ("gone", "", "x", "failed"),
        ],
        columns=["flow", "sla", "stage", "verdict"],
    )

    assert list(ranks(members, CATALOG)) == [CRITICAL, WARNING, INFO, WARNING, CRITICAL, CRITICAL, WARNING]
    assert list(ranks(members.iloc[:0], Catalog())) == []
