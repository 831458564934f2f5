"""The manufacturer as a discrete-event simulation: pure, seeded, and the same at any speed.

A transaction's whole course is decided the moment it begins, by its own random numbers; the heap then plays back the decisions in order of
time. Nothing here reads a clock or does I/O.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from plant.course import Course
from plant.faults import Fault
from plant.flows import order_to_cash, plan_to_produce, procure_to_pay
from plant.hours import REGENSBURG, ROCKFORD, Site
from plant.queues import Queues
from plant.signal import Happening, Signal

Play = Callable[[Course], None]

# Flow and its share of all transactions.
FLOWS: dict[str, tuple[Play, float]] = {
    order_to_cash.FLOW: (order_to_cash.play, 0.6),
    procure_to_pay.FLOW: (procure_to_pay.play, 0.2),
    plan_to_produce.FLOW: (plan_to_produce.play, 0.2),
}
SERVICES = (
    "crm", "api-gateway", "order-router", "edi-gateway", "sap-connector", "sap-idoc", "sap-ecc", "rabbitmq", "wms", "tms",
    "supplier-portal", "mes",
)  # fmt: skip
_NUMBERS_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_CHECK_EVERY = timedelta(minutes=10)


class Model:
    """Simulates the manufacturer from ``start - history`` on; faults count from the moment ``live`` (aware).

    Transaction numbers begin with the minute of ``live``, so that a later plant never reuses them.
    """

    def __init__(self, seed: int, live: datetime, rate: float, faults: Sequence[Fault] = ()) -> None:
        self.live = live.astimezone(UTC)
        self._seed = f"{seed}/{self.live.isoformat()}"
        self._rate = rate
        self._faults = tuple(faults)
        self._arrivals = Random(f"{self._seed}/arrivals")  # noqa: S311 - a simulation
        self._count = 0
        self._base = int((self.live - _NUMBERS_SINCE) / timedelta(minutes=1)) % 1_000_000 * 100_000

    def history(self, hours: float, transactions: int) -> Iterator[Happening]:
        """Yield about ``transactions`` that began in the ``hours`` before live, oldest first; call it before :meth:`arrivals`."""
        if hours <= 0 or transactions <= 0:
            return
        gap = timedelta(hours=hours / transactions)
        at = self.live - timedelta(hours=hours)
        while (at := at + gap * self._arrivals.expovariate(1)) < self.live:
            yield self._begin(at)

    def arrivals(self) -> Iterator[Happening]:
        """Yield the transactions that begin from live on, for ever."""
        at = self.live
        while True:
            at += timedelta(hours=self._arrivals.expovariate(self._rate))
            yield self._begin(at)

    def checks(self, begin: datetime, every: timedelta = _CHECK_EVERY) -> Iterator[Happening]:
        """Yield what the systems report about themselves from ``begin`` on, for ever: they are seen even when nothing happens."""
        number = int((begin - _NUMBERS_SINCE) / every)
        while True:
            number += 1
            at = _NUMBERS_SINCE + number * every
            course = Course("health", number, at, REGENSBURG, self._seed, self._faults, self.live)
            for place, service in enumerate(SERVICES):
                course.span(service, "GET /health", at + timedelta(seconds=place), 0.02, None, kind="server")
            yield course.happening()

    def _begin(self, at: datetime) -> Happening:
        self._count += 1
        number = self._base + self._count
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        course_random = self._arrivals
        flow = course_random.choices(list(FLOWS), [share for _, share in FLOWS.values()])[0]
        site: Site = REGENSBURG if course_random.random() < 0.65 else ROCKFORD
        course = Course(flow, number, at, site, self._seed, self._faults, self.live)
        FLOWS[flow][0](course)
        return course.happening()


class Schedule:
    """Signals in the order of their true start, from happenings in the order of theirs; and what stands in the queues."""

    def __init__(self, *streams: Iterator[Happening]) -> None:
        self.queues = Queues()
        self._streams = list(streams)
        self._heads = [next(stream) for stream in self._streams]
        self._heap: list[tuple[datetime, str, Signal]] = []

    def begin(self, happening: Happening) -> None:
        """Let a transaction begin, without its signals."""
        self.queues.add(happening.passages)

    def add(self, signals: Sequence[Signal]) -> None:
        """Add signals of a transaction that has already begun."""
        for signal in signals:
            heapq.heappush(self._heap, (signal.order, signal.ref, signal))

    def until(self, now: datetime) -> list[Signal]:
        """Return the signals that start at or before ``now`` and were not returned yet."""
        for place, stream in enumerate(self._streams):
            while self._heads[place].truth.started_at <= now:
                self.begin(self._heads[place])
                self.add(self._heads[place].signals)
                self._heads[place] = next(stream)
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        return due
