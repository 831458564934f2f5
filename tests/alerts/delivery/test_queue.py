"""The queue of deliveries: what is next, what is on its way, what is withdrawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.delivery.delivery import Delivery
from alerts.delivery.queue import DeliveryQueue
from tests.alerts.delivery.deliveries import HOUR, MINUTE, SECOND, delivery
from tests.alerts.messages import NOW


def queue_of(*deliveries: Delivery) -> DeliveryQueue:
    queue = DeliveryQueue()
    for one in deliveries:
        queue.put(one)
    return queue


def taken(queue: DeliveryQueue, channel: str = "mail") -> list[str]:
    """Take all that is due and return the ids."""
    ids = []
    while len(ids) < 10 and (one := queue.next_due(channel, NOW)):
        queue.start(one)
        ids.append(one.delivery_id)
    return ids


def test_critical_ones_go_first_then_the_oldest():
    queue = queue_of(
        delivery("late warning", "i1", severity="warning", created_at=NOW - MINUTE),
        delivery("early warning", "i2", severity="warning", created_at=NOW - HOUR),
        delivery("late critical", "i3", created_at=NOW),
        delivery("early critical", "i4", created_at=NOW - SECOND),
    )

    assert taken(queue) == ["early critical", "late critical", "early warning", "late warning"]


def test_what_is_on_its_way_is_not_given_out_again_until_it_is_back():
    one = delivery("dlv_1")
    queue = queue_of(one, delivery("dlv_2", channel="pager"))

    assert (taken(queue), taken(queue), taken(queue, "pager")) == (["dlv_1"], [], ["dlv_2"])
    assert queue.is_in_flight(one.key)
    assert queue.waiting() == []
    queue.end(one)
    assert (queue.is_in_flight(one.key), taken(queue)) == (False, ["dlv_1"])


def test_what_is_not_due_waits():
    queue = queue_of(delivery(next_attempt_at=NOW + SECOND))

    assert queue.next_due("mail", NOW) is None
    assert queue.next_due("mail", NOW + SECOND) is not None


@pytest.mark.parametrize("state", ["sent", "failed", "superseded"])
def test_what_is_done_with_is_not_kept(state: str):
    queue = queue_of(delivery("dlv_1"))
    queue.put(delivery("dlv_1", state=state))
    queue.put(delivery("dlv_2", state=state))

    assert (len(queue), queue.keys()) == (0, set())


def test_what_waits_is_withdrawn_for_something_newer_and_what_is_on_its_way_is_not():
    flying, waiting, other = delivery("flying"), delivery("waiting"), delivery("other", "i2")
    queue = queue_of(flying, waiting, other)
    queue.start(flying)

    assert queue.withdraw(("i1", "mail")) == [waiting]
    assert queue.withdraw(("i1", "mail")) == []
    assert queue.waiting() == [other]
    assert len(queue) == 2


def test_the_queue_is_bounded_by_incidents_and_channels():
    queue = DeliveryQueue()
    for number in range(1000):
        one = delivery(f"dlv_{number}", f"i{number % 3}", ("mail", "pager")[number % 2])
        queue.withdraw(one.key)
        queue.put(one)

    assert len(queue) == 6
    assert {one.delivery_id for one in queue.waiting()} == {f"dlv_{number}" for number in range(994, 1000)}


def test_loading_keeps_what_is_on_its_way_and_takes_what_is_pending():
    flying, forgotten = delivery("flying", attempts=2), delivery("forgotten", "i2")
    queue = queue_of(flying, forgotten)
    queue.start(flying)
    queue.load([replace(flying, attempts=0), delivery("stored", "i3"), delivery("sent", "i4", state="sent")])

    assert queue.waiting() == [delivery("stored", "i3")]
    assert len(queue) == 2
    queue.end(flying)
    assert flying in queue.waiting()


def test_a_failing_channel_is_one_that_has_not_taken_something():
    failing, behind, fine = delivery("failing", attempts=1), delivery("behind", "i2"), delivery("fine", channel="pager")

    assert queue_of(behind, failing, fine).of_failing_channels() == [behind, failing]


def test_retry_now_makes_due_what_waited_and_moves_nothing_later():
    past, later = NOW - MINUTE, NOW + HOUR
    waits = delivery("waits", attempts=9, next_attempt_at=later)
    ahead = delivery("ahead", "i2", created_at=later)  # made before the clock was set back
    due = delivery("due", "i3", created_at=past)
    other = delivery("other", channel="pager", next_attempt_at=later)
    queue = queue_of(waits, ahead, due, other)
    queue.retry_now({"mail"}, NOW)

    assert queue.waiting() == [
        replace(waits, next_attempt_at=NOW),
        replace(ahead, next_attempt_at=NOW, created_at=NOW),
        due,
        other,
    ]
