"""Why a clock says what it says: milestones and their signals, calendar intervals, pauses, the version of the limit, the arithmetic. Pure.

Times come as the read endpoint gives them (UTC if they have no zone) and are shown in the zone of the SLA's calendar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.sla import Sla
from core.clock import to_milliseconds
from core.duration import format_duration, working_hours
from core.local_time import local
from core.verdict import Verdict
from slas.calendar import CompiledCalendar
from slas.clock import Calendars, Paused
from slas.due import MISSING, facts_of, parse_due
from slas.outlook import Outlook, outlook_of
from slas.outlook_told import answer, standing, whom
from slas.reason import Rule, promises_told
from slas.rows import Row, milliseconds_of, rows_of
from slas.target import STANDARD, limit_of, target_of, target_text

_INTERVALS_SHOWN = 6
_IN_TROUBLE = {Verdict.BREACHED, Verdict.AT_RISK, Verdict.UNKNOWN, Verdict.PAUSED}
_AT_THE_DECISION = re.compile(r"not seen( for \d[\d,]* of \d[^;]*?)? by \d{4}-[^,;(]*[^,;( ](, [^,;(]* late\b)?")


def as_it_runs(reason: str) -> str:
    """Return the reason of a verdict for a clock that still runs: what was true when it was decided, and by how much, is old by now."""
    return _AT_THE_DECISION.sub(r"not seen yet\1", reason)


@dataclass(frozen=True)
class Evidence:
    """What the store knows about one transaction: its row, and its rows of transaction_events, clocks and verdicts.

    ``usual``: how long others took from one milestone to another.
    """

    transaction: Row
    milestones: pd.DataFrame
    clocks: pd.DataFrame
    verdicts: pd.DataFrame
    usual: pd.DataFrame = field(default_factory=pd.DataFrame)


def explain(
    evidence: Evidence,
    catalog: Catalog,
    now: datetime,
    sla: str | None = None,
    earlier: Mapping[str, Catalog] | None = None,
    *,
    everything: bool = False,
) -> list[str]:
    """Return the lines that explain a transaction's clocks; ``now`` is aware.

    The clock of ``sla``, or all (``everything``), or those that matter now: the others are a line each. A clock is explained by the catalog
    that set it: one of the ``earlier`` ones, by version, or the current one if that is unknown.
    """
    clocks = [row for row in rows_of(evidence.clocks) if sla is None or row["sla"] == sla]
    outlook = outlook_of(evidence.transaction, evidence.clocks, evidence.usual, catalog, to_milliseconds(now))
    lines = [*_transaction_lines(evidence, catalog), *_outlook_lines(outlook)]
    parts = {step.milestone: step.there for step in outlook.steps if 0 < step.done < step.of} if outlook else {}
    full: Sequence[Row] = clocks if everything or sla is not None else _that_matter(clocks)
    for clock in full:
        own = (earlier or {}).get(version_of(str(clock["contract_version"])), catalog)
        lines += ["", *_clock_lines(clock, evidence, own, Calendars(own), to_milliseconds(now), parts), *_since(clock, own, catalog)]
    if not clocks:
        lines.append(_without_clock(evidence, catalog, sla))
    shown = {clock["sla"] for clock in full}
    others = [clock for clock in clocks if clock["sla"] not in shown]
    return [*lines, *_others(others, catalog)] if others else lines


def _that_matter(clocks: Sequence[Row]) -> Sequence[Row]:
    """Return the clocks in trouble, or else the one that is due next, or else those that were late, or the one that stopped last."""
    running = [clock for clock in clocks if clock["verdict"] == Verdict.RUNNING]
    late = [clock for clock in clocks if clock["verdict"] == Verdict.MET_LATE]
    return (
        [clock for clock in clocks if clock["verdict"] in _IN_TROUBLE]
        or sorted(running, key=lambda clock: milliseconds_of(clock["due_at"]) or MISSING)[:1]
        or late
        or sorted(clocks, key=lambda clock: milliseconds_of(clock["stopped_at"]) or 0)[-1:]
    )


def _others(clocks: Sequence[Row], catalog: Catalog) -> list[str]:
    flow = catalog.flows.get(str(clocks[0]["flow"]))
    lines = ["", "the other SLAs, each in full by its name behind the identifier, all by --all:"]
    for clock in clocks:
        name = str(clock["sla"])
        known = flow.slas.get(name) if flow else None
        lines.append(f"  {name}: {clock['verdict']}{_margin(clock)}{f' ({known.title})' if known else ''}")
    return lines


def _margin(clock: Row) -> str:
    due, stopped = milliseconds_of(clock["due_at"]), milliseconds_of(clock["stopped_at"])
    return f", {_late(stopped, due)}" if due is not None and stopped is not None else ""


def _late(stopped: int, due: int) -> str:
    return f"{format_duration(stopped - due)} late" if stopped > due else f"{format_duration(due - stopped)} to spare"


def _without_clock(evidence: Evidence, catalog: Catalog, sla: str | None) -> str:
    if sla is None:
        return "no clock has started"
    flow = catalog.flows.get(str(evidence.transaction["flow"]))
    defined = flow.slas.get(sla) if flow else None
    if defined is None:
        return f"'{sla}' is not an SLA of this flow"
    if any(row["milestone"] == defined.from_ for row in rows_of(evidence.milestones)):
        return (
            f"no clock of '{sla}': it does not apply to what began before {defined.since}" if defined.since else f"no clock of '{sla}' yet"
        )
    return f"no clock of '{sla}': {defined.from_} has not been seen"


def _transaction_lines(evidence: Evidence, catalog: Catalog) -> list[str]:
    row = evidence.transaction
    flow = catalog.flows.get(str(row["flow"]))
    where = f"{row['state']} at {row['stage']}" if row["stage"] else str(row["state"])
    lines = [
        f"{flow.title if flow else row['flow']} {row['reference']}: {where}; transaction {row['transaction_id']}",
        "known by: " + "; ".join(f"{key} {', '.join(sorted(values))}" for key, values in sorted(row["keys"].items())),
    ]
    if row["failed_milestone"]:
        lines.append(f"failed: {row['failed_milestone']} ({row['cause'] or 'no cause given'})")
    return lines


def _outlook_lines(outlook: Outlook | None) -> list[str]:
    """Return where it stands and what to tell about it, with times in the zone of the calendar that counts."""
    if outlook is None:
        return []

    def show(moment: int) -> str:
        return local(moment, outlook.calendar.zone)

    told = answer(outlook, show)
    return [f"stands: {standing(outlook, show)}", *([f"tell {whom(outlook) or 'whoever asks'}: {told}"] if told else [])]


def _clock_lines(clock: Row, evidence: Evidence, catalog: Catalog, calendars: Calendars, now: int, parts: Mapping[str, str]) -> list[str]:
    """Return what is known of one clock; ``parts``: of which milestones how much is there, if it is not all."""
    name, flow = str(clock["sla"]), catalog.flows.get(str(clock["flow"]))
    sla = flow.slas.get(name) if flow else None
    verdict = f"{clock['verdict']} (version {clock['verdict_version']})"
    if sla is None:
        return [f"{name}: {verdict}", "  the catalog no longer defines this SLA", *_versions(name, None, evidence, CompiledCalendar([]))]
    calendar = calendars.of(sla.calendar)
    lines = [f"{name}: {sla.title}", f"  verdict      {verdict}{_remaining(clock, now)}"]
    lines.append(f"  from         {_milestone_text(sla.from_, evidence.milestones, calendar)}")
    part = f"; {parts[sla.to]}" if sla.to in parts and milliseconds_of(clock["stopped_at"]) is None else ""
    lines.append(f"  to           {_milestone_text(sla.to, evidence.milestones, calendar, now)}{part}")
    lines += _limit_lines(clock, sla, catalog, evidence.transaction["facts"], calendar)
    lines += _arithmetic(clock, Rule(sla, _label(clock), calendar), evidence.transaction["facts"])
    lines += _penalty_lines(clock, sla)
    return [*lines, *_versions(name, sla, evidence, calendar)]


def version_of(contract: str) -> str:
    """Return the catalog version in a clock's ``contract_version``."""
    return contract.partition(": ")[0]


def versions_of(clocks: pd.DataFrame) -> set[str]:
    """Return the versions of the catalogs that set these clocks."""
    return set(clocks["contract_version"].map(version_of)) if len(clocks) else set()


def _label(clock: Row) -> str:
    """Return which limit of its SLA a clock has; empty for the SLA's own."""
    return str(clock["contract_version"]).partition(": ")[2]


def _since(clock: Row, own: Catalog, current: Catalog) -> list[str]:
    """Return what to know if the catalog has changed since it set the clock."""
    if own.version == current.version:
        return []
    flow, name = str(clock["flow"]), str(clock["sla"])
    then, now = ((each.flows[flow].slas.get(name) if flow in each.flows else None) for each in (own, current))
    said = "no longer defines this SLA" if now is None else "defines it the same way" if now == then else "defines it differently"
    return [f"  since then   the catalog is {current.version}, which {said}"]


def _milestone_text(name: str, milestones: pd.DataFrame, calendar: CompiledCalendar, now: int | None = None) -> str:
    """Return ``captured 2026-03-27 15:50 Berlin in CRM: event 17, told by the source crm, received …``.

    If there are several, the first and their number.
    """
    found = [row for row in rows_of(milestones) if row["milestone"] == name]
    if not found:
        return f"{name}: not seen" + (f" at {local(now, calendar.zone)}" if now is not None else "")
    row = found[0]
    at, received = milliseconds_of(row["event_time"]), milliseconds_of(row["received_at"])
    where = f" in {row['system']}" if row["system"] else ""
    text = f"{name} {local(at or 0, calendar.zone)}{where}: {row['signal']} {row['signal_id']}, told by the source {row['source']}"
    text += f", received {local(received or 0, calendar.zone)}"
    if row["time_suspect"]:
        text += ", with a doubtful time"
    return text + (f"; {len(found)} signals; the first one counts unless all are needed" if len(found) > 1 else "")


def _limit_lines(clock: Row, sla: Sla, catalog: Catalog, facts: Mapping[str, str], calendar: CompiledCalendar) -> list[str]:
    label = _label(clock)
    within, due = limit_of(sla, label)
    limit = f"due {due}" if within is None else f"within {within}"
    which = target_text(sla, label) or label or STANDARD
    lines = [f"  limit        {limit} ({which}; catalog {version_of(str(clock['contract_version']))})"]
    if version_of(str(clock["contract_version"])) != catalog.version:
        lines.append("               that catalog was not kept: the limit shown is today's, the times below are from then")
    if due is not None:
        lines += [f"               {name} = {facts.get(name, 'missing')}" for name in sorted(facts_of(parse_due(due)))]
    lines.append(f"  calendar     {calendar.name}, times in {calendar.zone}")
    return lines


def _penalty_lines(clock: Row, sla: Sla) -> list[str]:
    """Return ``penalty 1% of amount for each day begun after 1 free day, at most 5%: 24.00 EUR so far``.

    Nothing if lateness costs nothing.
    """
    target = target_of(sla, _label(clock))
    terms = (target.penalty if target else None) or sla.penalty
    if terms is None:
        return []
    free = f" after {terms.free_days:g} free day{'' if terms.free_days == 1 else 's'}" if terms.free_days else ""
    most = f", at most {terms.cap}" if terms.cap else ""
    owed = f"{clock['penalty']:,.2f} {clock['currency']}".rstrip()
    return [f"  penalty      {terms.per_day} of {terms.of} for each day begun{free}{most}: {owed} so far"]


def _arithmetic(clock: Row, rule: Rule, facts: Mapping[str, str]) -> list[str]:
    start, due, warn, stopped = (milliseconds_of(clock[name]) for name in ("started_at", "due_at", "warn_at", "stopped_at"))
    if start is None or due is None:
        return ["  due          cannot be calculated"]
    zone, counting = rule.calendar.zone, rule.counting
    pauses = _pauses(clock)
    lines = [f"  counted      {text}" for text in _intervals(counting, start, due, zone)]
    for begin, end, why in pauses:
        lines.append(f"  paused       {local(begin, zone)} to {'now' if end == MISSING else local(end, zone)}{f': {why}' if why else ''}")
    total = int(counting.between(start, due)[0])
    held = sum(int(counting.between(pause.begin, pause.end)[0]) for pause in pauses if pause.end != MISSING and pause.begin < due)
    less = f" - {working_hours(held)} paused = {working_hours(total - held)}" if held else ""
    if limit_of(rule.sla, rule.label)[1] is None:
        lines.append(f"  sum          {working_hours(total)}{less}")
    else:  # it is due at a date, and what lies between is no sum of the rule
        lines.append(f"  in all       {working_hours(total)}{less} from {rule.sla.from_} to due")
    told = promises_told(rule, [start], [facts], [pauses])[0] if _has_facts(rule, facts) else "from facts that have changed"
    target = target_of(rule.sla, rule.label)
    warns = (target and target.warn) or rule.sla.warn
    lines.append(f"  due          {told} = {local(due, zone)}; warning {local(warn or due, zone)} ({warns})")
    if stopped is not None:
        lines.append(f"  stopped      {local(stopped, zone)}, {_late(stopped, due)}")
    return lines


def _has_facts(rule: Rule, facts: Mapping[str, str]) -> bool:
    """Return whether the transaction still has every fact of the limit; a clock is older than its transaction for a moment."""
    _, due = limit_of(rule.sla, rule.label)
    return due is None or facts_of(parse_due(due)) <= facts.keys()


def _intervals(calendar: CompiledCalendar, start: int, due: int, zone: Any) -> list[str]:
    """Return the working intervals from start to due, leaving out the middle ones if there are many."""
    found = calendar.intervals(start, due)
    texts = [f"{local(begin, zone)} to {local(end, zone)}: {working_hours(end - begin)}" for begin, end in found]
    half = _INTERVALS_SHOWN // 2
    left_out = len(texts) - _INTERVALS_SHOWN
    return texts if left_out <= 0 else [*texts[:half], f"… {left_out} more intervals …", *texts[-half:]]


def _versions(name: str, sla: Sla | None, evidence: Evidence, calendar: CompiledCalendar) -> list[str]:
    found = sorted((row for row in rows_of(evidence.verdicts) if row["sla"] == name), key=lambda row: int(row["version"]))
    return [
        f"  version {row['version']:<4} {local(milliseconds_of(row['decided_at']) or 0, calendar.zone)} {row['verdict']}: {row['reason']}"
        + (received_later(row, sla, evidence.milestones, calendar.zone) if sla else "")
        for row in found
    ]


def received_later(verdict: Row, sla: Sla, milestones: pd.DataFrame, zone: ZoneInfo) -> str:
    """Return what to add to a verdict that rests on an event received after ``decided_at``; empty for every other.

    The engine looks at its clock once a tick and then loads: what arrives in between is decided with the moment before.
    """
    decided = milliseconds_of(verdict["decided_at"]) or 0
    rests_on = {(sla.from_, milliseconds_of(verdict["started_at"])), (sla.to, milliseconds_of(verdict["stopped_at"]))}
    found = [
        (received, str(row["milestone"]))
        for row in rows_of(milestones)
        if (row["milestone"], milliseconds_of(row["event_time"])) in rests_on
        and (received := milliseconds_of(row["received_at"]) or 0) > decided
    ]
    if not found:
        return ""
    received, name = max(found)
    return f"; rests on {name}, received {format_duration(received - decided)} later, {local(received, zone)}"


def _remaining(clock: Row, now: int) -> str:
    due = milliseconds_of(clock["due_at"])
    if due is None or clock["verdict"] not in {"running", "at_risk", "breached"}:
        return ""
    return f", due in {format_duration(due - now)}" if due > now else f", overdue for {format_duration(now - due)}"


def _pauses(clock: Row) -> list[Paused]:
    pauses: Sequence[Any] = clock["paused"]
    found = [(pause["from"], pause["to"], pause["reason"]) if isinstance(pause, Mapping) else pause for pause in pauses]
    return [
        Paused(milliseconds_of(begin) or 0, MISSING if (over := milliseconds_of(end)) is None else over, reason)
        for begin, end, reason in found
    ]
