"""The contract of a receiver.

Who owns what: a receiver owns its connection to the outside and nothing else; the records it makes belong to the journal once
accepted. Order: hand records to :class:`Intake`, wait until it returns, only then acknowledge to the sender. On failure: :class:`Full`
means answer "come back" (503, ``UNAVAILABLE``, stop pulling) and keep nothing; input that cannot be used but whose sender is known is
handed over as a quarantine record and then acknowledged. A receiver never drops what it has taken and never retries by giving up.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import pydantic
from pydantic import BaseModel, ConfigDict

from collector.quarantine import quarantine_record
from collector.rejection import ValidationError
from core.catalog.source import Source
from core.catalog.validation_errors import suggestion
from core.clock import Clock, to_milliseconds
from core.errors import Full, WrongSetting
from core.secrets import is_reference
from core.signal import Receipt, Record, SignalKind
from core.telemetry import M, Telemetry

_LOG = logging.getLogger("andon.collector")


class ReceiverSettings(BaseModel):
    """What every pull receiver's settings share: unknown fields are errors; ``url`` is a reference to a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: str
    url: str


Chosen = TypeVar("Chosen", bound=ReceiverSettings)


def parse_settings(kind: type[Chosen], settings: dict[str, Any]) -> Chosen:
    """Return ``receiver:`` of a source, typed. Raises :class:`core.errors.WrongSetting` that names the field and never shows its value."""
    known = [field.alias or name for name, field in kind.model_fields.items()]
    try:
        parsed = kind.model_validate(settings)
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        match first["type"]:
            case "extra_forbidden":
                what = "is no setting of this receiver" + (suggestion(str(first["loc"][0]), known) if len(first["loc"]) == 1 else "")
            case "missing":
                what = "is missing; add it"
            case _:
                what = ("is wrong: " if first["loc"] else "") + first["msg"].removeprefix("Value error, ")
        raise WrongSetting(first["loc"], what) from error
    if not is_reference(parsed.url):
        raise WrongSetting("url", "may hold a password; write env:NAME or file:PATH")
    return parsed


class Backoff:
    """Waiting times between attempts, in seconds: doubling from ``first`` to ``last``, each shortened at random by up to a half."""

    def __init__(self, first: float = 0.5, last: float = 30.0) -> None:
        self._first = first
        self._last = last
        self._next = first

    def next(self) -> float:
        """Return how long to wait before the next attempt."""
        waiting = self._next * random.uniform(0.5, 1.0)  # noqa: S311 - it spreads attempts, it guards nothing
        self._next = min(self._next * 2, self._last)
        return waiting

    def reset(self) -> None:
        """Begin again with the shortest wait: something worked."""
        self._next = self._first


class Intake(Protocol):
    """Where receivers hand their records."""

    async def accept(self, records: Sequence[Record]) -> list[Receipt]:
        """Return once all records are on disk, each in its lane. Raises :class:`core.errors.Full` and keeps none.

        After a crash before it returns, the records of only one lane may be there: a sender that gets no answer sends all of them again.
        """
        ...


@dataclass(frozen=True)
class ReceiverContext:
    """What a pull receiver gets: its source, the intake, the clock, the metrics, and a folder (``state``) for its own cursor."""

    source: Source
    intake: Intake
    clock: Clock
    telemetry: Telemetry
    state: Path

    async def accept(self, records: Sequence[Record], after_wait: Callable[[], None] = lambda: None) -> None:
        """Return once the records are on disk; while the journal is full, hold them, and the source counts as down.

        ``after_wait`` is called after every wait; what it raises ends this.
        """
        while True:
            try:
                await self.intake.accept(records)
            except Full as full:
                self.tell_up(up=False)
                _LOG.warning("the journal is full, holding", extra={"fields": {"source": self.source.source, "records": len(records)}})
                await asyncio.sleep(full.retry_after_seconds)
                after_wait()
            else:
                self.tell_up(up=True)
                return

    def event(self, body: bytes) -> Record:
        """Return the record of one event of the source: a CloudEvent as JSON."""
        return Record(SignalKind.EVENT, self.source.source, self.source.lane, self._now(), 1, body)

    def quarantined(self, error: ValidationError, body: bytes, *, kind: str, content_type: str, peer: str) -> Record:
        """Return the record that keeps what of the source cannot be used, as :func:`collector.quarantine.quarantine_record` does."""
        source = self.source
        return quarantine_record(
            error,
            body,
            source=source.source,
            lane=source.lane,
            received_at=self._now(),
            kind=kind,
            content_type=content_type,
            peer=peer,
        )[1]

    def tell_up(self, *, up: bool) -> None:
        """Set the metric that says whether the source is read."""
        self.telemetry.set(M.RECEIVER_UP, int(up), source=self.source.source)

    def _now(self) -> int:
        return to_milliseconds(self.clock.now())


@runtime_checkable
class Receiver(Protocol):
    """A pull receiver: one file in ``receivers/`` that exports ``RECEIVER``."""

    name: str

    def validate(self, settings: dict[str, Any]) -> None:
        """Check ``receiver:`` of a source without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        ...

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled. Reconnects by itself, for ever; raises only :class:`core.errors.Permanent`."""
        ...
