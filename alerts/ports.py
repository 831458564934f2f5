"""What alerting needs from the store, and from what publishes.

Frames carry times as datetime64 in UTC without a zone; column names are those of the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from alerts.actions import Act


class IncidentStore(Protocol):
    """Verdicts and failures in, incidents and deliveries out. Safe to call from several threads."""

    def changes(self, limit: int) -> tuple[dict[str, pd.DataFrame], dict[str, int], bool]:
        """Return what changed since the cursors of this stage, the new cursors, and whether there is more to read immediately.

        By table, ``clocks`` and ``transactions``: current rows that keep a transaction in an incident now or did before; others may be left
        out. About ``limit`` changed rows per table are read, but always whole revisions; there is no cursor for a table without changes.
        """
        ...

    def saved(self) -> dict[str, pd.DataFrame]:
        """Return by table name what a restarted engine must know.

        ``incidents``: those unresolved, recently resolved, or with members that have not left. ``incident_members``: all that these hold or
        held. ``deliveries``: all for these incidents, and every pending one, in the order in which they were made. ``silences``: those in
        force or ended in the last eight days.
        """
        ...

    def has_incident(self, incident_id: str) -> bool:
        """Return whether there is, or ever was, such an incident. Raises :class:`core.errors.Retryable` if the store fails."""
        ...

    def view_shared_by(self, name: str) -> str:
        """Return who shared the view of this name last; empty: there is none. Raises :class:`core.errors.Retryable` if the store fails."""
        ...

    def save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int] | None = None, *, hold: bool = True) -> None:
        """Write rows by table name in the order given, then the cursors. Each table is written whole or not at all.

        ``hold``: what the disk has no room for waits in memory and is written once it has; otherwise :class:`core.errors.NoRoom` is raised.
        Raises :class:`core.errors.Retryable` if the store fails.
        """
        ...


EDITED_MAX_BYTES = 1 << 20
"""Of an edited body: as much as an original has that the quarantine keeps whole."""


@dataclass(frozen=True)
class Resubmit:
    """What somebody asks to be published again.

    ``body``: an edited one of at most :data:`EDITED_MAX_BYTES`, or None; ``confirm``: the word that confirms what was shown; ``anyway``:
    although something speaks against it, as ``reason`` says.
    """

    identity: str
    body: bytes | None = None
    by: str = ""
    reason: str = ""
    confirm: str = ""
    anyway: bool = False


class Resubmitter(Protocol):
    """Publishes once more what could not be used, or what was given up. Both raise :class:`core.errors.UsageError` if it must not be."""

    def show(self, request: Resubmit) -> Act:
        """Return what would be published where, and the word that confirms it."""
        ...

    def send(self, request: Resubmit) -> Act:
        """Publish what was shown, and return what came of it."""
        ...
