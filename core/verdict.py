"""Verdict: what an SLA clock says."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """One of eight words, everywhere the same."""

    RUNNING = "running"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    MET = "met"
    MET_LATE = "met_late"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


HOLDING = (Verdict.AT_RISK.value, Verdict.BREACHED.value, Verdict.UNKNOWN.value)
"""The verdicts that hold a transaction's place in an incident."""


class TransactionState(StrEnum):
    """Where a transaction is."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    MERGED = "merged"
