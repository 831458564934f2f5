"""Clocks: what each SLA measures for each transaction. Pure and columnar; nothing here depends on the current time.

Input: rows of ``transactions`` whose map columns hold times as int milliseconds. Output: one row per transaction and SLA whose ``from``
milestone was reached. During evaluation every time is an int64 column of milliseconds since 1970-01-01 UTC, :data:`slas.due.MISSING` if
there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.catalog.catalog import Catalog
from core.catalog.definition import readable
from core.catalog.flow import PARTIES, Flow
from core.catalog.sla import Pause, Penalty, Sla
from core.duration import parse_duration, parse_share
from core.errors import UsageError
from core.plural import counted
from core.verdict import TransactionState
from slas.calendar import CompiledCalendar, Milliseconds
from slas.due import MISSING, parse_due, resolve
from slas.target import Limit, effective, limits_of

TIMES = ("started_at", "warn_at", "due_at", "stopped_at")


class Calendars:
    """Compiled calendars of a catalog, each compiled once."""

    def __init__(self, catalog: Catalog) -> None:
        self._definitions = catalog.calendars
        self._compiled: dict[tuple[str, ...], CompiledCalendar] = {}

    def of(self, names: str | list[str] | None) -> CompiledCalendar:
        """Return the intersection of the named calendars; None is wall-clock time."""
        wanted = () if names is None else (names,) if isinstance(names, str) else tuple(names)
        if wanted not in self._compiled:
            missing = [name for name in wanted if name not in self._definitions]
            if missing:
                raise UsageError(f"calendar '{missing[0]}' is not defined")
            self._compiled[wanted] = CompiledCalendar([self._definitions[name] for name in wanted])
        return self._compiled[wanted]


@dataclass(frozen=True)
class Group:
    """Transactions of one flow under one SLA, with column readers."""

    rows: pd.DataFrame
    flow: Flow
    name: str
    sla: Sla
    calendar: CompiledCalendar

    def at(self, milestone: str) -> Milliseconds:
        """Return the milestone's earliest time per row."""
        return np.array([times.get(milestone, MISSING) for times in self.rows["first_at"]], np.int64)

    def moments(self, row: int, milestone: str) -> list[int]:
        """Return every moment at which a row reached the milestone, in order."""
        first = self.rows["first_at"].iloc[row].get(milestone)
        if first is None:
            return []
        repeated = self.rows["moments"].iloc[row].get(milestone)
        return list(repeated) if repeated else sorted({first, self.rows["last_at"].iloc[row][milestone]})

    def fact(self, name: str) -> list[str | None]:
        """Return the fact's text per row."""
        return [facts.get(name) for facts in self.rows["facts"]]


def clocks_of(transactions: pd.DataFrame, catalog: Catalog, calendars: Calendars) -> pd.DataFrame:
    """Return the clocks of these transactions, with the columns of ``clocks`` that do not depend on the current time.

    Further columns: ``lacking`` (what the due time lacks: ``fact-missing:<fact>`` or ``calendar:<name>``), ``cancelled`` (whether a
    cancellation stopped the clock), ``failure`` (the cause, if the awaited stage failed), ``part`` (``1 of 2 deliveries``: how many have
    not reached the stage, where others have), ``held_up`` and ``at_once`` (no queue holds it up: see
    :meth:`slas.queues.Queues.held_up`), ``facts`` (the transaction's), ``penalty_day``, ``penalty_free`` and ``penalty_cap`` in money and
    days.
    """
    measured = [
        _measure(Group(rows, catalog.flows[str(flow)], name, sla, calendars.of(sla.calendar)), catalog)
        for flow, rows in _living(transactions).groupby("flow", sort=False, observed=True)
        if flow in catalog.flows
        for name, sla in catalog.flows[str(flow)].slas.items()
    ]
    measured = [columns for columns in measured if columns]
    if not measured:
        return pd.DataFrame(columns=["flow", "sla", "transaction_id"])
    return pd.DataFrame({name: np.concatenate([columns[name] for columns in measured]) for name in measured[0]})


def _living(transactions: pd.DataFrame) -> pd.DataFrame:
    return transactions[(transactions["state"] != TransactionState.MERGED).to_numpy(np.bool_)]


def _measure(group: Group, catalog: Catalog) -> dict[str, NDArray[Any]]:
    """Return the columns of the clocks of one SLA; none if it runs for no transaction."""
    started = group.at(group.sla.from_)
    kept = (started != MISSING) & effective(group.sla.since, None, started)
    if not kept.any():
        return {}
    if not kept.all():
        group = Group(group.rows[kept], group.flow, group.name, group.sla, group.calendar)
        started = started[kept]
    reached, part = _reached(group)
    stopped, cancelled = _called_off(group, reached)
    pauses = _pauses(group, started, stopped)
    columns = _limits(group, catalog, started, pauses)
    facts, parties = group.rows["facts"], group.flow.parties()
    failed = (group.rows["failed_stage"] == group.sla.to).to_numpy(np.bool_)
    rows = len(started)

    def same(value: str | None) -> NDArray[np.object_]:
        return np.full(rows, value, object)

    return {
        "flow": same(group.flow.flow),
        "sla": same(group.name),
        "transaction_id": group.rows["transaction_id"].to_numpy(object),
        "reference": group.rows["reference"].to_numpy(object),
        "stage": same(group.sla.to),
        "started_at": started,
        "stopped_at": stopped,
        **columns,
        "paused": np.fromiter(pauses, object, rows),
        "cancelled": cancelled,
        "failure": np.where(failed, group.rows["cause"].to_numpy(object), ""),
        "part": part,
        "held_up": same(""),
        "at_once": np.zeros(rows, np.bool_),
        "severity": same(str(group.sla.severity)),
        "owner": same(group.sla.owner or group.flow.owner),
        "runbook": same(group.sla.runbook),
        **{role: np.fromiter((values.get(parties.get(role, ""), "") for values in facts), object, rows) for role in PARTIES},
        "plant": np.fromiter((values.get("plant", "") for values in facts), object, rows),
        "facts": facts.to_numpy(object),
        **_value(group),
    }


def _reached(group: Group) -> tuple[Milliseconds, NDArray[np.object_]]:
    """Return when the ``to`` milestone was reached: by any value of a key of relation many, or by all that were seen.

    And where only some of them have reached it, how many have not: ``1 of 2 deliveries``.
    """
    to = group.sla.to
    first = group.at(to)
    named = group.flow.milestones[to].keys if to in group.flow.milestones else {}
    many = [key for key in named if key in group.flow.keys and group.flow.keys[key].relation == "many"]
    part = np.full(len(first), "", object)
    if group.sla.of == "any" or not many:
        return first, part
    for row, (keys, reached) in enumerate(zip(group.rows["keys"], group.rows["reached"], strict=True)):
        done = {(entry[0], entry[1]): entry[2] for entry in reached.get(to, ())}
        wanted = [(key, value) for key in many for value in keys.get(key, ())]
        if wanted and first[row] != MISSING:
            lacking = [key for key, value in wanted if (key, value) not in done]
            first[row] = MISSING if lacking else max(done[pair] for pair in wanted)
            part[row] = _part(group, lacking, keys) if lacking else ""
    return first, part


def _part(group: Group, lacking: list[str], keys: Mapping[str, Sequence[str]]) -> str:
    """Return ``1 of 2 deliveries``: of the key of which most are lacking, which is named once for each."""
    key = max(dict.fromkeys(lacking), key=lacking.count)
    title = group.flow.keys[key].title or readable(key)
    word = title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"
    return f"{lacking.count(key)} of {counted(len(keys[key]), word)}"


class Paused(NamedTuple):
    """When a clock is paused, in milliseconds: ``end`` is MISSING while it lasts."""

    begin: int
    end: int
    reason: str


NO_BEGINNING = "its beginning was not seen, so it counts from the start"


def _pauses(group: Group, started: Milliseconds, stopped: Milliseconds) -> list[list[Paused]]:
    """Return the pauses of each row after its start and before its stop, in order and without overlap.

    Every pause counts, however often it repeats; one that has not ended lasts. An end without a beginning (it was lost, or came before
    anything was sent to Andon) counts from the clock's start.
    """
    definitions: list[Pause] = group.sla.pause if isinstance(group.sla.pause, list) else [group.sla.pause] if group.sla.pause else []
    found: list[list[Paused]] = [[] for _ in started]
    seen = np.zeros(len(started), np.bool_)
    for name in {each for pause in definitions for each in (pause.from_, pause.to)}:
        seen |= group.at(name) != MISSING
    for row in np.flatnonzero(seen):
        begun, over = int(started[row]), int(stopped[row]) if stopped[row] != MISSING else _FOREVER
        spans = [span for pause in definitions for span in _spans(group, int(row), pause, definitions, begun)]
        found[row] = _without_overlap(spans, begun, over)
    return found


def _spans(group: Group, row: int, pause: Pause, definitions: list[Pause], begun: int) -> list[Paused]:
    """Return where one definition pauses one clock: from each beginning to the next end."""
    begins, ends = (set(group.moments(row, name)) for name in (pause.from_, pause.to))
    explained = [moment for each in definitions if each.to == pause.to for moment in group.moments(row, each.from_)[:1]]
    first = min(explained, default=_FOREVER)
    spans = [
        Paused(begun, end, f"{pause.reason}{': ' if pause.reason else ''}{NO_BEGINNING}")
        for end in [min(ends, default=_FOREVER)]
        if end < first
    ]
    since = MISSING
    for moment in sorted(begins | ends):
        was_paused = since != MISSING
        if was_paused and moment in ends:
            spans.append(Paused(since, moment, pause.reason))
            since = MISSING
        if moment in begins and since == MISSING and (was_paused or moment not in ends):
            since = moment
    return [*spans, Paused(since, MISSING, pause.reason)] if since != MISSING else spans


_FOREVER = np.iinfo(np.int64).max


def _without_overlap(spans: list[Paused], begun: int, over: int) -> list[Paused]:
    """Return the spans between a clock's start and stop; where several overlap, the one that began first counts."""
    result: list[Paused] = []
    covered = begun
    for begin, end, reason in sorted((span.begin, _FOREVER if span.end == MISSING else span.end, span.reason) for span in spans):
        since, until = max(begin, covered), min(end, over)
        if since < until:
            result.append(Paused(since, MISSING if until == _FOREVER else until, reason))
            covered = until
    return result


def _limits(group: Group, catalog: Catalog, started: Milliseconds, pauses: list[list[Paused]]) -> dict[str, NDArray[Any]]:
    rows = len(started)
    due, warn = np.full(rows, MISSING, np.int64), np.full(rows, MISSING, np.int64)
    lacking, version, currency = (np.full(rows, "", object) for _ in range(3))
    daily, free, cap = np.zeros(rows), np.zeros(rows), np.full(rows, np.inf)
    for limit in limits_of(group.sla, catalog.contracts.values(), started, group.fact):
        part = Group(group.rows.iloc[limit.rows], group.flow, group.name, group.sla, group.calendar)
        cut = [pauses[row] for row in limit.rows]
        due[limit.rows], warn[limit.rows], lacking[limit.rows] = _reachable_due_and_warn(part, limit, started[limit.rows], cut)
        version[limit.rows] = f"{catalog.version[:12]}: {limit.label}"
        if limit.penalty:
            currency[limit.rows] = _currency(part, limit.penalty.of)
            daily[limit.rows], free[limit.rows], cap[limit.rows] = _terms(part, limit.penalty)
    columns = {"due_at": due, "warn_at": warn, "lacking": lacking, "contract_version": version}
    return columns | {"penalty_day": daily, "penalty_free": free, "penalty_cap": cap, "currency": currency}


def _reachable_due_and_warn(
    group: Group, limit: Limit, started: Milliseconds, pauses: list[list[Paused]]
) -> tuple[Milliseconds, Milliseconds, NDArray[np.object_]]:
    """Return due, warn and lacking; if a calendar gives some rows no due time (it never works), the others keep theirs."""
    try:
        return _due_and_warn(group, limit, started, pauses)
    except UsageError:
        rows = len(started)
        if rows == 1 or not group.calendar.works_after(int(started.min())):
            none = np.full(rows, MISSING, np.int64)
            return none, none.copy(), np.full(rows, f"calendar:{group.calendar.name}", object)
    halves = [
        _reachable_due_and_warn(
            Group(group.rows.iloc[part], group.flow, group.name, group.sla, group.calendar),
            limit,
            started[part],
            pauses[part],
        )
        for part in (slice(None, rows // 2), slice(rows // 2, None))
    ]
    due, warn, lacking = (np.concatenate(column) for column in zip(*halves, strict=True))
    return due, warn, lacking


def _due_and_warn(
    group: Group, limit: Limit, started: Milliseconds, pauses: list[list[Paused]]
) -> tuple[Milliseconds, Milliseconds, NDArray[np.object_]]:
    wall = CompiledCalendar([])
    lacking = np.full(len(started), "", object)
    calendar = group.calendar
    if limit.within is not None:
        within = parse_duration(limit.within)
        calendar = group.calendar if within.working else wall
        base = calendar.add(started, within.milliseconds)
    else:
        resolved = resolve(parse_due(limit.due or "start"), started, group.fact, group.calendar)
        base = resolved.moments
        lacking = np.array([name and f"fact-missing:{name}" for name in resolved.lacking], object)
    known = base != MISSING
    due, warn = base.copy(), base.copy()
    cut = [each for each, has_due in zip(pauses, known, strict=True) if has_due]
    due[known] = _extended(base[known], cut, calendar)
    first = _warn(limit.warn, started[known], base[known], calendar, group.calendar)
    warn[known] = np.minimum(_extended(first, cut, calendar), due[known])
    return due, warn, lacking


def _warn(text: str, started: Milliseconds, due: Milliseconds, calendar: CompiledCalendar, full: CompiledCalendar) -> Milliseconds:
    """Return when to warn, from a share of the time or a time before the due time; never before the start."""
    share = parse_share(text)
    if share is None:
        before = parse_duration(text)
        warn = full.subtract(due, before.milliseconds) if before.working else due - before.milliseconds
    else:
        span = np.maximum(calendar.between(started, due), 0)
        warn = calendar.add(started, np.round(span * min(share, 1.0)).astype(np.int64))
    return np.maximum(warn, started)


def _extended(moments: Milliseconds, pauses: list[list[Paused]], calendar: CompiledCalendar) -> Milliseconds:
    """Shift moments by each finished pause that began before them, in the calendar's own time."""
    for position in range(max(map(len, pauses), default=0)):
        nth = [each[position] if len(each) > position else None for each in pauses]
        begin = np.array([MISSING if pause is None else pause.begin for pause in nth], np.int64)
        end = np.array([MISSING if pause is None else pause.end for pause in nth], np.int64)
        held = (begin != MISSING) & (end != MISSING) & (begin < moments)
        if held.any():
            moments = moments.copy()
            moments[held] = calendar.add(moments[held], calendar.between(begin[held], end[held]))
    return moments


def _called_off(group: Group, reached: Milliseconds) -> tuple[Milliseconds, NDArray[np.bool_]]:
    """Return when each clock stopped, and which ones stopped because the transaction was cancelled before the milestone was reached."""
    off = np.full(len(reached), _FOREVER, np.int64)
    for milestone in group.flow.cancels:
        at = group.at(milestone)
        off = np.where(at == MISSING, off, np.minimum(off, at))
    called = (off != _FOREVER) | (group.rows["state"] == TransactionState.CANCELLED).to_numpy(np.bool_)
    cancelled: NDArray[np.bool_] = called & ((reached == MISSING) | (off < reached))
    return np.where(cancelled, np.where(off == _FOREVER, MISSING, off), reached), cancelled


def _value(group: Group) -> dict[str, Any]:
    """Return the money at risk. Its currency is that of the clock; if there is no money at risk, that of the penalty."""
    impact = group.sla.impact
    if impact is None:
        return {"value": np.zeros(len(group.rows))}
    return {"value": _amount(group, impact.value), "currency": _currency(group, impact.value)}


def _terms(group: Group, penalty: Penalty) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Return the cost per day, the free days and the maximum penalty. A credit note owes nothing."""
    basis = np.maximum(_amount(group, penalty.of), 0.0)
    cap = basis * (parse_share(penalty.cap) or 0.0) if penalty.cap else np.full(len(basis), np.inf)
    return basis * (parse_share(penalty.per_day) or 0.0), penalty.free_days, cap


def _currency(group: Group, name: str) -> NDArray[np.object_]:
    fact = group.flow.facts.get(name)
    texts: Iterable[str | None] = group.fact(fact.currency) if fact and fact.currency else [""] * len(group.rows)
    return np.array([text or "" for text in texts], object)


def _amount(group: Group, fact: str) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = (
        pd.to_numeric(pd.Series(group.fact(fact), dtype=object), errors="coerce").fillna(0.0).to_numpy(np.float64)
    )
    return np.where(np.isfinite(numbers), numbers, 0.0)
