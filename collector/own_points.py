"""Points of metrics that the collector tells of what it reads; they reach the store through the journal, as those of Andon's own source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from core.catalog.source import OWN_SOURCE
from core.signal import Lane, Record, SignalKind

SERVICE = "andon-collector"


@dataclass(frozen=True, slots=True)
class OwnPoint:
    """``at``: milliseconds since 1970 UTC."""

    name: str
    value: float
    at: int
    attributes: Mapping[str, str] = field(default_factory=dict)


def record_of(points: Iterable[OwnPoint], now: int) -> Record:
    """Return the record that keeps points: one gauge for each."""
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.add(key="service.name").value.string_value = SERVICE
    metrics = group.scope_metrics.add().metrics
    for each in points:
        point = metrics.add(name=each.name).gauge.data_points.add(time_unix_nano=each.at * 1_000_000, as_double=each.value)
        for name, text in each.attributes.items():
            point.attributes.add(key=name).value.string_value = text
    return Record(SignalKind.METRICS, OWN_SOURCE, Lane.STANDARD, now, len(metrics), request.SerializeToString())
