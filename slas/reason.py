"""The sentence of a verdict: the promise, its arithmetic, what happened, how late, and which target set the limit. Pure and columnar.

It is written when the verdict is decided and kept with it: the facts, the catalog and the tables of holidays that it rests on may all be
different when somebody reads it. ``andon explain`` does its arithmetic with :func:`promises_told`, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.sla import Sla
from core.duration import Duration, format_duration, parse_duration, working_hours
from core.incident import cause_text, is_held_up
from core.local_time import local
from core.verdict import Verdict
from slas.calendar import CompiledCalendar, Milliseconds
from slas.clock import Calendars, Paused
from slas.due import MISSING, CutOff, Due, Extreme, Fact, Shifted, parse_due, parse_times, resolve
from slas.target import limit_of, target_text

_WALL = CompiledCalendar([])
_CHOSEN = {
    ("min", True): "the earlier of",
    ("max", True): "the later of",
    ("min", False): "the earliest of",
    ("max", False): "the latest of",
}
_OVERDUE_SHOWN = 60_000
"""A breach is decided when it is due, or within the seconds of a tick: only what is later than that is told as overdue."""


_VALUE_MAX = 50
"""Characters of a fact that is shown as it was sent."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a promise is told by: an SLA, which limit of it applies (the label in ``contract_version``), and its calendar."""

    sla: Sla
    label: str
    calendar: CompiledCalendar

    @property
    def counting(self) -> CompiledCalendar:
        """The calendar in which the limit and its pauses are counted: the SLA's, or every moment if ``within`` is not working time."""
        within, _ = limit_of(self.sla, self.label)
        return self.calendar if within is None or parse_duration(within).working else _WALL


class Evaluated(NamedTuple):
    """What a sentence is built from; times in milliseconds. ``facts`` are the transaction's.

    ``part``: how many have not reached the stage, where others have (``1 of 2 deliveries``).
    """

    verdict: str
    stage: str
    lacking: str
    started_at: int
    warn_at: int
    due_at: int
    stopped_at: int
    paused: Sequence[Paused]
    cause: str
    failure: str
    part: str
    facts: Mapping[str, str]


def reason_texts(fresh: pd.DataFrame, now: int, calendars: Calendars, catalog: Catalog) -> list[str]:
    """Return one sentence per new verdict that a person can check; times are in the zone of the SLA's calendar."""
    if not len(fresh):
        return []
    texts = [""] * len(fresh)
    groups: dict[tuple[str, str, str], list[int]] = {}
    for position, key in enumerate(zip(*(fresh[name].tolist() for name in ("flow", "sla", "contract_version")), strict=True)):
        groups.setdefault(key, []).append(position)
    rows = [Evaluated(*values) for values in zip(*(fresh[name].tolist() for name in Evaluated._fields), strict=True)]
    for (flow, name, contract), positions in groups.items():
        sla = catalog.flows[flow].slas[name]
        rule = Rule(sla, contract.partition(": ")[2], calendars.of(sla.calendar))
        for position, text in zip(positions, reasons([rows[position] for position in positions], now, rule), strict=True):
            texts[position] = text
    return texts


def reasons(rows: Sequence[Evaluated], now: int, rule: Rule) -> list[str]:
    """Return the sentences for new verdicts under one limit of one SLA, decided at ``now``."""
    known = [row for row in rows if row.due_at != MISSING and not row.lacking]
    told = iter(promises_told(rule, [row.started_at for row in known], [row.facts for row in known], [row.paused for row in known]))
    zone, target = rule.calendar.zone, target_text(rule.sla, rule.label)
    after = f"; {target}" if target else ""
    return [
        f"{next(told)} = due {local(row.due_at, zone)}; {_outcome(row, now, rule)}{after}"
        if row.due_at != MISSING and not row.lacking
        else _no_due_time(row)
        for row in rows
    ]


def promises_told(rule: Rule, started: Sequence[int], facts: Sequence[Mapping[str, str]], paused: Sequence[Sequence[Paused]]) -> list[str]:
    """Return for each clock how its due time comes about: ``promised_at 2026-11-27 17:00 Berlin - 8 working hours of plant-de07``.

    Starts and pauses are in milliseconds; a pause without an end (``MISSING``) does not count yet. Every fact of the limit must be there.
    """
    within, due = limit_of(rule.sla, rule.label)
    starts, calendar = np.array(started, np.int64), rule.calendar
    if within is not None:
        span = _span(parse_duration(within), calendar)
        texts = [f"{rule.sla.from_} {local(start, calendar.zone)} + {span}" for start in started]
    else:
        texts = _Teller(starts, facts, rule.sla.from_, calendar).told(parse_due(due or "start"))
    return [text + _held(rule, pauses) if pauses else text for text, pauses in zip(texts, paused, strict=True)]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells a due expression over rows."""

    starts: Milliseconds
    facts: Sequence[Mapping[str, str]]
    begins: str
    calendar: CompiledCalendar

    def told(self, due: Due) -> list[str]:
        if isinstance(due, Fact):
            return self._times(due.name, parse_times(self._values(due.name), self.calendar))
        if isinstance(due, CutOff):
            of = f" of {self.calendar.name}" if self.calendar.definitions else ""
            cut_off = f"next cut-off {due.time_of_day or self.calendar.cut_off}{of} after"
            return [f"{cut_off} {start}" for start in self._times(self.begins, self.starts)]
        if isinstance(due, Shifted):
            shift = f" {'+' if due.sign > 0 else '-'} {_span(due.duration, self.calendar)}"
            return [text + shift for text in self.told(due.due)]
        if isinstance(due, Extreme):
            parts = [self._equation(part) for part in due.parts]
            chosen = _CHOSEN[due.name, len(parts) == 2]
            return [f"{chosen} {' and '.join(row)}" for row in zip(*parts, strict=True)]
        return self._times(self.begins, self.starts)

    def _equation(self, part: Due) -> list[str]:
        texts = self.told(part)
        if not isinstance(part, Shifted | CutOff):
            return texts
        moments = resolve(part, self.starts, self._values, self.calendar).moments.tolist()
        return [f"({text} = {local(moment, self.calendar.zone)})" for text, moment in zip(texts, moments, strict=True)]

    def _values(self, name: str) -> list[str | None]:
        return [facts.get(name) for facts in self.facts]

    def _times(self, name: str, moments: Milliseconds) -> list[str]:
        return [f"{name} {local(moment, self.calendar.zone)}" for moment in moments.tolist()]


def _span(duration: Duration, calendar: CompiledCalendar) -> str:
    if not duration.working:
        return format_duration(duration.milliseconds)
    amount = working_hours(duration.milliseconds)
    number, _, unit = amount.partition(" ")
    return f"{number} working {unit} of {calendar.name}"


def _held(rule: Rule, pauses: Sequence[Paused]) -> str:
    """Return `` + 30 minutes paused (2026-03-27 15:00 Berlin to 2026-03-27 15:30 Berlin: credit)``; nothing if no pause has ended."""
    zone, counting = rule.calendar.zone, rule.counting
    over = [pause for pause in pauses if pause.end != MISSING]
    if not over:
        return ""
    total = sum(int(counting.between(pause.begin, pause.end)[0]) for pause in over)
    spans = [f"{local(pause.begin, zone)} to {local(pause.end, zone)}{f': {pause.reason}' if pause.reason else ''}" for pause in over]
    listed = ", ".join(spans)
    return f" + {working_hours(total)} paused ({listed})" if total else f", paused only outside working time ({listed}),"


def _no_due_time(row: Evaluated) -> str:
    if row.verdict == Verdict.CANCELLED:
        return f"the transaction was cancelled before {row.stage}"
    what, _, name = row.lacking.partition(":")
    if what == "calendar":
        return f"no due time: the calendar '{name}' has no working time or cut-off for it"
    if value := row.facts.get(name, ""):
        return f"no due time: the fact '{name}' is '{value[:_VALUE_MAX]}', which is not a time"
    return f"no due time: the fact '{name}' is missing"


def _outcome(row: Evaluated, now: int, rule: Rule) -> str:
    """Return what happened, and how early or late."""
    zone, stage = rule.calendar.zone, row.stage
    unseen = f"{stage} not seen{f' for {row.part}' if row.part else ''} by {local(now, zone)}"
    match Verdict(row.verdict):
        case Verdict.RUNNING:
            text = f"warning {local(row.warn_at, zone)}"
        case Verdict.PAUSED:
            begin, _, waits_for = row.paused[-1]
            text = f"paused since {local(begin, zone)}{f' ({waits_for})' if waits_for else ''}"
        case Verdict.UNKNOWN:
            text = f"{unseen}, but {cause_text(row.cause)}"
        case Verdict.MET:
            text = f"{stage} {local(row.stopped_at, zone)}, {format_duration(row.due_at - row.stopped_at)} to spare"
        case Verdict.MET_LATE:
            text = f"{stage} {local(row.stopped_at, zone)}, {format_duration(row.stopped_at - row.due_at)} late"
        case Verdict.CANCELLED:
            at = f" {local(row.stopped_at, zone)}" if row.stopped_at != MISSING else ""
            late = f", {format_duration(row.stopped_at - row.due_at)} late" if row.stopped_at > row.due_at else ""
            text = f"cancelled{at} before {stage}{late}"
        case _:
            late = f", {format_duration(now - row.due_at)} late" if now - row.due_at >= _OVERDUE_SHOWN else ""
            failed = f" (failed: {row.failure})" if row.failure else ""
            behind = f"; it waits behind a queue: {cause_text(row.cause)}" if is_held_up(row.cause) else ""
            text = f"{unseen}{late}{failed}{behind}"
    return text
