"""What alerting needs from the store. Frames carry times as datetime64 in UTC without a zone; column names are those of the tables."""

from __future__ import annotations

from typing import Protocol

import pandas as pd


class IncidentStore(Protocol):
    """Verdicts and failures in, incidents and deliveries out. Safe to call from several threads."""

    def changes(self, limit: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
        """Return current ``clocks`` and ``transactions`` rows changed since the cursors of this stage, and the new cursors.

        At most about ``limit`` rows a table, but never part of a revision; no cursor where nothing changed.
        """
        ...

    def remembered(self) -> dict[str, pd.DataFrame]:
        """Return by table name what a restarted engine must know.

        ``incidents``: those not resolved, lately resolved, or with members that have not left. ``incident_members``: all that these
        hold or held. ``deliveries``: all of these incidents, and every pending one, in the order they were made. ``silences``: those
        not removed.
        """
        ...

    def save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int] | None = None) -> None:
        """Write rows by table name in the order given, then the cursors. Each table is written whole or not at all."""
        ...
