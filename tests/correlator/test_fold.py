"""A transaction's events fold into its state: each rule is shown by the smallest history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from core.catalog.flow import Flow
from correlator.fold import MOMENTS_MAX, Fold
from tests.correlator.recording import FLOW, NOW

Event = tuple[str, float, dict[str, Any]]
_SCHEMA = pa.schema(
    {
        "flow": pa.string(),
        "transaction_id": pa.string(),
        "milestone": pa.string(),
        "event_id": pa.string(),
        "event_time": pa.timestamp("ms", "UTC"),
        "failure": pa.uint8(),
        "keys": pa.list_(pa.struct({"type": pa.string(), "value": pa.string()})),
        "facts": pa.map_(pa.string(), pa.string()),
        "cause": pa.string(),
    }
)


def events_of(*events: Event) -> pa.Table:
    """Return rows of a transaction: a milestone, seconds after NOW, and what else the row says."""
    rows = [
        {
            "flow": "orders",
            "transaction_id": "t",
            "milestone": milestone,
            "event_id": str(number),
            "event_time": NOW + timedelta(seconds=at),
            "failure": int(milestone in FLOW.milestones and FLOW.milestones[milestone].failure),
            "keys": [("order", "A")],
            "facts": {},
            "cause": "",
            **more,
        }
        for number, (milestone, at, more) in enumerate(events)
    ]
    for row in rows:
        row["keys"] = [{"type": type_, "value": value} for type_, value in row["keys"]]
        row["facts"] = list(row["facts"].items())
    return pa.Table.from_pylist(rows, _SCHEMA)


def all_folded(events: pa.Table, flows: Mapping[str, Flow] | None = None) -> list[dict[str, Any]]:
    """Return the rows of the transactions of these events."""
    return Fold(flows or {"orders": FLOW})(events).to_pylist(maps_as_pydicts="strict")


def folded(*events: Event) -> dict[str, Any]:
    (found,) = all_folded(events_of(*events))
    return found


def test_a_transaction_is_open_until_an_end_is_reached() -> None:
    row = folded(("captured", 0, {}), ("booked", 1, {}))
    assert (row["state"], row["stage"], row["ended_at"], row["events"]) == ("open", "booked", None, 2)


@pytest.mark.parametrize(
    ("events", "state", "after_seconds"),
    [
        ([("invoiced", 5, {}), ("invoiced", 9, {})], "completed", 5),  # the earliest
        ([("withdrawn", 3, {}), ("invoiced", 5, {})], "cancelled", 3),
        ([("invoiced", 3, {}), ("withdrawn", 5, {})], "completed", 3),
        ([("invoiced", 3, {}), ("withdrawn", 3, {})], "completed", 3),  # at one moment the end decides
    ],
)
def test_the_earliest_end_or_cancellation_decides(events: list[Event], state: str, after_seconds: int) -> None:
    row = folded(("captured", 0, {}), *events)
    assert (row["state"], row["ended_at"]) == (state, (NOW + timedelta(seconds=after_seconds)))


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
def test_an_end_that_names_deliveries_has_come_when_all_of_them_are_there(events: list[Event], after_seconds: int | None) -> None:
    row = folded(("captured", 0, {}), *events)
    ended = None if after_seconds is None else (NOW + timedelta(seconds=after_seconds))
    assert (row["state"], row["ended_at"]) == ("open" if ended is None else "completed", ended)


def test_every_moment_of_a_milestone_that_repeats_is_kept_up_to_a_limit() -> None:
    many = MOMENTS_MAX + 5
    twice = [("booked", 1, {}), ("booked", 1, {}), ("booked", 3, {})]
    row = folded(("captured", 0, {}), *twice, *[("shipped", number, {}) for number in range(many)])
    assert list(row["moments"]) == ["shipped"]
    assert row["moments"]["shipped"] == [(NOW + timedelta(seconds=number)) for number in range(5, many)]


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
def test_a_failure_holds_until_its_stage_succeeds(events: list[Event], failed: tuple[str, str, str]) -> None:
    row = folded(("captured", 0, {}), *events)
    assert (row["failed_milestone"], row["failed_stage"], row["cause"]) == failed
    assert (row["failed_at"] is None) == (failed == ("", "", ""))


def test_the_latest_value_of_a_fact_holds_and_of_one_moment_the_higher_id() -> None:
    row = folded(
        ("booked", 2, {"facts": {"amount": "9", "currency": "EUR"}}),
        ("captured", 0, {"facts": {"amount": "1", "plant": "DE"}}),
        ("shipped", 2, {"facts": {"amount": "10"}}),
    )
    assert row["facts"] == {"amount": "10", "currency": "EUR", "plant": "DE"}


def test_a_company_is_what_the_fact_of_its_role_said_last():
    vendor = FLOW.model_validate(
        {**FLOW.model_dump(by_alias=True), "facts": {"vendor": {"party": "supplier"}, "carrier": {}, "customer": {}}}
    )
    events = events_of(
        ("captured", 0, {"facts": {"vendor": "Stahl AG", "customer": "ACME", "supplier": "no fact of this flow"}}),
        ("booked", 1, {"facts": {"vendor": "Nord AG"}}),
    )
    (row,) = all_folded(events, {"orders": vendor})
    assert (row["customer"], row["supplier"], row["carrier"]) == ("ACME", "Nord AG", "")
    (row,) = all_folded(events, {"others": vendor})
    assert (row["customer"], row["supplier"], row["carrier"]) == ("", "", ""), "a flow that the catalog does not know declares no role"


def test_the_stage_is_the_furthest_in_the_flow_and_not_the_latest() -> None:
    row = folded(("shipped", 0, {}), ("captured", 9, {}), ("rejected", 10, {}))
    assert row["stage"] == "shipped"
    assert (row["started_at"], row["updated_at"]) == (NOW, (NOW + timedelta(seconds=10)))


def test_the_reference_is_of_the_first_type_of_key_that_there_is() -> None:
    row = folded(("captured", 0, {"keys": [("delivery", "D2"), ("ticket", "T")]}), ("booked", 1, {"keys": [("delivery", "D1")]}))
    assert row["reference"] == "T"
    assert row["keys"] == {"delivery": ["D1", "D2"], "ticket": ["T"]}


def test_a_milestone_is_reached_by_each_key_that_there_may_be_many_of() -> None:
    keys = [("order", "A"), ("delivery", "D1")]
    row = folded(("shipped", 3, {"keys": keys}), ("shipped", 1, {"keys": keys}), ("shipped", 2, {"keys": [("delivery", "D2")]}))
    at = {each["value"]: each["at"] for each in row["reached"]["shipped"]}
    assert at == {f"D{n}": (NOW + timedelta(seconds=n)) for n in (1, 2)}


def test_times_are_of_the_earliest_and_the_latest_event_in_the_order_in_which_milestones_were_reached() -> None:
    row = folded(("shipped", 5, {}), ("booked", 1, {}), ("shipped", 2, {}), ("booked", 9, {}))
    assert list(row["first_at"].items()) == [("booked", NOW + timedelta(seconds=1)), ("shipped", NOW + timedelta(seconds=2))]
    assert list(row["last_at"].items()) == [("booked", NOW + timedelta(seconds=9)), ("shipped", NOW + timedelta(seconds=5))]


def test_transactions_that_are_folded_together_are_folded_as_alone() -> None:
    """Of one flow and another, of one id in both, with and without what there may be many of, in any order of their rows."""
    other = Flow.model_validate({**FLOW.model_dump(mode="json", by_alias=True), "flow": "returns", "ends": ["shipped"], "cancels": []})
    flows = {"orders": FLOW, "returns": other}
    parts = [
        events_of(("captured", 0, {}), ("rejected", 1, {"cause": "price"}), ("invoiced", 2, {"facts": {"amount": "1"}})),
        events_of(("shipped", 4, {"keys": [("delivery", "D2"), ("delivery", "D1")]}), ("stuck", 5, {"transaction_id": "t"})),
        events_of(("withdrawn", 3, {"facts": {"amount": "2", "plant": "DE"}, "keys": []})),
        events_of(("booked", 6, {"keys": [("order", "A"), ("delivery", "D1")]}), ("rejected", 7, {}), ("booked", 8, {})),
    ]
    names = [("orders", "a"), ("returns", "a"), ("orders", "b"), ("returns", "c")]
    for position, (flow, transaction) in enumerate(names):
        for column, value in (("flow", flow), ("transaction_id", transaction)):
            part = parts[position]
            parts[position] = part.set_column(_SCHEMA.get_field_index(column), column, pa.array([value] * len(part)))
    whole = pa.concat_tables(parts)
    together = all_folded(whole.take(list(range(len(whole)))[::-1]), flows)
    alone = [row for part in parts for row in all_folded(part, flows)]

    def by_name(row: dict[str, Any]) -> tuple[str, str]:
        return row["flow"], row["transaction_id"]

    assert sorted(together, key=by_name) == sorted(alone, key=by_name)


def test_what_the_catalog_has_no_more_is_folded_as_far_as_it_goes() -> None:
    events = events_of(("captured", 0, {"keys": [("order", "A"), ("gone", "G")]}), ("gone", 1, {"keys": [("gone", "G")]}))
    (row,) = all_folded(events)
    assert (row["stage"], row["reference"], row["keys"], row["events"]) == ("captured", "A", {"order": ["A"], "gone": ["G"]}, 2)
    (row,) = all_folded(events, {"returns": FLOW})
    assert (row["state"], row["stage"], row["reference"]) == ("open", "gone", "")


def test_bytes_that_are_no_text_are_passed_on() -> None:
    events = events_of(("rejected", 0, {"cause": "?", "facts": {"amount": "?"}}))
    raw = pa.array([b"\xff"]).view(pa.string())
    events = events.set_column(_SCHEMA.get_field_index("cause"), "cause", raw)
    assert Fold({"orders": FLOW})(events)["cause"].cast(pa.binary()).to_pylist() == [b"\xff"]


def test_the_reference_is_the_key_as_its_first_sender_writes_it() -> None:
    flow = FLOW.model_copy(update={"keys": {"order": FLOW.keys["order"].model_copy(update={"strip_leading": "0", "case": "upper"})}})

    def reference(*written: tuple[str, float]) -> tuple[str, dict[str, str]]:
        events = events_of(
            *(("captured", at, {"keys": [("order", "81A")], "facts": {"@written": text, "plant": "P"}}) for text, at in written)
        )
        (row,) = all_folded(events, {"orders": flow})
        return row["reference"], row["facts"]

    assert reference(("081a", 0)) == ("081a", {"plant": "P"})
    assert reference((" 0081A ", 5), ("081A", 0), ("81a", 9))[0] == "081A", "the earliest, whatever the order of arrival"
    assert reference(("other", 0))[0] == "81A", "another key than the one it is known by"
    assert all_folded(events_of(("captured", 0, {"keys": [("order", "81A")]})), {"orders": flow})[0]["reference"] == "81A"
    assert all_folded(events_of(("captured", 0, {"keys": [("order", "81A")]})), {})[0]["reference"] in {"81A", ""}
