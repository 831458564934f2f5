"""What an incident's transactions have in common, in sentences: the same on its page and on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.catalog.definition import readable
from core.catalog.flow import Flow
from core.duration import format_duration

STANDING_MAX = 10_000
"""Of how many of an incident's transactions it is asked where they stand; the latest, where there are more."""
_OFTEN_SECONDS = 0.1
"""Gaps below this are told as many a second."""
_STOPPED_FACTOR = 5
"""Nothing moves if nothing has come for this many times the usual gap …"""
_STOPPED_AFTER = timedelta(minutes=2)
"""… and for longer than this."""
_SINGLE = re.compile(r"^1 (?=[a-z]+$)")
TRAITS = {"error": "Error code", "version": "Version", "node": "Node", "hour": "Started"}
"""What transactions are compared by besides their facts."""


@dataclass(frozen=True)
class Rhythm:
    """When any transaction last reached a milestone (aware), and the usual gap between two."""

    milestone: str
    last_at: datetime
    usual_seconds: float


def compared_facts(flow: Flow) -> tuple[str, ...]:
    """Return the facts that can set transactions apart: text that is no currency."""
    currencies = {fact.currency for fact in flow.facts.values()}
    return tuple(name for name, fact in flow.facts.items() if fact.type in {"text", "boolean"} and name not in currencies)


def trait_title(flow: Flow, trait: str) -> str:
    """Return what a trait is called."""
    known = flow.facts.get(trait)
    return (known.title if known else "") or TRAITS.get(trait) or readable(trait)


def awaited_next(flow: Flow, stage: str, wanted: str = "") -> str:
    """Return the milestone that every transaction passes after this one, or nothing.

    ``wanted``: what they are missed at. Who is past it already (with a part of it, or by another way) is still awaited there.
    """
    names = [name for name, milestone in flow.milestones.items() if not milestone.failure and not milestone.optional]
    if wanted in names and stage in names[names.index(wanted) :]:
        return wanted
    return names[names.index(stage) + 1] if stage in names[:-1] else ""


def standing_in_words(flow: Flow, standing: Sequence[tuple[str, int]], wanted: str = "") -> str:
    """Return ``All 20 stand at Mapped`` or ``18 of 20 stand at Mapped, 2 at Accepted``; ``standing``: stage and number, the most first.

    ``wanted``: what they are missed at; who has reached it nevertheless has done so in part.
    """
    total = sum(number for _, number in standing)
    if not standing:
        return ""
    (stage, number), *others = standing
    where = _place(flow, stage, wanted)
    many = f"the latest {total:,}" if total >= STANDING_MAX else f"{total:,}"
    if not others:
        who = {1: "It stands", 2: "Both stand"}.get(total, f"All {many} stand")
        return f"{who} at {where}"
    rest = ", ".join(f"{count:,} at {_place(flow, other, wanted)}" for other, count in others[:2])
    return f"{number:,} of {many} {'stands' if number == 1 else 'stand'} at {where}, {rest}" + (" and elsewhere" if len(others) > 2 else "")


def rhythm_in_words(flow: Flow, rhythm: Rhythm, now: datetime, shown: Callable[[datetime], str]) -> str:
    """Return whether transactions still get to a milestone: nothing for how long, or the last one when; ``shown`` writes a time."""
    title, ago = _title(flow, rhythm.milestone), now - rhythm.last_at
    often = rhythm.usual_seconds < _OFTEN_SECONDS
    usual = "usually many a second" if often else f"usually one every {_SINGLE.sub('', _rounded(timedelta(seconds=rhythm.usual_seconds)))}"
    if ago > max(_STOPPED_AFTER, _STOPPED_FACTOR * timedelta(seconds=rhythm.usual_seconds)):
        return f"Nothing has reached {title} since {shown(rhythm.last_at)}, {_rounded(ago)} ago; {usual}"
    return f"Others still reach {title}: the last one {_rounded(ago)} ago, {usual}"


def value_in_words(trait: str, value: str, zone: str = "") -> str:
    """Return the value of a trait: an hour from when to when, with its ``zone`` if one is given; all else as it is."""
    if trait != "hour" or not value.isdecimal():
        return value
    return f"{int(value):02}:00 to {(int(value) + 1) % 24:02}:00{' ' + zone if zone else ''}"


def trait_in_words(row: Mapping[Any, Any]) -> str:
    """Return ``18 of 20 affected, 12 of 243 others: 18 times as frequent`` of a row of ``incident_findings.outstanding``."""
    counts = f"{row['affected']:,} of {row['affected_total']:,} affected, {row['healthy']:,} of {row['healthy_total']:,} others"
    return f"{counts}: {lift_in_words(row['lift'])}"


def lift_in_words(lift: float) -> str:
    """Return how many times as frequent something is."""
    return "only here" if not math.isfinite(lift) else f"{lift:.0f} times as frequent" if lift >= 10 else f"{lift:.1f} times as frequent"


def from_opening(at: datetime, opened: datetime) -> str:
    """Return how long before or after the incident opened something was: ``12 minutes before it opened``."""
    return f"{_rounded(abs(opened - at))} {'before' if at <= opened else 'after'} it opened"


def error_in_words(row: Mapping[Any, Any]) -> str:
    """Return a row of ``incident_findings.first_errors`` in words: which service failed at what and, if it said so, why."""
    return f"{row['service']} {row['what']}" + (f": {row['said']}" if row["said"] else "")


def change_in_words(kind: str, what: str) -> str:
    """Return a row of ``incident_findings.changes`` in words."""
    return {
        "version": f"new version: {what}",
        "catalog": f"catalog {what} came into force",
        "refused": "a changed catalog was refused",
        "silent": f"{what} fell silent",
    }[kind]


def _rounded(time: timedelta) -> str:
    """A time under ten seconds in tenths, any other to the second or the minute."""
    seconds = max(time.total_seconds(), 0.0)
    unit = 0.1 if seconds < 10 else 1 if seconds < 600 else 60
    return format_duration(round(round(seconds / unit) * unit * 1000)) if seconds >= 1 else f"{seconds:.1f} seconds"


def _place(flow: Flow, stage: str, wanted: str) -> str:
    return _title(flow, stage) + (" in part" if stage and stage == wanted else "")


def _title(flow: Flow, stage: str) -> str:
    known = flow.milestones.get(stage)
    return (known.title if known else "") or readable(stage) or "no milestone"
