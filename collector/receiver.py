"""The contract of a receiver.

Who owns what: a receiver owns its connection to the outside and nothing else; the records it makes belong to the journal once
accepted. Order: hand records to :class:`Intake`, wait until it returns, only then acknowledge to the sender. On failure: :class:`Full`
means answer "come back" (503, ``UNAVAILABLE``, stop pulling) and keep nothing; input that cannot be used but whose sender is known is
handed over as a quarantine record and then acknowledged. A receiver never drops what it has taken and never retries by giving up.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, ValidationError

from core.catalog.complaints import suggestion
from core.catalog.source import Source
from core.clock import Clock
from core.errors import WrongSetting
from core.secrets import is_reference
from core.signal import Receipt, Record
from core.telemetry import Telemetry


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
    except ValidationError as error:
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

        After a crash before that those of one lane only may be there: who gets no answer sends all again.
        """
        ...


@dataclass(frozen=True)
class ReceiverContext:
    """What a pull receiver gets: its source, the intake, the clock, the metrics, and a folder (``state``) for its own cursor."""

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
        """Check ``receiver:`` of a source without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        ...

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled. Reconnects by itself, for ever; raises only :class:`core.errors.Permanent`."""
        ...
