"""What the engine's loop needs: the parts of a tick, in order, and what each of them says of what is left to do."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.signal import Lane


@dataclass(frozen=True)
class Loaded:
    """What a load did: ``some``thing, and whether there is ``more``.

    ``no_room``: the store's disk took nothing of what there was.
    ``upto``: all that was received up to then is loaded; None: all that there was when the load began.
    """

    some: bool
    more: bool = False
    upto: datetime | None = None
    no_room: bool = False


class Stage(Protocol):
    """A step of the tick that may have to be repeated."""

    def run(self, now: datetime) -> bool:
        """Do a batch of what there is to do; return whether there may be more."""
        ...


class TimedStage(Protocol):
    """A step that also has deadlines of its own."""

    def run(self, now: datetime) -> bool:
        """Do what there is to do; return whether the next stage has something to read."""
        ...

    def next_deadline(self) -> datetime | None:
        """Return the moment at which :meth:`run` has work without any input."""
        ...


class Deliverer(Stage, Protocol):
    """The alert stage: incidents in the loop, messages in a thread of their own."""

    def deliver(self, now: datetime) -> datetime | None:
        """Send what is due; return the moment of the next attempt."""
        ...

    def next_deadline(self) -> datetime | None:
        """Return the moment at which :meth:`run` has work without any input."""
        ...


class Load(Protocol):
    """The first part of a tick."""

    def __call__(self, lanes: Collection[Lane] = ..., slice_bytes: int = ...) -> Loaded:
        """Load some of what waits in these lanes, in slices of about so many bytes."""
        ...


@dataclass
class Stages:
    """The parts of a tick, in order."""

    load: Load
    correlate: Stage
    evaluate: TimedStage
    alert: Deliverer
    unseen: Callable[[datetime | None], None] = lambda _: None
    """Told since when signals are received that the store's disk does not take; None: it takes them."""
