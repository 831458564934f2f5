"""Pausing and resuming a source, for the action API. Who did it is kept by ``core/pauses.py``, from where the store has it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from alerts.actions import Act
from alerts.one_line import one_line
from core.catalog.source import OWN_SOURCE
from core.catalog.validation_errors import suggestion
from core.errors import NoRoom, UsageError
from core.pauses import Pauses


def pause(pauses: Pauses, known: Collection[str], source: str, by: str, reason: str, now: datetime) -> Act:
    """Pause a source. Raises :class:`UsageError` without a name or a reason, :class:`NoRoom` if the disk does not take it."""
    _check(known, source, by)
    if not reason.strip():
        raise UsageError("reason: say why, for whoever finds the source paused")
    try:
        paused = pauses.pause(source, one_line(by, 80), one_line(reason, 500), now)
        there = pauses.paused()[source]
    except OSError as error:
        raise NoRoom(f"the pause cannot be kept: {error.strerror}") from error
    return Act(said=f"{source} is paused" if paused else f"{source} was paused before, by {there.by}: {there.reason}")


def resume(pauses: Pauses, known: Collection[str], source: str, by: str, reason: str, now: datetime) -> Act:
    """Let a source go on. Raises as :func:`pause` does, but for a missing reason."""
    try:
        _check({*known, *pauses.paused()}, source, by)  # also one that the catalog no longer has
        resumed = pauses.resume(source, one_line(by, 80), one_line(reason, 500), now)
    except OSError as error:
        raise NoRoom(f"that it goes on cannot be kept: {error.strerror}") from error
    return Act(said=f"{source} goes on" if resumed else f"{source} was not paused")


def _check(known: Collection[str], source: str, by: str) -> None:
    if source not in known or source == OWN_SOURCE:
        raise UsageError(f"source: '{one_line(source, 40)}' is not defined{suggestion(source, known)}")
    if not by.strip():
        raise UsageError("by: give your name so that colleagues know who acted")
