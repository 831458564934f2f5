"""What stands in the plant's queues, as the Collector tells it of RabbitMQ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from opentelemetry.sdk.metrics.export import ResourceMetrics, Sum

from plant.course import Course
from plant.faults import Fault, FaultName
from plant.hours import REGENSBURG
from plant.queues import Queues
from plant.signal import Passage

AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
INBOUND = "orders.inbound"


def minute(number: float) -> datetime:
    return AT + timedelta(minutes=number)


def figures(queues: Queues, at: datetime) -> dict[str, tuple[float, float]]:
    """Return by queue how many messages are ready and how many were acknowledged."""
    found = {}
    for out in queues.told(at):
        assert isinstance(out.data, ResourceMetrics)
        current, done = (metric.data for metric in out.data.scope_metrics[0].metrics)
        assert isinstance(current, Sum)
        assert isinstance(done, Sum)
        (ready,) = (point.value for point in current.data_points if dict(point.attributes or {}) == {"state": "ready"})
        found[str(out.data.resource.attributes["rabbitmq.queue.name"])] = (ready, done.data_points[0].value)
    return found


def test_a_message_waits_from_when_it_is_put_until_it_is_taken() -> None:
    queues = Queues()
    queues.add([Passage(INBOUND, minute(0), minute(2)), Passage(INBOUND, minute(1), minute(5)), Passage("other", minute(4), minute(6))])
    assert figures(queues, minute(-1)) == {}
    assert figures(queues, minute(1)) == {INBOUND: (2, 0)}
    assert figures(queues, minute(4)) == {INBOUND: (1, 1), "other": (1, 0)}
    assert figures(queues, minute(6)) == {INBOUND: (0, 2), "other": (0, 1)}


def passage(*faults: Fault) -> list[Passage]:
    course = Course("order-to-cash", 1, AT, REGENSBURG, "seed", faults, AT)
    course.hop(INBOUND, AT, 2, 60)
    return list(course.happening().passages)


def test_a_message_stays_in_a_queue_that_is_stuck_and_one_that_was_lost_is_in_none_until_it_is_sent_again() -> None:
    (usual,) = passage()
    assert (usual.queue, usual.put_at) == (INBOUND, AT)
    assert usual.taken_at <= minute(1)
    (stuck,) = passage(Fault(FaultName.STUCK_QUEUE, minutes=30, target=INBOUND))
    assert (stuck.put_at, stuck.taken_at > minute(30)) == (AT, True)
    assert passage(Fault(FaultName.LOST_MESSAGE)) == []
    (again,) = passage(Fault(FaultName.LOST_MESSAGE, amount=100))
    assert again.put_at >= minute(50)
    assert again.taken_at - again.put_at == usual.taken_at - AT
