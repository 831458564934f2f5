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


UNPROVEN_RETRY_SECONDS = 10


def unproven(field: str) -> Rejection:
    """Return the rejection of a credential that may be right: secrets of sources cannot be read. 503, since the sender is to come again."""
    complaint = Complaint(
        "secret_unreadable",
        "whether this credential is right cannot be told: a secret of the catalog cannot be read",
        field,
        "send the same again later; the collector's log names the secret",
    )
    return Rejection(503, complaint, keep=False, retry_after_seconds=UNPROVEN_RETRY_SECONDS)


def refused(status: int, reason: str, message: str, *, field: str = "", what_to_do: str = "") -> Rejection:
    """Return the rejection of input that is not kept: not authenticated, too large, of an unsupported type."""
    return Rejection(status, Complaint(reason, message, field, what_to_do), keep=False)
