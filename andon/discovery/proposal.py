"""What is proposed: flows with keys, facts and milestones, and the sources that they come from."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.plural import counted


@dataclass(frozen=True)
class Sort:
    """Signals of one kind (event, span, log) that one milestone could match, ``seen`` so often.

    ``name``: of an event its type, of a span its name (empty where ``destination`` and ``operation`` say it), of a log record its text with
    the control character 1 in place of words with digits, and 2 of what is not shown; of a structured one what it says at
    ``told_by``, which is a path or a column.
    ``conventional``: the operation is in ``messaging.operation.type``.
    """

    number: int
    kind: str
    name: str
    service: str
    destination: str
    operation: str
    conventional: bool
    failed: bool
    told_by: str
    seen: int
    sources: tuple[str, ...]
    origins: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """A path in signals of one sort, and how many of some values of it look like what."""

    number: int
    sort: Sort
    path: str
    signals: int
    values: int
    distinct_values: int
    identifiers: int
    numbers: int
    fractions: int
    times: int
    padded: int
    length: float
    shape: str

    @property
    def place(self) -> tuple[int, str]:
        """Where it is, whether one is there or a list."""
        return self.sort.number, self.path.replace("[]", "")

    def mostly(self, count: int) -> bool:
        """Whether nine of ten values are among ``count``."""
        return count >= 0.9 * self.values


@dataclass(frozen=True)
class Key:
    """Fields that hold the same identifiers. ``single``: no value of it is in signals of two sorts, so nothing hangs together by it."""

    name: str
    fields: tuple[Field, ...]
    single: bool = False

    @property
    def padded(self) -> bool:
        """Whether some system pads it with zeros."""
        return any(field.padded for field in self.fields)

    @property
    def sorts(self) -> int:
        """In how many sorts of signals it is."""
        return len({field.sort for field in self.fields})

    def of(self, sort: Sort) -> Field | None:
        """Return where signals of a sort have it; a path into a list, if it is sometimes one, reads one alone as well."""
        own = [field for field in self.fields if field.sort == sort]
        found = max(own, key=lambda each: (each.signals, not each.path.startswith("body#"), -len(each.path)), default=None)
        return max((each for each in own if found and each.place == found.place), key=lambda each: len(each.path), default=None)


@dataclass(frozen=True)
class Fact:
    """A business value, where it is found. ``type``: text, decimal or time."""

    name: str
    type: str
    field: Field
    constant: float


@dataclass(frozen=True)
class Step:
    """How long it took to come to a milestone from the one before, in milliseconds: median, 90 % and 95 % of ``count`` transactions."""

    count: int
    usual: int
    most: int
    nearly_all: int


@dataclass(frozen=True)
class Milestone:
    """A sort in the course of a flow. ``share``: of the transactions that came so far, those that were seen in it."""

    name: str
    sort: Sort
    keys: dict[str, Field]
    share: float
    transactions: int
    times: int
    optional: bool
    step: Step | None = None
    stage: str | None = None
    cause: Field | None = None


@dataclass(frozen=True)
class Flow:
    """A proposed flow, its milestones in the order in which they were mostly reached. ``relations`` are to the first key."""

    name: str
    keys: dict[str, Key]
    relations: dict[str, str]
    facts: list[Fact]
    milestones: list[Milestone]
    ends: list[str]
    cancels: list[str]
    transactions: int
    whole: Step | None = None


@dataclass(frozen=True)
class Source:
    """A configured source, or one that could be."""

    name: str
    services: tuple[str, ...]
    origins: tuple[str, ...]
    seen: int
    configured: bool


@dataclass(frozen=True)
class Proposal:
    """All that is proposed. ``looked_at``: how many signals of each kind."""

    flows: list[Flow]
    sources: list[Source]
    alone: list[Key] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)

    @property
    def made_after(self) -> str:
        """What it was made after: ``1 event, 2 spans``; empty if nothing has arrived."""
        return ", ".join(counted(number, kind) for kind, number in self.looked_at.items())
