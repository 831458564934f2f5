"""The course of one transaction: what is said of it, what the ledger keeps, and how faults hit it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plant.course import Course
from plant.faults import ALWAYS, Fault, FaultName
from plant.hours import REGENSBURG, ROCKFORD, Site

LIVE = datetime(2026, 3, 3, 9, tzinfo=UTC)


def course(*faults: Fault, number: int = 1, site: Site = REGENSBURG) -> Course:
    return Course("orders", number, LIVE, site, "7", faults, LIVE)


def always(name: FaultName, **more: Any) -> Fault:
    return Fault(name, start_minute=-ALWAYS, minutes=2 * ALWAYS, **more)


def test_keys_are_carried_from_a_parent_to_what_it_causes_and_no_further() -> None:
    told = course()
    root = told.span("crm", "submit", LIVE, 1, None, keys={"order": "1"})
    child = told.log("erp", "posted", LIVE, root, keys={"invoice": "9"})
    told.event("wms", "shipped", LIVE, child, {}, keys={"delivery": "D"})
    told.log("mes", "unrelated", LIVE, None)
    carried = {signal.name: dict(signal.carried) for signal in told.happening().signals}
    assert carried == {
        "submit": {"order": "1"},
        "posted": {"order": "1", "invoice": "9"},
        "shipped": {"order": "1", "invoice": "9", "delivery": "D"},
        "unrelated": {},
    }


def test_the_ledger_keeps_milestones_with_their_end_and_every_value_of_a_key_once() -> None:
    told = course()
    told.amount, told.party = 12.5, "ACME"
    root = told.span("crm", "submit", LIVE, 2, None, keys={"order": "1", "delivery": "D1"}, milestone="captured")
    told.span("wms", "load", LIVE + timedelta(minutes=1), 1, root, keys={"delivery": "D2"})
    truth = told.happening().truth
    assert [(reached.milestone, reached.at, dict(reached.keys)) for reached in truth.reached] == [
        ("captured", LIVE + timedelta(seconds=2), {"order": "1", "delivery": "D1"})
    ]
    assert truth.keys == {"order": ("1",), "delivery": ("D1", "D2")}
    assert (truth.amount, truth.party, truth.currency, truth.plant, truth.faults) == (12.5, "ACME", "EUR", "DE07", ())
    assert course(site=ROCKFORD).currency == "USD"


def test_signals_come_in_the_order_of_their_true_start() -> None:
    told = course()
    told.log("erp", "second", LIVE + timedelta(seconds=5), None)
    told.span("crm", "first", LIVE, 60, None)
    assert [signal.name for signal in told.happening().signals] == ["first", "second"]


def test_references_are_those_of_the_flow_and_number() -> None:
    told = course(number=42)
    assert [told.log("erp", "x", LIVE, None) for _ in range(2)] == ["orders/42/0", "orders/42/1"]


def test_the_same_seed_and_number_give_the_same_course_and_others_another() -> None:
    def drawn(told: Course) -> list[datetime]:
        return [told.after(LIVE, 0, 1000) for _ in range(5)]

    assert drawn(course()) == drawn(course())
    assert drawn(course()) != drawn(course(number=2))
    assert drawn(course()) != drawn(Course("other", 1, LIVE, REGENSBURG, "7", (), LIVE))


def test_a_fault_draws_from_its_own_luck_and_changes_nothing_else() -> None:
    usual, struck = course(), course(always(FaultName.DUPLICATE, share=0.5), always(FaultName.REORDERING, share=0.5, amount=10))
    for told in (usual, struck):
        for _ in range(20):
            told.log("erp", "x", told.after(LIVE, 0, 1000), None)
    before, after = usual.happening().signals, struck.happening().signals
    assert [signal.at for signal in before] == [signal.at for signal in after]
    assert {signal.copies for signal in after} == {1, 2}


@pytest.mark.parametrize(("low", "high"), [(0, 0), (2, 2), (1, 60)])
def test_a_delay_lies_between_its_ends_to_the_millisecond(low: float, high: float) -> None:
    at = course().after(LIVE, low, high)
    assert timedelta(seconds=low) <= at - LIVE <= timedelta(seconds=high)
    assert at.microsecond % 1000 == 0


@pytest.mark.parametrize(
    ("fault", "queue", "lost"),
    [
        (always(FaultName.LOST_MESSAGE), "q", True),
        (always(FaultName.LOST_MESSAGE, target="q"), "q", True),
        (always(FaultName.LOST_MESSAGE, target="other"), "q", False),
        (always(FaultName.LOST_MESSAGE, share=0), "q", False),
        (Fault(FaultName.LOST_MESSAGE, start_minute=1), "q", False),  # not yet
    ],
)
def test_a_message_is_lost_where_the_fault_is(fault: Fault, queue: str, lost: bool) -> None:
    told = course(fault)
    assert (told.hop(queue, LIVE, 1, 5) is None) == lost
    assert told.happening().truth.faults == (("lost-message",) if lost else ())


def test_a_queue_that_sticks_again_and_again_is_left_only_when_it_moves() -> None:
    sticks = Fault(FaultName.STUCK_QUEUE, minutes=10, every_minutes=10.5)
    taken = course(sticks).hop("q", LIVE, 0, 0)
    assert taken is not None
    assert sticks.stop_at(LIVE, taken) is None


def test_a_partner_is_slow_by_a_factor() -> None:
    usual, slow = course(), course(always(FaultName.SLOW_PARTNER, target="tms", amount=12))
    assert slow.slow("tms", LIVE, 10, 20) - LIVE == (usual.slow("tms", LIVE, 10, 20) - LIVE) * 12
    assert slow.slow("crm", LIVE, 10, 20) == usual.slow("crm", LIVE, 10, 20)


def test_a_wrong_clock_shows_in_what_a_system_says_and_not_in_the_ledger() -> None:
    told = course(always(FaultName.CLOCK_SKEW, target="wms", amount=-3))
    told.span("wms", "load", LIVE, 2, None, milestone="loaded")
    (signal,) = told.happening().signals
    assert (signal.start, signal.at) == (LIVE - timedelta(minutes=3), LIVE - timedelta(minutes=3) + timedelta(seconds=2))
    assert signal.order == LIVE
    assert signal.released_at == told.happening().truth.reached[0].at == LIVE + timedelta(seconds=2)


def test_a_silent_source_is_sent_when_it_is_heard_again_however_late_it_was_already() -> None:
    silence = Fault(FaultName.SILENT_SOURCE, minutes=30, target="tms")
    told = course(silence, always(FaultName.REORDERING, target="tms", amount=5))
    told.log("tms", "x", LIVE + timedelta(minutes=10), None)
    (signal,) = told.happening().signals
    assert signal.released_at == LIVE + timedelta(minutes=30)


def test_erp_rejects_by_flow() -> None:
    assert course(always(FaultName.ERP_REJECTION)).rejected(LIVE)
    assert course(always(FaultName.ERP_REJECTION, target="orders")).rejected(LIVE)
    assert not course(always(FaultName.ERP_REJECTION, target="purchases")).rejected(LIVE)
