"""Courses of one flow, and what the shipped catalog makes of them: the plant and the catalog must speak of the same business."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from core.catalog.flow import Flow, Match, is_named
from core.catalog.load import load_catalog
from core.catalog.review import listed
from plant.course import Course
from plant.faults import ALWAYS, Fault, FaultName
from plant.hours import REGENSBURG, ROCKFORD
from plant.signal import Happening, Signal

LIVE = datetime(2026, 3, 3, 9, tzinfo=UTC)
"""A Tuesday, 10:00 in Regensburg and 03:00 in Rockford."""
CATALOG = load_catalog(Path(__file__).parents[3] / "catalog").catalog


def always(name: FaultName, **more: Any) -> Fault:
    return Fault(name, start_minute=-ALWAYS, minutes=2 * ALWAYS, **more)


def courses(flow: ModuleType, *faults: Fault, count: int = 80) -> list[Happening]:
    """Return transactions that begin at LIVE, in turn at both sites."""
    found = []
    for number in range(1, count + 1):
        course = Course(flow.FLOW, number, LIVE, (REGENSBURG, ROCKFORD)[number % 2], "7", faults, LIVE)
        flow.play(course)
        found.append(course.happening())
    return found


def milestones(happening: Happening) -> dict[str, datetime]:
    """Return when each milestone was reached first, in the order of time."""
    found: dict[str, datetime] = {}
    for reached in sorted(happening.truth.reached, key=lambda reached: reached.at):
        found.setdefault(reached.milestone, reached.at)
    return found


def begun(happening: Happening) -> dict[str, datetime]:
    """Return when the first signal of each milestone begins, in the order of time: a span's milestone ends with the span."""
    found: dict[str, datetime] = {}
    for signal in happening.signals:
        if signal.milestone:
            found.setdefault(signal.milestone, signal.start)
    return found


def differences(flow: ModuleType, happenings: list[Happening]) -> list[str]:
    """Return where the ledger's milestones and keys are not those that the shipped catalog reads in the signals."""
    known = CATALOG.flows[flow.FLOW]
    found = []
    for happening in happenings:
        found += [f"key {name}" for name in happening.truth.keys if name not in known.keys and name != "planned_order"]
        for signal in happening.signals:
            read = [name for name, milestone in known.milestones.items() if matches(milestone.match, signal)]
            if read != ([signal.milestone] if signal.milestone else []):
                found.append(f"{signal.kind} {signal.name} of {signal.service}: {signal.milestone or 'nothing'}, read as {read}")
    return list(dict.fromkeys(found))


def required(flow: ModuleType) -> list[str]:
    """Return the milestones without which the flow is not complete, in order."""
    known: Flow = CATALOG.flows[flow.FLOW]
    return [name for name, milestone in known.milestones.items() if not milestone.optional and not milestone.failure]


def matches(match: Match, signal: Signal) -> bool:
    """Say whether a signal is what a milestone of the catalog asks for."""
    if signal.kind != ("event" if match.event is not None else "log" if match.log is not None else "span"):
        return False
    named = match.event if signal.kind == "event" else match.span
    fits = re.search(match.log, signal.name) is not None if match.log is not None else named is None or is_named(signal.name, listed(named))
    if signal.kind == "event":
        return fits
    status = "error" if signal.error else "ok"
    return (
        fits
        and (match.service is None or is_named(signal.service, listed(match.service)))
        and (match.status is None or status in listed(match.status))
        and all(_has(signal, path.removeprefix("attributes."), wanted) for path, wanted in match.attributes.items())
        and (match.where is None or _holds(signal, match.where))
    )


def _holds(signal: Signal, where: str) -> bool:
    """Say whether one of several attributes has a value, which is all that the shipped flows ask for by an expression."""
    found = re.fullmatch(r"has\(\[(?:attributes\['[\w.]+'\](?:, )?)+\], '(\w+)'\)", where)
    assert found, f"not one of the expressions of the shipped flows: {where}"
    return found[1] in {signal.attributes.get(name) for name in re.findall(r"attributes\['([\w.]+)'\]", where)}


def _has(signal: Signal, name: str, wanted: Any) -> bool:
    value = signal.attributes.get(name)
    if isinstance(wanted, bool):
        return (value is not None) == wanted
    return value is not None and is_named(str(value), listed(wanted))
