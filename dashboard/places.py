"""Where transactions are held up: each once, at the station before which it stands.

A transaction waits before the first station after the milestone it reached last. What an SLA promises further on it misses there, too, but
that follows from where it stands: so it is late at one station, and further on only counted as held up earlier. Where an incident is about
an earlier milestone that everybody else had reached, it is late at that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from dashboard import definitions
from dashboard.components.time_format import aware
from store.reads.board import Board

LATE, AT_RISK = 3, 2
"""What the worst of a transaction's clocks is, as the board's reads number it; 1 is unknown."""


@dataclass
class Counts:
    """Transactions that incidents hold, each once by its worst; failed ones are among the late. ``value``: at risk, by currency."""

    late: int = 0
    failed: int = 0
    at_risk: int = 0
    unknown: int = 0
    lacking: int = 0
    value: dict[str, float] = field(default_factory=dict)

    @property
    def transactions(self) -> int:
        """All of them; failed ones are among the late."""
        return self.late + self.at_risk + self.unknown

    def add(self, row: Mapping[Any, Any]) -> None:
        """Add a row of ``Board.held``."""
        number = int(row["transactions"])
        self.late += number if row["worst"] == LATE else 0
        self.failed += number if row["failed"] else 0
        self.at_risk += number if row["worst"] == AT_RISK else 0
        self.unknown += number if row["worst"] < AT_RISK else 0
        self.lacking += number if row["worst"] < AT_RISK and row["lacking"] else 0
        self.owe({str(row["currency"]): float(row["value_at_risk"])})

    def owe(self, value: Mapping[str, float]) -> None:
        """Add what is at risk, by currency."""
        for currency, amount in value.items():
            if amount:
                self.value[currency] = self.value.get(currency, 0.0) + amount


@dataclass
class Station:
    """A milestone as a station. ``waiting``: open transactions that stand before it, the oldest since ``oldest_at``.

    ``held``: those that incidents hold here, which may be more than wait: one part of an order is here while another is further on;
    ``earlier``: those whose SLA is missed here because they are held up at an earlier station.
    ``per_hour``: transactions that have reached it in the last hour; ``before``: the milestone that most of the waiting reached last.
    """

    flow: str
    stage: str
    title: str
    system: str
    first: bool = False
    waiting: int = 0
    oldest_at: datetime | None = None
    per_hour: int = 0
    before: str = ""
    earlier: int = 0
    held: Counts = field(default_factory=Counts)


@dataclass
class Line:
    """One flow: its stations in order, its open transactions, and those that incidents hold."""

    flow: str
    title: str
    open: int
    held: Counts
    stations: list[Station]


def lines(catalog: Catalog, board: Board) -> list[Line]:
    """Return every flow of the catalog, and those of which only the store knows."""
    waiting, held, reached = (frame.to_dict("records") for frame in (board.waiting, board.held, board.reached))
    others = {row["flow"] for row in (*waiting, *held)} - set(catalog.flows)
    return [
        _line(catalog, flow, *([row for row in rows if row["flow"] == flow] for rows in (waiting, held, reached)))
        for flow in [*catalog.flows, *sorted(others)]
    ]


def total(flows: Iterable[Line]) -> Counts:
    """Return what incidents hold in all flows together."""
    whole = Counts()
    for flow in flows:
        for name in ("late", "failed", "at_risk", "unknown", "lacking"):
            setattr(whole, name, getattr(whole, name) + getattr(flow.held, name))
        whole.owe(flow.held.value)
    return whole


def _line(catalog: Catalog, flow: str, waiting: list[Any], held: list[Any], reached: list[Any]) -> Line:
    known = catalog.flows.get(flow)
    seen = {row["stage"] for row in waiting} | {stage for row in held for stage in row["stages"]}
    course = Course(known, seen - {""} if known else seen)
    stations = {name: _station(catalog, flow, known, name) for name in course.all}
    if known:
        stations[course.passed[0]].first = True
    whole = Counts()
    _wait(stations, course, waiting)
    for row in held:
        whole.add(row)
        place = course.place(str(row["reached"]), row["stages"])
        stations[place].held.add(row)
        for stage in set(row["stages"]) - {place}:
            stations[stage].earlier += int(row["transactions"])
    for row in reached:
        if row["milestone"] in stations:
            stations[row["milestone"]].per_hour = int(row["transactions"])
    shown = [one for name, one in stations.items() if name in course.passed or one.held.transactions]
    total = sum(int(row["transactions"]) for row in waiting)
    return Line(flow, definitions.flow_title(catalog, flow), total, whole, shown)


def _station(catalog: Catalog, flow: str, known: Flow | None, name: str) -> Station:
    system = known.milestones[name].system if known and name in known.milestones else ""
    return Station(flow, name, definitions.stage_title(catalog, flow, name), system)


def _wait(stations: dict[str, Station], course: Course, waiting: Iterable[Mapping[Any, Any]]) -> None:
    """Let open transactions wait before the station that follows the milestone they reached last."""
    most: Counter[str] = Counter()
    for row in waiting:
        station, number = stations[course.after(str(row["stage"]))], int(row["transactions"])
        station.waiting += number
        since = aware(row["oldest_at"])
        station.oldest_at = min(filter(None, [since, station.oldest_at]), default=None)
        if number > most[station.stage]:
            most[station.stage], station.before = number, str(row["stage"])


class Course:
    """The order of a flow's milestones. A flow that the catalog does not know has none: there, everything stands where it was seen last."""

    def __init__(self, flow: Flow | None, seen: set[str]) -> None:
        self.known = flow is not None
        self.all = list(dict.fromkeys([*(flow.milestones if flow else ()), *sorted(seen)]))
        self.passed = (definitions.stations(flow) if flow else []) or self.all
        self._index = {name: number for number, name in enumerate(self.all)}

    def after(self, reached: str) -> str:
        """Return the station that a transaction waits for; the last one again if it has reached that."""
        if not self.known:
            return reached
        at = self._index.get(reached, -1)
        return next((name for name in self.passed if self._index[name] > at), self.passed[-1])

    def place(self, reached: str, stages: list[str]) -> str:
        """Return where a transaction is held up that incidents about ``stages`` hold: the earliest of them, and of what it waits for."""
        stages = list(stages)
        ahead = [self.after(reached)] if self.known and reached else []
        return min([*ahead, *stages], key=lambda name: self._index[name])
