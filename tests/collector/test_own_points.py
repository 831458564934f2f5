"""Points that the collector tells of what it reads."""

from __future__ import annotations

from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

from collector.own_points import OwnPoint, record_of
from core.signal import SignalKind


def test_each_point_is_a_gauge_of_our_own_source() -> None:
    record = record_of([OwnPoint("a", 2.0, 1_000, {"source": "erp"}), OwnPoint("b", 0.0, 1_500)], 2_000)
    (group,) = MetricsData.FromString(record.body).resource_metrics
    first, second = group.scope_metrics[0].metrics
    assert (first.name, first.gauge.data_points[0].as_double, first.gauge.data_points[0].time_unix_nano) == ("a", 2.0, 1_000_000_000)
    assert [(each.key, each.value.string_value) for each in first.gauge.data_points[0].attributes] == [("source", "erp")]
    assert (second.name, second.gauge.data_points[0].as_double) == ("b", 0.0)
    assert [each.value.string_value for each in group.resource.attributes] == ["andon-collector"]
    assert (record.kind, record.source, record.count, record.received_at) == (SignalKind.METRICS, "andon", 2, 2_000)
