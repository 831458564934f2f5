"""Where a transaction stands: what it has passed, where it lost time, what it waits for, and when its promise will probably be kept. Pure.

Moments and durations are UTC milliseconds. What is expected follows from how long others took (``store.reads.detail.usual``), or from a
fact in which somebody says so: nothing earlier than now, and later by what the awaited milestone is already late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.definition import readable
from core.catalog.flow import Flow
from core.verdict import TransactionState, Verdict
from slas.calendar import CompiledCalendar
from slas.clock import Calendars
from slas.due import MISSING, facts_of, parse_due, parse_times
from slas.rows import Row, milliseconds_of, rows_of
from slas.target import limit_of

State = Literal["passed", "partly", "awaited", "failed", "ahead", "unseen"]

MINUTE = 60_000
"""What comes by less than this after the promise is as promised: nobody is told seconds."""
LOST_LEAST, LOST_SHARE = 5 * MINUTE, 0.2
"""A step took too long if it took that much longer than usual: in milliseconds, and as a share of the usual time."""
_WORST = [Verdict.BREACHED, Verdict.AT_RISK, Verdict.UNKNOWN, Verdict.PAUSED, Verdict.RUNNING]


@dataclass(frozen=True)
class Step:
    """One milestone on the way.

    ``at``: when it was reached, by all ``of`` of its deliveries or the like if it is reached by each (``done`` of them have). ``before``:
    the milestone reached before it. ``took``: the time since then, up to now if it is awaited. ``usual``: how long that usually takes.
    ``expected``: when it will probably be reached; ``told``: by the fact of this title, and not by the usual time.

    ``unseen``: not reached, though a later one was.
    """

    milestone: str
    title: str
    system: str
    state: State
    at: int | None = None
    before: str = ""
    took: int | None = None
    usual: int | None = None
    expected: int | None = None
    told: str = ""
    done: int = 0
    of: int = 0

    @property
    def lost(self) -> int:
        """How much longer than usual it took; 0 if that is not worth a word."""
        over = self.took - self.usual if self.took is not None and self.usual is not None else 0
        return over if over >= LOST_LEAST and self.usual is not None and over >= LOST_SHARE * self.usual else 0

    @property
    def there(self) -> str:
        """How many of its deliveries or the like have reached it: ``1 of 2 is there``."""
        return f"{self.done} of {self.of} {'is' if self.done == 1 else 'are'} there"


@dataclass(frozen=True)
class Outlook:
    """``promise``: the clock of what was promised to the outside. ``worst``: the open clock that is worst. ``calendar``: whose hours count.

    ``penalty``: what lateness costs so far, by currency. ``now``: the moment of all of this.
    """

    flow: Flow
    transaction: Row
    steps: list[Step]
    promise: Row | None
    worst: Row | None
    penalty: dict[str, float]
    calendar: CompiledCalendar
    now: int

    @property
    def is_open(self) -> bool:
        """Whether the transaction goes on."""
        return bool(self.transaction["state"] == TransactionState.OPEN)

    @property
    def waiting(self) -> Step | None:
        """The step that is awaited or has failed."""
        return next((step for step in self.steps if step.state in {"awaited", "failed", "partly"}), None) if self.is_open else None

    @property
    def lost(self) -> Step | None:
        """The step at which most time was lost."""
        return max((step for step in self.steps if step.lost), key=lambda step: step.lost, default=None)

    @property
    def goal(self) -> Step | None:
        """The step that the promise is about."""
        name = self.promise["stage"] if self.promise else None
        return next((step for step in self.steps if step.milestone == name), None)

    @property
    def arrival(self) -> int | None:
        """When the goal will probably be reached; None where nothing says so, also because its usual time has passed."""
        expected = self.goal.expected if self.goal is not None else None
        return None if expected is None or expected <= self.now else expected

    @property
    def is_expected_late(self) -> bool:
        """Whether the promise is still open, in time, and expected to be missed by a minute or more."""
        goal, due = self.goal, milliseconds_of(self.promise["due_at"]) if self.promise else None
        if not self.is_open or goal is None or goal.at is not None or goal.expected is None or due is None:
            return False
        return self.now <= due <= goal.expected - MINUTE

    def title(self, milestone: str) -> str:
        """Return what people call a milestone."""
        known = self.flow.milestones.get(milestone)
        return (known.title if known else "") or readable(milestone)

    @property
    def working(self) -> list[tuple[int, int]]:
        """The working hours between the first step and the last moment known."""
        moments = [moment for step in self.steps for moment in (step.at, step.expected) if moment is not None]
        due = milliseconds_of(self.promise["due_at"]) if self.promise else None
        moments += [moment for moment in (due, self.now if self.is_open else None) if moment is not None]
        return self.calendar.intervals(min(moments), max(moments)) if moments and self.calendar.definitions else []


def outlook_of(transaction: Row, clocks: pd.DataFrame, usual: pd.DataFrame, catalog: Catalog, now: int) -> Outlook | None:
    """Return where the transaction stands; None if the catalog does not know its flow.

    ``clocks`` and ``usual``: as ``store.reads.detail`` gives them.
    """
    flow = catalog.flows.get(str(transaction["flow"]))
    if flow is None:
        return None
    found = rows_of(clocks)
    promise = _promise(found, flow)
    calendar = Calendars(catalog).of(_calendar(found, flow, promise))
    penalty: dict[str, float] = {}
    for clock in found:
        if clock["penalty"]:
            penalty[str(clock["currency"])] = penalty.get(str(clock["currency"]), 0.0) + float(clock["penalty"])
    is_open = [clock for clock in found if clock["verdict"] in _WORST]
    worst = min(is_open, key=lambda clock: (_WORST.index(clock["verdict"]), milliseconds_of(clock["due_at"]) or 0), default=None)
    times = {(str(row["earlier"]), str(row["later"])): int(row["usual"]) for row in rows_of(usual)}
    steps = _Way(transaction, flow, times, {str(clock["stage"]) for clock in is_open}, calendar, now).steps()
    return Outlook(flow, transaction, steps, promise, worst, penalty, calendar, now)


def _promise(clocks: list[dict[str, Any]], flow: Flow) -> Row | None:
    """Return the clock of what was promised: the furthest that is due at a date of the transaction itself, else the furthest of all.

    Where there is a clock of a promise to the customer, only such clocks count, be it that none has a due time yet: the customer knows
    nothing of what our own people promise each other.
    """
    order = list(flow.milestones)
    outside = {name for name, sla in flow.slas.items() if sla.promised_to == "customer"} & {str(clock["sla"]) for clock in clocks}

    def weight(clock: Row) -> tuple[bool, int]:
        sla = flow.slas.get(str(clock["sla"]))
        _, due = limit_of(sla, _label(clock)) if sla else (None, None)
        return due is not None and bool(facts_of(parse_due(due))), order.index(clock["stage"])

    timed = [clock for clock in clocks if milliseconds_of(clock["due_at"]) is not None and clock["stage"] in order]
    return max((clock for clock in timed if not outside or clock["sla"] in outside), key=weight, default=None)


def _label(clock: Row) -> str:
    """Return which limit of its SLA a clock has; empty for the SLA's own."""
    return str(clock["contract_version"]).partition(": ")[2]


def _calendar(clocks: list[dict[str, Any]], flow: Flow, promise: Row | None) -> str | list[str] | None:
    """Return the calendar of the promise; if it has none, that of the first clock that counts working time."""
    sla = flow.slas.get(str(promise["sla"])) if promise else None
    if sla is not None and sla.calendar is not None:
        return sla.calendar
    for clock in clocks:
        sla = flow.slas.get(str(clock["sla"]))
        within, due = limit_of(sla, _label(clock)) if sla else (None, None)
        if sla is not None and sla.calendar is not None and "working" in f"{within} {due}":
            return sla.calendar
    return None


class _Way:
    """The way of one transaction through its flow."""

    def __init__(
        self, transaction: Row, flow: Flow, usual: Mapping[tuple[str, str], int], clocked: set[str], calendar: CompiledCalendar, now: int
    ) -> None:
        self._flow, self._usual, self._clocked, self._calendar, self._now = flow, usual, clocked, calendar, now
        self._facts: Mapping[str, str] = transaction["facts"]
        self._transaction = transaction
        self._first = {str(name): milliseconds_of(at) or 0 for name, at in transaction["first_at"].items()}

    def steps(self) -> list[Step]:
        seen = [
            self._seen(name)
            for name, milestone in self._flow.milestones.items()
            if name in self._first or not (milestone.optional or name in self._flow.cancels)
            if not milestone.failure
        ]
        passed = self._measured([step for step in seen if step.at is not None])
        steps = [passed.get(step.milestone, step) for step in seen]
        furthest = max((place for place, step in enumerate(steps) if self._counts(step)), default=-1)
        is_open = self._transaction["state"] == TransactionState.OPEN
        for place in range(furthest):
            steps[place] = self._overtaken(steps[:place], steps[place], is_open)
        if is_open and furthest >= 0:
            steps[furthest + 1 :] = self._ahead(steps[: furthest + 1], steps[furthest + 1 :])
        return steps

    def _overtaken(self, before: list[Step], step: Step, is_open: bool) -> Step:
        """Return a step after which others were reached: it is still awaited if a clock runs for it."""
        if step.at is not None:
            return step
        last = next((one for one in reversed(before) if one.at is not None), None)
        if not is_open or step.milestone not in self._clocked or last is None:
            return replace(step, state="unseen")
        found = self._waited_for(last, step)
        return found if found.usual is None else replace(found, expected=max(self._now, (last.at or 0) + found.usual))

    def _counts(self, step: Step) -> bool:
        return step.at is not None and not self._flow.milestones[step.milestone].optional

    def _seen(self, name: str) -> Step:
        milestone = self._flow.milestones[name]
        entries = [_entry(entry) for entry in self._transaction["reached"].get(name, ())]
        counts = [
            (sum(kind == key for kind, _, _ in entries), len(self._transaction["keys"].get(key, ())))
            for key, known in self._flow.keys.items()
            if key in milestone.keys and known.relation == "many"
        ]
        done, of = max(counts, key=lambda count: (count[1] - count[0], count[1]), default=(0, 0))
        step = Step(name, milestone.title or readable(name), milestone.system, "ahead", done=done, of=of)
        if name not in self._first:
            return step
        if 0 < done < of:
            return replace(step, state="partly")
        return replace(step, state="passed", at=max((milliseconds_of(at) or 0 for _, _, at in entries), default=self._first[name]))

    def _measured(self, passed: list[Step]) -> dict[str, Step]:
        """Return the steps reached, each with the one before it in time."""
        measured: dict[str, Step] = {}
        before: Step | None = None
        for step in sorted(passed, key=lambda step: step.at or 0):
            if before is not None and step.at is not None and before.at is not None:
                measured[step.milestone] = self._after(before, step, step.at)
            else:
                measured[step.milestone] = step
            before = step
        return measured

    def _after(self, before: Step, step: Step, at: int) -> Step:
        took = at - (before.at or 0)
        return replace(step, before=before.milestone, took=took, usual=self._usual.get((before.milestone, step.milestone)))

    def _ahead(self, way: list[Step], open_: list[Step]) -> list[Step]:
        """Return the open steps with when they are expected; the first one is awaited.

        An estimate that lies before the last delivery has come so far is of the others, and says nothing of when all will be there.
        """
        awaited = next((step for step in open_ if step.at is None), None)
        if awaited is None:
            return open_
        last, behind = way[-1], max(way, key=_last_of_some)
        base, since = last.milestone, last.at or 0
        usual = self._usual.get((base, awaited.milestone))
        late = max(0, self._now - since - usual) if usual is not None else 0
        if (floor := _last_of_some(behind)) > since:
            base, since, late = behind.milestone, floor, 0
        steps: list[Step] = []
        for step in open_:
            one = self._waited_for(last, step) if step is awaited else step
            if one.at is None and (told := self._told(one.milestone)) is not None and told >= floor:
                base, since, late = one.milestone, told, 0
                fact = self._flow.milestones[one.milestone].expected or ""
                one = replace(one, expected=told, told=self._flow.facts[fact].title or readable(fact))
            elif one.at is None and (usual := self._usual.get((base, one.milestone))) is not None:
                one = replace(one, expected=max(self._now, since + usual + late))
            floor = max(floor, _last_of_some(one))
            steps.append(one)
        return steps

    def _waited_for(self, last: Step, step: Step) -> Step:
        failed = self._transaction["failed_stage"] == step.milestone
        return replace(self._after(last, step, self._now), state="failed" if failed else "partly" if step.done else "awaited")

    def _told(self, name: str) -> int | None:
        fact = self._flow.milestones[name].expected
        if fact is None or fact not in self._facts:
            return None
        told = int(parse_times([self._facts[fact]], self._calendar)[0])
        return None if told == MISSING or told < self._now else told  # what has not come true says nothing about when it will


def _last_of_some(step: Step) -> int:
    """Return when the last of the deliveries or the like is expected at a step that others of them have reached; 0 for any other step."""
    return step.expected or 0 if step.at is None and step.done else 0


def _entry(entry: Any) -> tuple[str, str, Any]:
    """Return type, value and time of an element of ``reached``, which comes as a mapping or a tuple."""
    return (entry["type"], entry["value"], entry["at"]) if isinstance(entry, Mapping) else tuple(entry)
