"""A transaction's events fold into its state: the statement is pinned, and each rule is shown by the smallest history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from correlator.compile import compile_catalog
from correlator.fold import MOMENTS_MAX, fold_statement
from store.client import Store
from tests.correlator.golden import SMALL, check_golden
from tests.correlator.recording import FLOW, NOW, catalog

Event = tuple[str, float, dict[str, Any]]


def test_fold_is_the_pinned_one() -> None:
    check_golden("fold", fold_statement(compile_catalog(catalog(SMALL)).flows))


def folded(store: Store, *events: Event) -> dict[str, Any]:
    """Return the row of a transaction of these events: a milestone, seconds after NOW, and what else the row says."""
    rows = [
        {
            "flow": "orders",
            "transaction_id": "t",
            "milestone": milestone,
            "event_id": str(number),
            "event_time": NOW + timedelta(seconds=at),
            "failure": int(FLOW.milestones[milestone].failure),
            "keys": [("order", "A")],
            "facts": {},
            "cause": "",
            "active": 1,
            "revision": 5,
            **more,
        }
        for number, (milestone, at, more) in enumerate(events)
    ]
    store.insert("transaction_events", {name: [row[name] for row in rows] for name in rows[0]})
    store.command(fold_statement({"orders": FLOW}), {"after": 4, "revision": 9})
    (found,) = store.rows("SELECT * FROM transactions FINAL")
    return found


def test_a_transaction_is_open_until_an_end_is_reached(store: Store) -> None:
    row = folded(store, ("captured", 0, {}), ("booked", 1, {}))
    assert (row["state"], row["stage"], row["ended_at"], row["revision"], row["events"]) == ("open", "booked", None, 9, 2)


@pytest.mark.parametrize(
    ("events", "state", "after_seconds"),
    [
        ([("invoiced", 5, {}), ("invoiced", 9, {})], "completed", 5),  # the earliest
        ([("withdrawn", 3, {}), ("invoiced", 5, {})], "cancelled", 3),
        ([("invoiced", 3, {}), ("withdrawn", 5, {})], "completed", 3),
        ([("invoiced", 3, {}), ("withdrawn", 3, {})], "completed", 3),  # at one moment the end decides
    ],
)
def test_the_earliest_end_or_cancellation_decides(store: Store, events: list[Event], state: str, after_seconds: int) -> None:
    row = folded(store, ("captured", 0, {}), *events)
    assert (row["state"], row["ended_at"]) == (state, (NOW + timedelta(seconds=after_seconds)).replace(tzinfo=None))


def delivery(*values: str) -> dict[str, Any]:
    return {"keys": [("order", "A"), *(("delivery", value) for value in values)]}


@pytest.mark.parametrize(
    ("events", "after_seconds"),
    [
        ([("shipped", 1, delivery("D1", "D2")), ("invoiced", 2, delivery("D1"))], None),  # one of two is not the order
        ([("shipped", 1, delivery("D1", "D2")), ("invoiced", 2, delivery("D1")), ("invoiced", 4, delivery("D2"))], 4),
        ([("shipped", 1, delivery("D1", "D2")), ("invoiced", 2, delivery("D1", "D2")), ("invoiced", 4, delivery("D2"))], 2),
        ([("invoiced", 2, delivery("D1")), ("shipped", 3, delivery("D2"))], None),  # another one appears: it is open again
        ([("shipped", 1, delivery("D1")), ("invoiced", 2, {})], None),  # which one was invoiced is not said
        ([("shipped", 1, {}), ("invoiced", 2, {})], 2),
    ],
)
def test_an_end_that_names_deliveries_has_come_when_all_of_them_are_there(
    store: Store, events: list[Event], after_seconds: int | None
) -> None:
    row = folded(store, ("captured", 0, {}), *events)
    ended = None if after_seconds is None else (NOW + timedelta(seconds=after_seconds)).replace(tzinfo=None)
    assert (row["state"], row["ended_at"]) == ("open" if ended is None else "completed", ended)


def test_every_moment_of_a_milestone_that_repeats_is_kept_up_to_a_limit(store: Store) -> None:
    many = MOMENTS_MAX + 5
    twice = [("booked", 1, {}), ("booked", 1, {}), ("booked", 3, {})]
    row = folded(store, ("captured", 0, {}), *twice, *[("shipped", number, {}) for number in range(many)])
    assert list(row["moments"]) == ["shipped"]
    assert row["moments"]["shipped"] == [(NOW + timedelta(seconds=number)).replace(tzinfo=None) for number in range(5, many)]


@pytest.mark.parametrize(
    ("events", "failed"),
    [
        ([("rejected", 1, {"cause": "price"})], ("rejected", "booked", "price")),
        ([("rejected", 1, {"cause": "price"}), ("shipped", 2, {})], ("rejected", "booked", "price")),  # another step is not the one
        ([("rejected", 1, {"cause": "price"}), ("booked", 2, {})], ("", "", "")),
        ([("rejected", 1, {"cause": "price"}), ("booked", 1, {})], ("rejected", "booked", "price")),  # not later
        ([("rejected", 1, {"cause": "price"}), ("rejected", 2, {"cause": "stock"})], ("rejected", "booked", "stock")),
        ([("stuck", 1, {"cause": "jam"})], ("stuck", "stuck", "jam")),
        ([("stuck", 1, {"cause": "jam"}), ("shipped", 2, {})], ("", "", "")),  # without a stage, any success overcomes it
    ],
)
def test_a_failure_holds_until_its_stage_succeeds(store: Store, events: list[Event], failed: tuple[str, str, str]) -> None:
    row = folded(store, ("captured", 0, {}), *events)
    assert (row["failed_milestone"], row["failed_stage"], row["cause"]) == failed
    assert (row["failed_at"] is None) == (failed == ("", "", ""))


def test_the_latest_value_of_a_fact_holds_and_of_one_moment_the_higher_id(store: Store) -> None:
    row = folded(
        store,
        ("booked", 2, {"facts": {"amount": "9", "currency": "EUR"}}),
        ("captured", 0, {"facts": {"amount": "1", "plant": "DE"}}),
        ("shipped", 2, {"facts": {"amount": "10"}}),
    )
    assert row["facts"] == {"amount": "10", "currency": "EUR", "plant": "DE"}


def test_the_stage_is_the_furthest_in_the_flow_and_not_the_latest(store: Store) -> None:
    row = folded(store, ("shipped", 0, {}), ("captured", 9, {}), ("rejected", 10, {}))
    assert row["stage"] == "shipped"
    assert (row["started_at"], row["updated_at"]) == (NOW.replace(tzinfo=None), (NOW + timedelta(seconds=10)).replace(tzinfo=None))


def test_the_reference_is_of_the_first_type_of_key_that_there_is(store: Store) -> None:
    row = folded(store, ("captured", 0, {"keys": [("delivery", "D2"), ("ticket", "T")]}), ("booked", 1, {"keys": [("delivery", "D1")]}))
    assert row["reference"] == "T"
    assert row["keys"] == {"delivery": ["D1", "D2"], "ticket": ["T"]}


def test_a_milestone_is_reached_by_each_key_that_there_may_be_many_of(store: Store) -> None:
    keys = [("order", "A"), ("delivery", "D1")]
    row = folded(store, ("shipped", 3, {"keys": keys}), ("shipped", 1, {"keys": keys}), ("shipped", 2, {"keys": [("delivery", "D2")]}))
    at = {each["value"]: each["at"] for each in row["reached"]["shipped"]}
    assert at == {f"D{n}": (NOW + timedelta(seconds=n)).replace(tzinfo=None) for n in (1, 2)}


def test_only_what_changed_and_is_a_transaction_is_folded(store: Store) -> None:
    row = {"flow": ["orders"] * 2, "transaction_id": ["old", "@invoice:I"], "milestone": ["captured"] * 2, "event_id": ["1", "2"]}
    store.insert("transaction_events", {**row, "event_time": [NOW] * 2, "active": [1, 1], "revision": [4, 5]})
    assert folded(store, ("captured", 0, {}), ("booked", 1, {"active": 0}))["events"] == 1
