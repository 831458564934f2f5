"""Every fault does what it says, while it is on, and nothing else."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from plant.faults import Fault, FaultName, default_faults
from plant.model import Model
from plant.signal import Happening

LIVE = datetime(2026, 3, 3, 9, tzinfo=UTC)


def begun(*faults: Fault, count: int = 250) -> list[Happening]:
    return list(islice(Model(7, LIVE, 120, faults).arrivals(), count))


def orders(happenings: list[Happening]) -> list[Happening]:
    return [h for h in happenings if h.truth.flow == "order-to-cash"]


def times(happening: Happening) -> dict[str, datetime]:
    return {r.milestone: r.at for r in happening.truth.reached}


def minutes(happening: Happening, at: str) -> float:
    return (times(happening)[at] - LIVE) / timedelta(minutes=1)


def test_lost_message_never_comes() -> None:
    lost = [h for h in orders(begun(Fault(FaultName.LOST_MESSAGE, minutes=1e6, share=0.2, target="orders.inbound"))) if h.truth.faults]
    assert lost
    for happening in lost:
        assert list(times(happening))[-1] == "mapped"
        assert happening.signals[-1].name == "send orders.inbound"


def test_lost_message_is_sent_again_when_somebody_does() -> None:
    again = orders(begun(Fault(FaultName.LOST_MESSAGE, minutes=1e6, share=1, target="orders.inbound", amount=300), count=60))
    waits = [times(h)["dequeued"] - times(h)["mapped"] for h in again if "dequeued" in times(h)]
    assert waits
    assert min(waits) > timedelta(minutes=149)


def test_stuck_queue_holds_messages_until_it_moves() -> None:
    happenings = orders(begun(Fault(FaultName.STUCK_QUEUE, start_minute=10, minutes=30, target="orders.inbound")))
    held = [h for h in happenings if "mapped" in times(h) and 10 <= minutes(h, "mapped") < 40]
    assert len(held) > 10
    assert all(40 <= minutes(h, "dequeued") < 45 for h in held)
    free = [h for h in happenings if "mapped" in times(h) and (minutes(h, "mapped") < 8 or minutes(h, "mapped") >= 40)]
    assert all(times(h)["dequeued"] - times(h)["mapped"] < timedelta(minutes=2) for h in free)


def test_erp_rejection_has_a_cause_and_is_overcome() -> None:
    fault = Fault(FaultName.ERP_REJECTION, minutes=30, share=0.3, target="order-to-cash")
    struck = [h for h in begun(fault) if "rejected" in times(h)]
    assert len(struck) > 3
    for happening in struck:
        (failed,) = [s for s in happening.signals if s.milestone == "rejected"]
        assert failed.error
        assert failed.attributes["error.type"]
        assert times(happening)["booked"] > times(happening)["rejected"]
        assert minutes(happening, "rejected") < 30


def test_duplicates_are_sent_twice() -> None:
    signals = [s for h in begun(Fault(FaultName.DUPLICATE, minutes=1e6, share=0.5), count=40) for s in h.signals]
    assert {s.copies for s in signals} == {1, 2}


def test_reordering_overtakes() -> None:
    (first, *_) = orders(begun(Fault(FaultName.REORDERING, minutes=1e6, share=0.5, amount=30), count=20))
    released = [s.released_at for s in first.signals]
    assert released != sorted(released)
    assert all(timedelta(0) <= s.released_at - s.at <= timedelta(minutes=30) for s in first.signals)


def test_a_silent_source_is_heard_when_it_ends_while_business_goes_on() -> None:
    fault = Fault(FaultName.SILENT_SOURCE, start_minute=10, minutes=60, target="api-gateway")
    end = LIVE + timedelta(minutes=70)
    with_fault, without = begun(fault), begun()
    assert [h.truth.reached for h in with_fault] == [h.truth.reached for h in without]
    held = [s for h in with_fault for s in h.signals if s.released_at != s.at]
    assert held
    assert {s.service for s in held} == {"api-gateway"}
    assert {s.released_at for s in held} == {end}


def test_a_slow_partner_takes_longer() -> None:
    usual, slow = begun(count=120), begun(Fault(FaultName.SLOW_PARTNER, minutes=1e6, target="tms", amount=12), count=120)
    for before, after in zip(orders(usual), orders(slow), strict=True):
        if "tendered" in times(before):
            assert times(after)["tendered"] - times(after)["shipped"] > times(before)["tendered"] - times(before)["shipped"]
            assert times(after)["booked"] == times(before)["booked"]
    assert any("tender-refused" in times(h) for h in slow)


def test_clock_skew_shifts_what_the_system_says_not_what_happened() -> None:
    usual, skewed = begun(count=60), begun(Fault(FaultName.CLOCK_SKEW, minutes=1e6, target="wms", amount=5), count=60)
    for before, after in zip(usual, skewed, strict=True):
        assert before.truth.reached == after.truth.reached
        for straight, wrong in zip(before.signals, after.signals, strict=True):
            assert wrong.at - straight.at == timedelta(minutes=5 if straight.service == "wms" else 0)
            assert wrong.released_at == straight.released_at


@pytest.mark.parametrize("minute", [0, 39, 40, 180, 219, 220])
def test_a_fault_comes_again(minute: int) -> None:
    fault = Fault(FaultName.STUCK_QUEUE, minutes=40, every_minutes=180)
    stop = fault.stop_at(LIVE, LIVE + timedelta(minutes=minute))
    assert stop == (LIVE + timedelta(minutes=minute // 180 * 180 + 40) if minute % 180 < 40 else None)
    assert fault.stop_at(LIVE, LIVE - timedelta(minutes=1)) is None


def test_the_demo_has_something_to_act_on_within_the_first_minute() -> None:
    """At sixty times real time, the first minute is the first hour."""
    happenings = orders(begun(*default_faults(), count=120))
    rejected = [minutes(h, "rejected") for h in happenings if "rejected" in times(h)]
    assert min(rejected) < 20
    late = [h for h in happenings if "booked" in times(h) and times(h)["booked"] - h.truth.started_at > timedelta(minutes=15)]
    waiting_at_30 = [h for h in late if minutes(h, "captured") < 15]
    assert waiting_at_30
    booked = [h for h in happenings if "booked" in times(h)]
    assert len(late) < len(booked)
