"""A rejection is the answer to a sender whose input is not accepted; a validation error is the one thing that is wrong with it.

HTTP and gRPC each render a rejection in their own way.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Full, Permanent


@dataclass(frozen=True, slots=True)
class ValidationError:
    """What is wrong, where, and what to do about it. ``reason`` is a word from the closed list that metrics and quarantine use."""

    reason: str
    message: str
    field: str = ""
    what_to_do: str = ""


class Rejection(Permanent):
    """Input that cannot be used. ``status`` is the HTTP status; ``keep`` says whether it goes to quarantine if its sender is known.

    ``retry_after_seconds``: the hint with a 503.
    """

    def __init__(self, status: int, error: ValidationError, *, keep: bool = True, retry_after_seconds: int = 0) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.keep = keep
        self.retry_after_seconds = retry_after_seconds


def unusable(reason: str, message: str, *, field: str = "", what_to_do: str = "") -> Rejection:
    """Return the rejection of input that was readable but is wrong: 400, kept in quarantine."""
    return Rejection(400, ValidationError(reason, message, field, what_to_do))


UNPROVEN_RETRY_SECONDS = 10


def unproven(field: str) -> Rejection:
    """Return the rejection of a credential that may be right: some secrets of sources cannot be read.

    503, so that the sender comes back.
    """
    error = ValidationError(
        "secret_unreadable",
        "this credential cannot be checked: a secret of the catalog cannot be read",
        field,
        "send the same again later; the collector's log names the secret",
    )
    return Rejection(503, error, keep=False, retry_after_seconds=UNPROVEN_RETRY_SECONDS)


def reject(status: int, reason: str, message: str, *, field: str = "", what_to_do: str = "") -> Rejection:
    """Return the rejection of input that is not kept: not authenticated, too large, of an unsupported type."""
    return Rejection(status, ValidationError(reason, message, field, what_to_do), keep=False)


def no_room(full: Full) -> Rejection:
    """Return the rejection of input for which there is no room now: 503, so that the sender comes back."""
    seconds = full.retry_after_seconds
    error = ValidationError("full", str(full), what_to_do=f"send the same again after {seconds} s")
    return Rejection(503, error, keep=False, retry_after_seconds=seconds)
