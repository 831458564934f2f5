"""Alerting without a store, for an engine that cannot open its own yet: so at least what is wrong with Andon itself is notified."""

from __future__ import annotations

import pandas as pd

from alerts.delivery.delivery import Delivery
from alerts.incidents import MEMBER, Incident
from alerts.stage import Silence


class Unstored:
    """An ``alerts.ports.IncidentStore`` that has nothing and keeps nothing."""

    def changes(self, _limit: int) -> tuple[dict[str, pd.DataFrame], dict[str, int], bool]:
        """Return that nothing has changed."""
        return {"clocks": pd.DataFrame(), "transactions": pd.DataFrame()}, {}, False

    def saved(self) -> dict[str, pd.DataFrame]:
        """Return that nothing was notified or silenced before."""
        columns = {"incidents": [*Incident.__dataclass_fields__], "incident_members": MEMBER}
        columns |= {"deliveries": [*Delivery.__dataclass_fields__], "silences": [*Silence.__dataclass_fields__]}
        return {table: pd.DataFrame(columns=names) for table, names in columns.items()}

    def has_incident(self, incident_id: str) -> bool:  # noqa: ARG002 - the port's signature
        """Return that there was none."""
        return False

    def view_shared_by(self, name: str) -> str:  # noqa: ARG002 - the port's signature
        """Return that no view is known."""
        return ""

    def save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int] | None = None, *, hold: bool = True) -> None:
        """Keep nothing."""
