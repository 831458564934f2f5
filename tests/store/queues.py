"""States of queues in the store, as the collector's records and those of OpenTelemetry's Collector bring them there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from collector.brokers.queue_series import QueueState, points_of
from collector.own_points import record_of
from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.loading.decoder import decode


def tell(store: Store, source: str, queue: str, *states: tuple[datetime, dict[str, Any]], reader: str = "") -> None:
    """Write the states of one queue at these moments: ``{"waiting": 3}`` and so on."""
    for number, (at, figures) in enumerate(states):
        moment = to_milliseconds(at)
        record = record_of(points_of({(source, queue, reader): (QueueState(queue, reader, **figures), moment)}), moment)
        _load(store, record, number)


def send(
    store: Store,
    source: str,
    at: datetime,
    resource: dict[str, str],
    *points: tuple[str, dict[str, str], int],
    received: datetime | None = None,
) -> None:
    """Write points of metrics (name, attributes, value) that a sender tells of a resource; received then, or as soon as told."""
    came = to_milliseconds(received or at)
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    for name, text in resource.items():
        group.resource.attributes.add(key=name).value.string_value = text
    scope = group.scope_metrics.add()
    for name, attributes, value in points:
        point = scope.metrics.add(name=name).gauge.data_points.add(time_unix_nano=to_milliseconds(at) * 1_000_000, as_int=value)
        for each, text in attributes.items():
            point.attributes.add(key=each).value.string_value = text
    record = Record(SignalKind.METRICS, source, Lane.STANDARD, came, len(points), request.SerializeToString())
    _load(store, record, to_milliseconds(at))


def _load(store: Store, record: Record, slice_: int) -> None:
    rows = decode(record.kind, [record], slice_)
    store.insert_raw(rows.table, rows.content, "RowBinary", {}, rows.columns)
    store.last_slices[record.source] = store.revision()  # as the loader notes it
