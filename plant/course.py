"""The course of one transaction: what its systems say, step by step, with the faults that hit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from plant.faults import Fault, FaultName
from plant.hours import Site
from plant.signal import NO_TIME, Attributes, Happening, Kind, Operation, Passage, Reached, Signal, SpanKind, Truth


class Course:
    """Collects the signals and the ledger's entry of one transaction.

    ``random`` decides what business does, ``luck`` what faults do: switching a fault on changes nothing else.
    """

    def __init__(self, flow: str, number: int, start: datetime, site: Site, seed: str, faults: Sequence[Fault], live: datetime) -> None:
        self.flow = flow
        self.number = number
        self.start = start
        self.site = site
        self.random = Random(f"{seed}/{flow}/{number}")  # noqa: S311 - a simulation
        self.party = ""
        self.amount = 0.0
        self.currency = "EUR" if site.country == "DE" else "USD"
        self._luck = Random(f"{seed}/{flow}/{number}/faults")  # noqa: S311 - a simulation
        self._faults = faults
        self._live = live
        self._signals: list[Signal] = []
        self._reached: list[Reached] = []
        self._passages: list[Passage] = []
        self._hit: list[str] = []
        self._keys: dict[str, list[str]] = {}
        self._carried: dict[str, dict[str, str]] = {}

    def after(self, at: datetime, low_seconds: float, high_seconds: float) -> datetime:
        """Return a time between two delays after ``at``."""
        return at + timedelta(seconds=round(self.random.uniform(low_seconds, high_seconds), 3))

    def slow(self, service: str, at: datetime, low_seconds: float, high_seconds: float) -> datetime:
        """Like :meth:`after`, for a partner who may currently be slow."""
        usual = self.after(at, low_seconds, high_seconds)
        fault = self._struck(FaultName.SLOW_PARTNER, at, service)
        return usual if fault is None else at + (usual - at) * fault[0].amount

    def hop(self, queue: str, at: datetime, low_seconds: float, high_seconds: float) -> datetime | None:
        """Return when a message put into ``queue`` at ``at`` is taken from it, or None if it is lost for good."""
        put, taken = at, self.after(at, low_seconds, high_seconds)
        if (lost := self._struck(FaultName.LOST_MESSAGE, at, queue)) is not None:
            if not lost[0].amount:
                return None
            sent_again = timedelta(minutes=lost[0].amount * self._luck.uniform(0.5, 1.5))
            put, taken = put + sent_again, taken + sent_again
        while (stuck := self._struck(FaultName.STUCK_QUEUE, taken, queue)) is not None:
            # The backlog is worked off in a few minutes once the queue moves again.
            taken = stuck[1] + timedelta(seconds=self._luck.uniform(1, 240))
        self._passages.append(Passage(queue, put, taken))
        return taken

    def rejected(self, at: datetime) -> bool:
        """Return whether ERP rejects this transaction's posting at ``at``."""
        return self._struck(FaultName.ERP_REJECTION, at, self.flow) is not None

    def span(
        self,
        service: str,
        name: str,
        start: datetime,
        seconds: float,
        parent: str | None,
        *,
        kind: SpanKind = "internal",
        keys: Mapping[str, str] | None = None,
        attributes: Attributes | None = None,
        error: str = "",
        milestone: str = "",
    ) -> str:
        """Emit a span and return its reference."""
        end = start + timedelta(seconds=seconds)
        return self._say("span", service, name, start, end, parent, kind, keys or {}, attributes or {}, error, milestone)

    def message(
        self, service: str, operation: Operation, queue: str, start: datetime, seconds: float, parent: str | None, *, milestone: str = ""
    ) -> str:
        """Emit the span of an operation on a queue, as the conventions of OpenTelemetry name it, and return its reference."""
        kind: SpanKind = "producer" if operation == "send" else "consumer"
        attributes = {"messaging.system": "rabbitmq", "messaging.destination.name": queue}
        attributes |= {"messaging.operation.type": operation, "messaging.operation.name": operation}
        return self.span(service, f"{operation} {queue}", start, seconds, parent, kind=kind, attributes=attributes, milestone=milestone)

    def log(
        self,
        service: str,
        body: str,
        at: datetime,
        parent: str | None,
        *,
        keys: Mapping[str, str] | None = None,
        attributes: Attributes | None = None,
        error: str = "",
        milestone: str = "",
    ) -> str:
        """Emit a log record and return its reference."""
        return self._say("log", service, body, at, at, parent, "internal", keys or {}, attributes or {}, error, milestone)

    def event(
        self,
        service: str,
        type_: str,
        at: datetime,
        parent: str | None,
        data: Attributes,
        *,
        keys: Mapping[str, str] | None = None,
        milestone: str = "",
    ) -> str:
        """Emit a CloudEvent and return its reference. ``keys`` are the business keys in its data (for the ledger)."""
        return self._say("event", service, type_, at, at, parent, "internal", keys or {}, data, "", milestone)

    def happening(self) -> Happening:
        """Return what was emitted, in causal order, and the ledger's entry."""
        truth = Truth(
            flow=self.flow,
            number=self.number,
            started_at=self.start,
            keys={key_type: tuple(dict.fromkeys(values)) for key_type, values in self._keys.items()},
            amount=self.amount,
            currency=self.currency,
            party=self.party,
            plant=self.site.name,
            reached=tuple(self._reached),
            faults=tuple(dict.fromkeys(self._hit)),
        )
        return Happening(truth, tuple(sorted(self._signals, key=lambda signal: signal.order)), tuple(self._passages))

    def _say(
        self,
        kind: Kind,
        service: str,
        name: str,
        start: datetime,
        end: datetime,
        parent: str | None,
        span_kind: SpanKind,
        keys: Mapping[str, str],
        attributes: Attributes,
        error: str,
        milestone: str,
    ) -> str:
        ref = f"{self.flow}/{self.number}/{len(self._signals)}"
        carried = {**self._carried.get(parent or "", {}), **keys}
        self._carried[ref] = carried
        for key_type, value in carried.items():
            self._keys.setdefault(key_type, []).append(value)
        skew, released, copies = self._transmission(service, end)
        signal = Signal(
            ref, kind, service, name, start + skew, end + skew, released, start, parent, attributes, keys, carried, error, span_kind, milestone,
            copies,
        )  # fmt: skip
        self._signals.append(signal)
        if milestone:
            self._reached.append(Reached(milestone, end, ref, carried))
        return ref

    def _transmission(self, service: str, at: datetime) -> tuple[timedelta, datetime, int]:
        """Return how far the system's clock is off, when the signal is sent and how often."""
        skewed = self._struck(FaultName.CLOCK_SKEW, at, service)
        skew = NO_TIME if skewed is None else timedelta(minutes=skewed[0].amount)
        released = at
        if (late := self._struck(FaultName.REORDERING, at, service)) is not None:
            released += timedelta(minutes=late[0].amount * self._luck.random())
        if (silent := self._struck(FaultName.SILENT_SOURCE, at, service)) is not None:
            released = max(released, silent[1])
        copies = 1 if self._struck(FaultName.DUPLICATE, at, service) is None else 2
        return skew, released, copies

    def _struck(self, name: FaultName, at: datetime, target: str) -> tuple[Fault, datetime] | None:
        """Return the fault that is active now and when it stops."""
        for fault in self._faults:
            if fault.name is not name or (fault.target and fault.target != target):
                continue
            stop = fault.stop_at(self._live, at)
            if stop is not None and (fault.share >= 1 or self._luck.random() < fault.share):
                self._hit.append(name.value)
                return fault, stop
        return None
