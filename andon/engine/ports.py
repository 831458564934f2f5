"""What the engine's loop needs: the parts of a tick, in order, and what each of them says of what is left to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.signal import Lane


@dataclass(frozen=True)
class Loaded:
    """The result of a load: whether ``some`` slices were loaded, how many ``signals`` they hold, and whether there is ``more``.

    ``no_room``: the store's disk accepted none of it. ``upto``: everything received up to then is loaded; None: everything that was there
    when the load began.
    """

    some: bool
    more: bool = False
    upto: datetime | None = None
    no_room: bool = False
    signals: int = 0


class Stage(Protocol):
    """A step of the tick that may have to be repeated."""

    def run(self, now: datetime) -> bool:
        """Process one batch; return whether there may be more."""
        ...


class TimedStage(Protocol):
    """A step that also has deadlines of its own."""

    def run(self, now: datetime) -> bool:
        """Do the pending work; return whether the next stage has something to read."""
        ...

    def next_deadline(self) -> datetime | None:
        """Return when :meth:`run` next has work even without any input."""
        ...


class Deliverer(Stage, Protocol):
    """The alert stage: incidents in the loop, messages in threads of their own."""

    def deliver(self, now: datetime) -> datetime | None:
        """Send what is due; return when the next attempt is due."""
        ...

    def next_deadline(self) -> datetime | None:
        """Return when :meth:`run` next has work even without any input."""
        ...


class Load(Protocol):
    """The first part of a tick."""

    def __call__(self, lanes: Collection[Lane] = ..., slice_bytes: int = ...) -> Loaded:
        """Load some of what is waiting in these lanes, in slices of about this many bytes."""
        ...


@dataclass
class Stages:
    """The parts of a tick, in order."""

    load: Load
    correlate: Stage
    evaluate: TimedStage
    alert: Deliverer
    waits: Callable[[Collection[Lane]], bool] = lambda _: False
    """Whether anything is waiting in these lanes; cheap enough to be asked ten times a second."""
    positions: Callable[[], Mapping[str, int]] = dict
    """How far the journal is loaded: by segment, the last record's id."""
    unseen: Callable[[Mapping[str, int] | None], None] = lambda _: None
    """Told up to which positions everything is correlated while the store's disk accepts no more; None: it accepts everything."""
