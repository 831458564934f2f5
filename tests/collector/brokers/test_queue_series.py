"""What of the states of queues is kept, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

from collector.brokers.queue_series import AGAIN_MILLISECONDS, FORGET_MILLISECONDS, QueueSeries, QueueState, age_seconds, points_of
from collector.own_points import record_of


def test_a_state_is_kept_when_it_has_changed_and_again_after_a_while() -> None:
    series = QueueSeries()
    series.note("erp", QueueState("orders", waiting=3), 1_000)
    series.note("erp", QueueState("orders", "import", waiting=3), 1_000)
    first = series.due()
    assert list(first) == [("erp", "orders", ""), ("erp", "orders", "import")]
    assert series.due() == first, "not on disk yet"
    series.keep(first)
    assert not series.due()
    series.note("erp", QueueState("orders", waiting=3), 1_000 + AGAIN_MILLISECONDS - 1)
    assert not series.due(), "it is as it was"
    series.note("erp", QueueState("orders", waiting=4), 1_000 + AGAIN_MILLISECONDS - 1)
    series.note("erp", QueueState("orders", "import", waiting=3), 1_000 + AGAIN_MILLISECONDS)
    assert len(series.due()) == 2
    series.keep(series.due())
    assert not series.due(), "what nobody tells of any more is not made up"


def test_a_queue_that_nobody_tells_of_any_more_is_forgotten() -> None:
    series = QueueSeries()
    for group in ("import-1", "import-2"):
        series.note("erp", QueueState("orders", group, waiting=3), 1_000)
    series.keep(series.due())
    series.note("erp", QueueState("orders", "import-2", waiting=3), 1_500)
    assert series.forget(1_000 + FORGET_MILLISECONDS) == []
    assert series.forget(1_001 + FORGET_MILLISECONDS) == [("erp", "orders", "import-1")]
    assert series.forget(1_001 + FORGET_MILLISECONDS) == []
    series.note("erp", QueueState("orders", "import-1", waiting=3), 700_000)
    assert list(series.due()) == [("erp", "orders", "import-1")], "as a new one"


def test_a_record_counts_what_is_known_of_each_queue() -> None:
    record = record_of(points_of({("erp", "orders", ""): (QueueState("orders", waiting=3, dead_letters=0), 1_000)}), 2_000)
    (group,) = MetricsData.FromString(record.body).resource_metrics
    points = {metric.name: metric.gauge.data_points[0] for metric in group.scope_metrics[0].metrics}
    assert {name: (point.as_double, point.time_unix_nano) for name, point in points.items()} == {
        "andon_queue_waiting_messages": (3.0, 1_000_000_000),
        "andon_queue_dead_letter_messages": (0.0, 1_000_000_000),
    }
    assert (record.source, record.count, record.received_at) == ("andon", 2, 2_000)


NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOON - timedelta(milliseconds=1_500), 1.5),
        (NOON + timedelta(hours=23), 0.0),
        (NOON + timedelta(days=2), None),
        (datetime(1970, 1, 2, tzinfo=UTC), None),
    ],
)
def test_what_a_sender_wrote_is_an_age_only_if_it_can_be_one(moment: datetime, expected: float | None) -> None:
    assert age_seconds(int(moment.timestamp() * 1000), NOON) == expected
