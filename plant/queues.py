"""What stands in the queues of the plant's broker, told as OpenTelemetry's Collector tells it of RabbitMQ: each queue a resource."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from plant.emit import Outgoing, nanoseconds
from plant.signal import Passage

SERVICE = "rabbitmq"
_SCOPE = InstrumentationScope("github.com/open-telemetry/opentelemetry-collector-contrib/receiver/rabbitmqreceiver")


class Queues:
    """Counts what waits in each queue and how much was taken from it; moments may only rise."""

    def __init__(self) -> None:
        self._coming: list[tuple[datetime, str, int]] = []
        self._waiting: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()

    def add(self, passages: Iterable[Passage]) -> None:
        """Remember messages that pass a queue, now or later."""
        for passage in passages:
            heapq.heappush(self._coming, (passage.put_at, passage.queue, 1))
            heapq.heappush(self._coming, (passage.taken_at, passage.queue, -1))

    def told(self, now: datetime) -> list[Outgoing]:
        """Return what a broker that is asked ``now`` says of every queue that ever held a message."""
        while self._coming and self._coming[0][0] <= now:
            _, queue, change = heapq.heappop(self._coming)
            self._waiting[queue] += change
            self._taken[queue] += change < 0
        return [Outgoing(SERVICE, self._state(queue, nanoseconds(now))) for queue in sorted(self._waiting)]

    def _state(self, queue: str, now: int) -> ResourceMetrics:
        names = {"service.name": SERVICE, "deployment.environment.name": "simulation", "rabbitmq.node.name": "rabbit@plant"}
        resource = Resource({**names, "rabbitmq.queue.name": queue, "rabbitmq.vhost.name": "/"})
        current = [_point(now, self._waiting[queue], state="ready"), _point(now, 0, state="unacknowledged")]
        metrics = [
            _sum("rabbitmq.message.current", "The number of messages in the queue", current, monotonic=False),
            _sum("rabbitmq.message.acknowledged", "The number of messages acknowledged", [_point(now, self._taken[queue])], monotonic=True),
        ]
        return ResourceMetrics(resource, [ScopeMetrics(_SCOPE, metrics, "")], "")


def _point(now: int, value: int, **attributes: str) -> NumberDataPoint:
    return NumberDataPoint(attributes=attributes, start_time_unix_nano=now, time_unix_nano=now, value=value)


def _sum(name: str, description: str, points: list[NumberDataPoint], *, monotonic: bool) -> Metric:
    return Metric(name, description, "{messages}", Sum(points, AggregationTemporality.CUMULATIVE, monotonic))
