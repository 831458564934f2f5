"""A request the collector cannot take: what was wrong, where, and what to do about it. HTTP and gRPC render it each in its way."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Permanent


@dataclass(frozen=True, slots=True)
class Complaint:
    """What one JSON error body says. ``reason`` is a word of the closed list that metrics and quarantine use."""

    reason: str
    message: str
    field: str = ""
    what_to_do: str = ""


class Rejection(Permanent):
    """Input that cannot be used. ``status`` is the HTTP status; ``keep`` says whether it goes to quarantine if its sender is known.

    ``retry_after_seconds``: the hint with a 503.
    """

    def __init__(self, status: int, complaint: Complaint, *, keep: bool = True, retry_after_seconds: int = 0) -> None:
        super().__init__(complaint.message)
        self.status = status
        self.complaint = complaint
        self.keep = keep
        self.retry_after_seconds = retry_after_seconds


def unusable(reason: str, message: str, *, field: str = "", what_to_do: str = "") -> Rejection:
    """Return the rejection of input that was readable but is wrong: 400, kept in quarantine."""
    return Rejection(400, Complaint(reason, message, field, what_to_do))


def refused(status: int, reason: str, message: str, *, field: str = "", what_to_do: str = "") -> Rejection:
    """Return the rejection of input that is not kept: not authenticated, too large, of an unsupported type."""
    return Rejection(status, Complaint(reason, message, field, what_to_do), keep=False)
