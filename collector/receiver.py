"""The contract of a receiver.

Who owns what: a receiver owns its connection to the outside and nothing else; the records it makes belong to the journal once
accepted. Order: hand records to :class:`Intake`, wait until it returns, only then acknowledge to the sender. On failure: :class:`Full`
means answer "come back" (503, ``UNAVAILABLE``, stop pulling) and keep nothing; input that cannot be used but whose sender is known is
handed over as a quarantine record and then acknowledged. A receiver never drops what it has taken and never retries by giving up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from core.catalog.source import Source
from core.clock import Clock
from core.signal import Receipt, Record
from core.telemetry import Telemetry


class Intake(Protocol):
    """Where receivers hand their records."""

    async def accept(self, records: Sequence[Record]) -> list[Receipt]:
        """Return once all records are on disk, together. Raises :class:`core.errors.Full` and keeps none."""
        ...


@dataclass(frozen=True)
class ReceiverContext:
    """What a pull receiver gets: its source, the intake, the clock, the metrics, and a folder for its own cursor."""

    source: Source
    intake: Intake
    clock: Clock
    telemetry: Telemetry
    state: Any


@runtime_checkable
class Receiver(Protocol):
    """A pull receiver: one file in ``receivers/`` that exports ``RECEIVER``."""

    name: str

    def validate(self, settings: dict[str, Any]) -> None:
        """Check ``receiver:`` of a source without any I/O. Raises :class:`core.errors.UsageError` that names the field."""
        ...

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled. Reconnects by itself, for ever; raises only :class:`core.errors.Permanent`."""
        ...
