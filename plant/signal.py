"""What the simulated systems emit: signals, before they become spans, log records and events; and the ledger of what really happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["span", "log", "event"]
Attributes = Mapping[str, str | int | float | bool | None]
SpanKind = Literal["internal", "server", "client", "producer", "consumer"]
Operation = Literal["send", "process"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of a system.

    ``name``: a span's name, a log record's body or an event's type. ``start`` to ``at``: a span's time; the other kinds have only ``at``.
    Both are what the system's own clock showed (including ``skew``). ``released_at``: when it is sent, by the true clock. ``parent``: the
    signal whose context reaches this system, through a call or a message. ``keys``: what this system itself adds to the baggage.
    ``carried``: all keys in the baggage here. ``copies``: how often it is sent. ``order``: the true time of its start, by which a parent
    always comes before its children.
    """

    ref: str
    kind: Kind
    service: str
    name: str
    start: datetime
    at: datetime
    released_at: datetime
    order: datetime
    parent: str | None = None
    attributes: Attributes = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    span_kind: SpanKind = "internal"
    milestone: str = ""
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone in the ledger: when it truly happened and whether its signal is ever sent."""

    milestone: str
    at: datetime
    ref: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Truth:
    """The ledger's entry for one transaction: what really happened, whatever was sent about it.

    ``keys``: every value by key type, as normalised by the catalog. ``reached`` does not include any system's ``skew``.
    """

    flow: str
    number: int
    started_at: datetime
    keys: Mapping[str, tuple[str, ...]]
    amount: float
    currency: str
    party: str
    plant: str
    reached: tuple[Reached, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A message in a queue: when it was put into it, and when it was taken from it."""

    queue: str
    put_at: datetime
    taken_at: datetime


@dataclass(frozen=True)
class Happening:
    """One transaction with all its signals, in causal order, and the queues that its messages pass."""

    truth: Truth
    signals: tuple[Signal, ...]
    passages: tuple[Passage, ...] = ()


NO_TIME = timedelta(0)
