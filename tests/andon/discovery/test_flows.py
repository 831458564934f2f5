"""The order of milestones is that of most transactions."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

from andon.discovery.flows import in_order
from store.client import Store
from tests.andon.discovery.arrived import proposed, write_events, written
from tests.andon.discovery.fields import sort

FIRST, SECOND, THIRD = sort(1), sort(2), sort(3)


def pair(one: int, other: int, before: int, after: int) -> dict[tuple[int, int], dict[str, int]]:
    return {(one, other): {"both": before + after, "before": before}, (other, one): {"both": before + after, "before": after}}


def test_the_majority_decides_whatever_the_order_in_which_sorts_come() -> None:
    orders = {**pair(1, 2, 9, 1), **pair(2, 3, 6, 4), **pair(1, 3, 8, 2)}
    for sorts in permutations([FIRST, SECOND, THIRD]):
        assert in_order(sorts, orders) == [FIRST, SECOND, THIRD]


def test_sorts_that_never_meet_have_their_place_after_those_they_follow() -> None:
    orders = {**pair(1, 2, 9, 0), **pair(1, 3, 9, 0)}
    assert in_order([THIRD, SECOND, FIRST], orders)[0] == FIRST


def test_failures_cancellations_and_detours_are_optional(store: Store, tmp_path: Path) -> None:
    events = []
    for number in range(1_000, 1_100):
        said = [("placed", 0), *([("blocked", 1), ("released", 2)] if number % 5 == 0 else []), ("booked", 3), ("order.shipped", 4)]
        said = [("placed", 0), ("cancelled", 1)] if number % 10 == 1 else said
        events += [(type_, f"2026-03-20T{hour:02d}:00:{number % 60:02d}Z", {"order": f"SO-{number}"}) for type_, hour in said]
    write_events(store, events)
    spans = range(1_000, 1_100)
    store.insert(
        "spans",
        {
            "slice": [1] * 100, "source": ["default"] * 100, "received_at": ["2026-04-01 00:00:00"] * 100, "service": ["erp"] * 100,
            "name": ["post"] * 100, "trace_id": [f"{n:032x}" for n in spans], "span_id": [f"{n:016x}" for n in spans],
            "start_time": ["2026-03-20 03:30:00"] * 100, "status": ["error" if n % 10 == 2 else "ok" for n in spans],
            "attributes": [{"order.id": f"SO-{n}", **({"error.type": "LOCKED"} if n % 10 == 2 else {})} for n in spans],
        },
    )  # fmt: skip
    flow = written(proposed(store), tmp_path)[0].flows["order"]
    assert [name for name, each in flow.milestones.items() if not each.optional] == ["placed", "booked", "post", "shipped"]
    assert (flow.ends, flow.cancels) == (["shipped"], ["cancelled"])
    failed = flow.milestones["post-failed"]
    assert (failed.failure, failed.stage, failed.cause, failed.match.status) == (True, "post", "attributes.error.type", "error")
    order = list(flow.milestones)
    assert order.index("placed") < order.index("blocked") < order.index("released") < order.index("booked")
