"""Turns what the store remembers into the state with which a restarted engine continues. Pure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from alerts.delivery.delivery import Delivery
from alerts.incidents import OPEN_MEMBER, Incident, State, aware
from alerts.members import ranks
from alerts.stage import Silence
from core.catalog.catalog import Catalog

_TIMES = {"opened_at", "updated_at", "resolved_at", "reopened_at", "acknowledged_until", "next_due_at"}


def state_of(saved: dict[str, pd.DataFrame], catalog: Catalog) -> State:
    """Return incidents, their present members and who was ever in them. ``saved``: see :meth:`alerts.ports.IncidentStore.saved`."""
    incidents = {row["incident_id"]: _incident(row) for row in saved["incidents"].to_dict("records")}
    held = saved["incident_members"]
    if held.empty:
        return State(incidents)
    held = held[held["incident_id"].isin(incidents)].reset_index(drop=True)
    seen = {str(key): frozenset(group) for key, group in held.groupby("incident_id")["transaction_id"]}
    present = held[held["left_at"].isna()].reset_index(drop=True)
    if present.empty:
        return State(incidents, seen=seen)
    known = present["incident_id"].map(incidents)
    present["stage"] = [one.stage for one in known]
    present["cause"] = [one.cause for one in known]
    present["owner"] = [one.owner for one in known]
    present["runbook"] = [one.runbook for one in known]
    present["rank"] = ranks(present, catalog)
    return State(incidents, present[OPEN_MEMBER], seen)


def _incident(row: dict[Any, Any]) -> Incident:
    values = {name: row[name] for name in Incident.__dataclass_fields__}
    for name in _TIMES:
        values[name] = aware(values[name])
    for name in ("members", "members_total", "breached", "peak_members", "peak_breached"):
        values[name] = int(values[name])
    return Incident(**values)


def silences_of(saved: dict[str, pd.DataFrame]) -> dict[str, Silence]:
    """Return silences by id."""
    return {row["silence_id"]: _silence(row) for row in saved["silences"].to_dict("records")}


def _silence(row: dict[Any, Any]) -> Silence:
    values = {name: row[name] for name in Silence.__dataclass_fields__}
    return Silence(**{**values, "starts_at": aware(values["starts_at"]), "ends_at": aware(values["ends_at"])})


def deliveries_of(saved: dict[str, pd.DataFrame]) -> list[Delivery]:
    """Return deliveries in the order in which they were made."""
    return [_delivery(row) for row in saved["deliveries"].to_dict("records")]


def _delivery(row: dict[Any, Any]) -> Delivery:
    values = {name: row[name] for name in Delivery.__dataclass_fields__}
    for name in ("next_attempt_at", "created_at", "finished_at"):
        values[name] = aware(values[name])
    values["attempts"] = int(values["attempts"])
    return Delivery(**values)
