"""Verdict: what an SLA clock says."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """One of eight words, the same everywhere."""

    RUNNING = "running"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    MET = "met"
    MET_LATE = "met_late"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


HOLDING = (Verdict.AT_RISK.value, Verdict.BREACHED.value, Verdict.UNKNOWN.value)
"""The verdicts that keep a transaction in an incident."""


class TransactionState(StrEnum):
    """The state of a transaction."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    MERGED = "merged"


def pauses_as_text(pauses: Iterable[tuple[int, int | None, str]]) -> str:
    """Return the pauses of a clock as one text to compare them by: begin and end in milliseconds (none or negative: it lasts), reason."""
    return "".join(f"{begin} {'' if end is None or end < 0 else end} {reason};" for begin, end, reason in pauses)
