"""What alerting needs from the store. Frames carry times as datetime64 in UTC without a zone; column names are those of the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import pandas as pd


class IncidentStore(Protocol):
    """Verdicts and failures in, incidents and deliveries out."""

    def changes(self, limit: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
        """Return current ``clocks`` and ``transactions`` rows changed since the cursors of stage ``alert``, and the new cursors."""
        ...

    def open_incidents(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return incidents that are not resolved, their members that have not left, and silences not yet over."""
        ...

    def save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int] | None) -> None:
        """Write rows by table name in the order given (incident_members, incidents, deliveries, …), then the cursors."""
        ...

    def pending_deliveries(self, now: datetime) -> pd.DataFrame:
        """Return ``deliveries`` in state pending with ``next_attempt_at <= now``, oldest first, critical before others."""
        ...

    def incident(self, incident_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return one incident (zero or one row) and all its members, for actions and messages."""
        ...
