"""A store in memory for tests of the alert stage that need no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from alerts.delivery.delivery import Delivery
from alerts.incidents import MEMBER, Incident
from alerts.stage import Silence
from core.errors import Retryable

KEYS = {
    "incidents": ["incident_id"],
    "incident_members": ["incident_id", "flow", "transaction_id", "sla"],
    "deliveries": ["delivery_id"],
    "silences": ["silence_id"],
    "delivery_attempts": ["delivery_id", "attempt"],
    "actions": ["at", "actor", "action", "target"],
}
COLUMNS = {
    "incidents": list(Incident.__dataclass_fields__),
    "incident_members": MEMBER,
    "deliveries": list(Delivery.__dataclass_fields__),
    "silences": list(Silence.__dataclass_fields__),
}


@dataclass
class MemoryStore:
    """An ``alerts.ports.IncidentStore``: of each key the last row counts, in the order in which keys first came; it refuses if asked to."""

    refuses: bool = False
    tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)
    saved: list[dict[str, int]] = field(default_factory=list)
    """How many rows of each table each save wrote."""
    clocks: list[pd.DataFrame] = field(default_factory=list)
    """Changes to come, one frame a read."""
    recoveries: int = 0

    def changes(self, _limit: int) -> tuple[dict[str, pd.DataFrame], dict[str, int], bool]:
        if not self.clocks:
            return {"clocks": pd.DataFrame(), "transactions": pd.DataFrame()}, {}, False
        return {"clocks": self.clocks[0], "transactions": pd.DataFrame()}, {"alert:clocks": 1}, len(self.clocks) > 1

    def remembered(self) -> dict[str, pd.DataFrame]:
        self.recoveries += 1
        return {table: pd.DataFrame(self.rows(table), columns=columns, dtype=object) for table, columns in COLUMNS.items()}

    def save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int] | None = None, *, hold: bool = True) -> None:  # noqa: ARG002
        if self.refuses:
            raise Retryable("the store is away")
        self.saved.append({table: len(frame) for table, frame in tables.items()})
        for table, frame in tables.items():
            kept = self.tables.setdefault(table, {})
            kept.update({tuple(row[name] for name in KEYS[table]): row for row in frame.to_dict("records")})
        if cursors:
            self.clocks.pop(0)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(self.tables.get(table, {}).values())
