"""SLA: from which milestone, how long in which calendar, until which milestone, for whom, since when."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from core.catalog.definition import Definition, Severity
from core.duration import DurationText, Percentage


class Penalty(Definition):
    """What lateness costs: the share ``per_day`` of the fact ``of`` for each day begun after ``free_days``, up to the share ``cap``."""

    per_day: Percentage
    free_days: float = Field(default=0, ge=0, allow_inf_nan=False)
    cap: Percentage | None = None
    of: str


class Target(Definition):
    """A different limit or penalty for some transactions, from a date on (00:00 UTC). The first target that applies wins.

    Whatever a target leaves out is taken from the SLA. ``when`` compares facts (``customer.tier`` reads the fact ``tier`` from the
    customer's contract) with a value or a list.
    """

    when: dict[str, str | list[str]] = Field(default_factory=dict)
    since: date | None = None
    until: date | None = None
    within: DurationText | None = None
    due: str | None = None
    warn: str | None = None
    penalty: Penalty | None = None


class Pause(Definition):
    """The clock is paused between two milestones (a credit block, waiting for the customer). ``reason`` is reported with the pause.

    Every pause counts, however often it repeats. One without an end lasts; an end whose beginning was not seen counts from the clock's
    start.
    """

    from_: str = Field(alias="from")
    to: str
    reason: str = ""


class Impact(Definition):
    """The fact that holds the money at risk."""

    value: str


class Sla(Definition):
    """A promise between two milestones.

    Exactly one of ``within`` (a duration) and ``due`` (an expression such as ``min(promised_at - 8 working hours, next cut-off 16:00)``).
    ``warn`` is a share of the time (``60%``) or a time before the due time (``10 minutes``). ``of``: for a key of relation ``many``,
    whether all values seen must reach ``to`` (``all``) or only one (``any``); of a key of relation ``many-to-many`` one is enough.
    ``calendar``: without one, wall-clock time; several are intersected. ``promised_to``: a customer, or only your own people and systems.
    ``objective``: the share of it that shall be met in a period; the rest is its budget of misses.
    """

    title: str = ""
    from_: str = Field(alias="from")
    to: str
    within: DurationText | None = None
    due: str | None = None
    warn: str = "80%"
    calendar: str | list[str] | None = None
    of: Literal["all", "any"] = "all"
    severity: Severity = Severity.WARNING
    owner: str | None = None
    runbook: str = ""
    impact: Impact | None = None
    targets: list[Target] = Field(default_factory=list)
    pause: Pause | list[Pause] | None = None
    penalty: Penalty | None = None
    since: date | None = None
    promised_to: Literal["customer", "internal"] = "internal"
    objective: Percentage = "95%"
