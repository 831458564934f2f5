"""A store in memory for tests of the alert stage that need no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from alerts.delivery.delivery import Delivery
from alerts.incidents import MEMBER, Incident
from alerts.members import KEY
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


TIMES = frozenset(
    {
        *("opened_at", "updated_at", "resolved_at", "reopened_at", "acknowledged_until", "next_due_at", "joined_at", "left_at", "due_at"),
        *("next_attempt_at", "created_at", "finished_at", "starts_at", "ends_at"),
    }
)


@dataclass
class MemoryStore:
    """An ``alerts.ports.IncidentStore``: of each key the last row counts, in the order in which keys first came; it refuses if asked to."""

    refuses: bool = False
    tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)
    writes: list[dict[str, int]] = field(default_factory=list)
    """How many rows of each table each save wrote."""
    clocks: list[pd.DataFrame] = field(default_factory=list)
    """Changes that were not read yet."""
    at_once: int | None = None
    """How many of these one read gives; None: all."""
    recoveries: int = 0

    def changes(self, _limit: int) -> tuple[dict[str, pd.DataFrame], dict[str, int], bool]:
        found = {"clocks": pd.DataFrame(), "transactions": pd.DataFrame()}
        if not self.clocks:
            return found, {}, False
        read = self.clocks[: self.at_once]
        found["clocks"] = pd.concat(read, ignore_index=True).drop_duplicates(KEY, keep="last", ignore_index=True)
        return found, {"alert:clocks": len(read)}, len(read) < len(self.clocks)

    def saved(self) -> dict[str, pd.DataFrame]:
        self.recoveries += 1
        return {table: _as_read(pd.DataFrame(self.rows(table), columns=columns, dtype=object)) for table, columns in COLUMNS.items()}

    def has_incident(self, incident_id: str) -> bool:
        return (incident_id,) in self.tables.get("incidents", {})

    def view_shared_by(self, name: str) -> str:
        last = [row for row in self.rows("actions") if row["target"] == name and row["action"].endswith(("share view", "shared view"))][-1:]
        return str(last[0]["actor"]) if last and last[0]["action"] == "share view" else ""

    def save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int] | None = None, *, hold: bool = True) -> None:  # noqa: ARG002 - the port's signature; memory always has room
        if self.refuses:
            raise Retryable("the store is away")
        self.writes.append({table: len(frame) for table, frame in tables.items()})
        for table, frame in tables.items():
            kept = self.tables.setdefault(table, {})
            for row in frame.to_dict("records"):
                kept[tuple(row[name] for name in KEYS[table])] = {str(name): _as_stored(value) for name, value in row.items()}
        del self.clocks[: (cursors or {}).get("alert:clocks", 0)]

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(self.tables.get(table, {}).values())


def _as_stored(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) and value is not pd.NaT and value.tzinfo else value


def _as_read(frame: pd.DataFrame) -> pd.DataFrame:
    """Times are in UTC without a zone, as the store gives them."""
    for name in TIMES & set(frame.columns):
        frame[name] = pd.to_datetime(frame[name], utc=True).dt.tz_localize(None).astype("datetime64[ms]")
    return frame
