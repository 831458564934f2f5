"""The contract of a receiver.

A receiver owns its connection to the outside and nothing else; the records that it makes belong to the journal once they are accepted.

1. Make records of what came in. Input that cannot be used, but whose sender is known, becomes a quarantine record.
2. Hand them to :class:`Intake` and wait until it returns. :class:`core.errors.Full` means that there is no room now: a server answers that
   the sender should come back (503, ``UNAVAILABLE``); a pull receiver stops pulling and tries again (:meth:`ReceiverContext.accept`).
3. Only then acknowledge to the sender.

A receiver never drops what it has taken, and it tries again for as long as it runs. When it is cancelled, it acknowledges nothing more:
what it holds then stays with its sender, who sends it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from collector.brokers.queue_series import QueueSeries, QueueState
from collector.format import Reader
from collector.poison import Poison
from collector.quarantine import Provenance, quarantine_record
from collector.rejection import ValidationError
from collector.source_troubles import SourceTroubles
from core.catalog.source import Source
from core.clock import Clock, to_milliseconds
from core.errors import Full
from core.signal import Receipt, Record, SignalKind
from core.telemetry import M, Telemetry

PART_RECORDS = 10_000
PART_BYTES = 8 << 20
_LOG = logging.getLogger("andon.collector")


@runtime_checkable
class Receiver(Protocol):
    """A pull receiver: one file in ``receivers/`` that exports ``RECEIVER``."""

    name: str

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings of a source's ``receiver:`` without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        ...

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled. Reconnects by itself, for ever; raises only :class:`core.errors.Permanent`."""
        ...


@runtime_checkable
class Inspecting(Protocol):
    """A receiver that can ask its system, before it runs, what would go wrong with a source's settings."""

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        """Return what in the system speaks against valid settings, and what to write. Connects, reads little, and may raise anything."""
        ...


@runtime_checkable
class Previewing(Protocol):
    """A receiver whose bytes are not a message that becomes events: it says itself what they become."""

    def records_given(self, context: ReceiverContext, body: bytes) -> list[Record]:
        """Return the records of bytes as its system has them. Does no I/O."""
        ...


class Intake(Protocol):
    """Where receivers hand their records."""

    async def accept(self, records: Sequence[Record]) -> list[Receipt]:
        """Return once all records are on disk, each in its lane. Raises :class:`core.errors.Full` if there is no room.

        After ``Full``, or a crash before this returns, some of the records may be on disk all the same. A sender that got no answer, or
        that was told to come back, sends all of them again; the store knows each by its content, and none is counted twice.
        """
        ...


@runtime_checkable
class TellsQueues(Protocol):
    """A receiver of a broker that tells how much waits in its queues."""

    def queues(self, settings: dict[str, Any]) -> list[str]:
        """Return the queues, topics or streams whose state it tells with valid settings; ``^`` begins a pattern of names. No I/O."""
        ...


@runtime_checkable
class LeavesQueuesUntold(Protocol):
    """A receiver of a broker that does not tell how much waits in its queues, with some settings or with any."""

    def untold(self, settings: dict[str, Any]) -> str:
        """Return why not, with valid settings, as people read it behind "since"; empty if it is told. Does no I/O."""
        ...


def next_part(records: Iterator[Record]) -> list[Record]:
    """Return the next records, as many as are handed over at a time; none at the end."""
    part: list[Record] = []
    size = 0
    for record in records:
        part.append(record)
        size += len(record.body)
        if len(part) >= PART_RECORDS or size >= PART_BYTES:
            break
    return part


@dataclass(frozen=True)
class ReceiverContext:
    """What a pull receiver gets.

    Its source, the intake, the clock, the metrics, a folder (``state``) for its own cursor, what reads the source's format (None: it
    names none), what pauses it if too much cannot be used (None: it goes on), and where the states of its queues and its troubles are kept.
    """

    source: Source
    intake: Intake
    clock: Clock
    telemetry: Telemetry
    state: Path
    reader: Reader | None = None
    poison: Poison | None = None
    queues: QueueSeries = field(default_factory=QueueSeries)
    troubles: SourceTroubles = field(default_factory=SourceTroubles)

    async def accept(self, records: Iterable[Record], after_wait: Callable[[], None] = lambda: None) -> None:
        """Hand records to the intake, and wait for room while the journal is full; the source counts as down meanwhile.

        Of very many, as many at a time as memory has room for; those that are made while they are asked for are never there all at once.
        ``after_wait`` is called after every wait; whatever it raises is raised here, and the records are not taken then. Never returns once
        the source has paused itself: the receiver is cancelled then.
        """
        rest = iter(records)
        while part := next_part(rest):
            await self._accept(part, after_wait)

    async def _accept(self, records: Sequence[Record], after_wait: Callable[[], None]) -> None:
        if self.poison is not None:
            await self.poison.admit()
        while True:
            try:
                await self.intake.accept(records)
            except Full as full:
                self.tell_up(up=False)
                _LOG.warning(
                    "the journal is full, waiting for room", extra={"fields": {"source": self.source.source, "records": len(records)}}
                )
                await asyncio.sleep(full.retry_after_seconds)
                after_wait()
            else:
                self.tell_up(up=True)
                if self.poison is not None:
                    self.poison.count(records)
                return

    def event(self, body: bytes, received_at: int | None = None) -> Record:
        """Return the record of one event of the source: a CloudEvent as JSON, received at what :meth:`now` returned, or else now."""
        return Record(SignalKind.EVENT, self.source.source, self.source.lane, self.now() if received_at is None else received_at, 1, body)

    def log_records(self, request: bytes, count: int) -> Record:
        """Return the record of an OTLP request with ``count`` log records, as protobuf."""
        return Record(SignalKind.LOGS, self.source.source, self.source.lane, self.now(), count, request)

    def quarantined(self, error: ValidationError, body: bytes, *, kind: str, content_type: str, peer: str, encoding: str = "") -> Record:
        """Return the record that keeps the source's unusable input, as :func:`collector.quarantine.quarantine_record` does."""
        provenance = Provenance(self.source.source, self.source.lane, kind, content_type, encoding, peer=peer)
        return quarantine_record(error, body, provenance, self.now())[1]

    def tell_up(self, *, up: bool, why: str = "") -> None:
        """Set the metric that says whether the source is being read; ``why`` it cannot be is kept for the store."""
        self.telemetry.set(M.RECEIVER_UP, int(up), source=self.source.source)
        if up or why:
            self.troubles.read(self.source.source, self.now(), why)

    def tell_gap(self, what: str, **fields: Any) -> None:
        """Say that messages are missing for good: ``what`` happened; ``fields`` say where, and how many if that is known."""
        self.telemetry.add(M.SOURCE_GAPS, source=self.source.source)
        self.troubles.gap(self.source.source, what, fields, self.now())
        _LOG.warning("messages of the source are missing: %s", what, extra={"fields": {"source": self.source.source, **fields}})

    def tell_queue(self, state: QueueState) -> None:
        """Set the metrics that say what stands in a queue of the source, and keep it for the store."""
        labels = {"source": self.source.source, "queue": state.queue, "reader": state.reader}
        for metric, value in state.figures().items():
            if value is None:
                self.telemetry.remove(metric, **labels)
            else:
                self.telemetry.set(metric, value, **labels)
        self.queues.note(self.source.source, state, self.now())

    def now(self) -> int:
        """Return our own time in milliseconds UTC."""
        return to_milliseconds(self.clock.now())
