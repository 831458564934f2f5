"""Where every request is handled once its transport has read it: identify, admit, keep what is unusable, journal, answer.

HTTP and gRPC differ only in how they read a request and how they report the outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from collector.cloud_events import source_named, source_of
from collector.ingest.authentication import Sender, Senders
from collector.ingest.content import Content, content_of
from collector.otlp.admission import Admitted
from collector.quarantine import BODY_MAX_BYTES, Provenance, quarantine_record
from collector.receiver import Intake
from collector.rejection import Rejection, ValidationError
from core.clock import Clock, to_milliseconds
from core.errors import Full
from core.signal import Record, SignalKind

PORTION_BYTES = 4 << 20
"""The most that is written to the disk at a time for one request; others who send meanwhile wait that long."""
PAUSED_RETRY_SECONDS = 30
"""When senders to a paused source are told to come back."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known about a request besides its content. ``senders`` tells whose a signal is if no token does.

    ``kind`` is as in :class:`collector.quarantine.Provenance`; ``headers`` are those that are part of the input, such as an event's
    attributes.
    """

    sender: Sender
    kind: str
    content_type: str
    encoding: str
    peer: str
    senders: Senders
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def provenance(self) -> Provenance:
        """Return what is kept of it with an input in quarantine."""
        sender = self.sender
        return Provenance(sender.source, sender.lane, self.kind, self.content_type, self.encoding, self.headers, self.peer)

    def alone(self, content_type: str) -> Envelope:
        """Return the envelope of one decoded part of the request."""
        return replace(self, content_type=content_type, encoding="", headers={})

    def sender_of(self, services: Iterable[str]) -> Sender:
        """Return the sender of signals from these services."""
        return self.senders.told_by(self.sender, services)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an OTLP request: how many of its signals are in quarantine, and ``message`` says why and under which ids."""

    rejected: int = 0
    message: str = ""


class IngestHandler:
    """Takes requests for an intake."""

    def __init__(self, intake: Intake, clock: Clock) -> None:
        self._intake = intake
        self._clock = clock
        self.paused: Collection[str] = ()
        """Sources whose senders are to come back later."""

    def now(self) -> int:
        """Return our own time in milliseconds UTC."""
        return to_milliseconds(self._clock.now())

    async def take_otlp(self, kind: SignalKind, pieces: Sequence[Admitted], envelope: Envelope) -> Outcome:
        """Journal the good records of an OTLP request and quarantine the bad ones. Raises :class:`core.errors.Full`.

        All together or not at all, unless it is so large that others would have to wait: its sender then sends all of it again, and the
        store recognises each record.
        """
        now = self.now()
        sender = envelope.sender_of(frozenset().union(*(piece.services for piece in pieces)))
        records = [Record(kind, sender.source, sender.lane, now, piece.count, piece.body) for piece in pieces if piece.count]
        ids: list[str] = []
        bad = [each for piece in pieces for each in piece.bad]
        for each in bad:
            quarantine_id, record = self._quarantine(each.error, each.body, envelope.alone(each.content_type), now, count=each.count)
            ids.append(quarantine_id)
            records.append(record)
        for portion in _portions(records):
            await self.take(portion)
        if not bad:
            return Outcome()
        rejected = Counter[str]()
        for each in bad:
            rejected[each.error.reason] += each.count
        said = {each.error.reason: each.error.message for each in bad}
        message = "; ".join(f"{count} of {reason}: {said[reason]}" for reason, count in rejected.items())
        return Outcome(rejected.total(), f"{message} (in quarantine: {', '.join(ids)})")

    def event_record(self, event: bytes, envelope: Envelope) -> Record:
        """Return the record of one validated event, as JSON."""
        sender = envelope.sender_of((source_of(event),))
        return Record(SignalKind.EVENT, sender.source, sender.lane, self.now(), 1, event)

    async def take_event(self, event: bytes, envelope: Envelope) -> None:
        """Journal one validated event. Raises :class:`core.errors.Full`."""
        await self.take([self.event_record(event, envelope)])

    async def take(self, records: Sequence[Record]) -> None:
        """Journal ready-made records. Raises :class:`core.errors.Full`, also for those of a source that is paused."""
        for name in {record.source for record in records}.intersection(self.paused) if self.paused else ():
            raise Full(f"the source '{name}' is paused", PAUSED_RETRY_SECONDS)
        await self._intake.accept(records)

    async def keep(self, rejection: Rejection, content: Content, envelope: Envelope) -> str:
        """Quarantine what a rejection is about and return its id. Raises :class:`core.errors.Full`."""
        quarantine_id, record = await content.read_by(self._quarantine, rejection.error, content, envelope, self.now())
        await self.take([record])
        return quarantine_id

    def quarantine(self, error: ValidationError, body: bytes, envelope: Envelope, content_type: str) -> tuple[str, Record]:
        """Return the id and the record that keeps one unusable event, or document, of a request whose others are good."""
        return self._quarantine(error, body, envelope.alone(content_type), self.now())

    @staticmethod
    def _quarantine(error: ValidationError, body: bytes | Content, envelope: Envelope, now: int, *, count: int = 1) -> tuple[str, Record]:
        return quarantine_record(error, body, _as_named(body, envelope).provenance, now, count=count)


def _as_named(body: bytes | Content, envelope: Envelope) -> Envelope:
    """Return the envelope of an unusable event as that of the source that it names, as it would be if the event could be used.

    That source says what is redacted of it, and where it may be published again.
    """
    if envelope.kind != SignalKind.EVENT.value:
        return envelope
    named = envelope.headers.get("ce-source", "")
    if not named and not envelope.encoding:
        with content_of(body) as content:
            named = source_named(content.whole()) if content.size <= BODY_MAX_BYTES else ""
    return replace(envelope, sender=envelope.sender_of((named,)))


def _portions(records: list[Record]) -> list[list[Record]]:
    """Return records in the portions in which they are written."""
    portions: list[list[Record]] = []
    size = PORTION_BYTES
    for record in records:
        if size + len(record.body) > PORTION_BYTES:
            portions.append([])
            size = 0
        portions[-1].append(record)
        size += len(record.body)
    return portions
