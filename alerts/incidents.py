"""Incidents: one per cause, with all its members. Pure: takes what changed and what is open, returns what is open now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from alerts.figures import figures_of
from alerts.members import DESCRIPTION, GROUP, KEY, SEVERITIES, naive
from core.clock import EPOCH
from core.incident import IncidentStatus

REOPENS_WITHIN = timedelta(minutes=10)
"""A cause that comes back within this time is the same incident again: flapping keeps one history and one conversation."""

MEMBER = ["incident_id", *KEY, *DESCRIPTION, "joined_at", "left_at"]
OPEN_MEMBER = [*MEMBER, "stage", "cause", "rank", "owner", "runbook"]


@dataclass(frozen=True)
class Incident:
    """One row of ``incidents``. Times are aware UTC. ``peak_…``: the most there was at once, which stays when it is resolved."""

    incident_id: str
    flow: str
    stage: str
    cause: str
    opened_at: datetime
    updated_at: datetime
    title: str = ""
    severity: str = SEVERITIES[1]
    status: str = IncidentStatus.OPEN.value
    owner: str = ""
    assignee: str = ""
    runbook: str = ""
    resolved_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_until: datetime | None = None
    next_due_at: datetime | None = None
    members: int = 0
    members_total: int = 0
    breached: int = 0
    value: dict[str, float] = field(default_factory=dict)
    penalty: dict[str, float] = field(default_factory=dict)
    customers: list[str] = field(default_factory=list)
    plants: list[str] = field(default_factory=list)
    peak_members: int = 0
    peak_breached: int = 0
    peak_value: dict[str, float] = field(default_factory=dict)
    peak_penalty: dict[str, float] = field(default_factory=dict)

    @property
    def group(self) -> tuple[str, str, str]:
        """What it is the incident of."""
        return self.flow, self.stage, self.cause


@dataclass(frozen=True)
class State:
    """What is open: incidents by id (including recently resolved ones), their present members, and everyone who was ever in each."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    members: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=OPEN_MEMBER))
    seen: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """The new state, the incidents that were touched, and the member rows to write (columns :data:`MEMBER`)."""

    state: State
    touched: list[str]
    members: pd.DataFrame


def advance(state: State, candidates: pd.DataFrame, now: datetime) -> Outcome:
    """Apply candidates (see :func:`alerts.members.candidates`) to what is open."""
    at = naive(now)
    if candidates.empty:
        return Outcome(state, [], pd.DataFrame(columns=MEMBER))
    near = state.members["transaction_id"].isin(candidates["transaction_id"]).to_numpy(copy=True)  # of thousands of members a few
    before = state.members.loc[near, ["incident_id", *KEY, "joined_at"]].rename(columns={"incident_id": "was", "joined_at": "since"})
    changed = candidates.merge(before, how="left", on=KEY)
    changed["was"] = changed["was"].astype(object).where(changed["was"].notna(), "")
    incidents = dict(state.incidents)
    changed["incident_id"] = _targets(changed, incidents, now)

    stays = changed["holds"] & (changed["was"] == changed["incident_id"])
    changed["joined_at"] = changed["since"].where(stays, changed["joined_at"])
    holding = changed[changed["holds"]].assign(left_at=np.datetime64("NaT", "ms"))
    leaving = changed[(changed["was"] != "") & ~stays].assign(left_at=at)
    leaving = leaving.assign(incident_id=leaving["was"], joined_at=leaving["since"])

    near[near] = _keys(state.members[near]).isin(_keys(changed))
    kept = state.members[~near]
    present = [part[OPEN_MEMBER] for part in (kept, holding) if len(part)]
    members = pd.concat(present, ignore_index=True) if present else state.members.iloc[:0]
    touched = sorted({*holding["incident_id"], *leaving["incident_id"]})
    seen = _seen(state.seen, holding)
    _summarise(incidents, members, seen, touched, now)
    rows = [part[MEMBER] for part in (leaving, holding) if len(part)]
    written = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=MEMBER)
    return Outcome(State(incidents, members, seen), touched, written)


def _targets(changed: pd.DataFrame, incidents: dict[str, Incident], now: datetime) -> list[str]:
    """Return each candidate's incident ('' for candidates that do not hold), opening or reopening one if necessary."""
    by_group = {incident.group: incident_id for incident_id, incident in incidents.items() if _takes_members(incident, now)}
    holding = changed[changed["holds"]].sort_values(["joined_at", "transaction_id", "sla"])
    for first in holding.drop_duplicates(GROUP).to_dict("records"):
        group = (first["flow"], first["stage"], first["cause"])
        if group not in by_group:
            opened = Incident(_incident_id(first), *group, opened_at=now, updated_at=now)
            incidents[opened.incident_id] = opened
            by_group[group] = opened.incident_id
    return [
        by_group[flow, stage, cause] if holds else ""
        for flow, stage, cause, holds in zip(changed["flow"], changed["stage"], changed["cause"], changed["holds"], strict=True)
    ]


def _takes_members(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is None or now - incident.resolved_at < REOPENS_WITHIN


def _incident_id(first: dict[Any, Any]) -> str:
    """Return an id that a repeated run over the same rows produces again."""
    parts = [first["flow"], first["stage"], first["cause"], first["transaction_id"], first["sla"], str(first["joined_at"])]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _keys(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[KEY].astype(object))


def _seen(seen: dict[str, frozenset[str]], holding: pd.DataFrame) -> dict[str, frozenset[str]]:
    updated = dict(seen)
    for incident_id, group in holding.groupby("incident_id")["transaction_id"]:
        updated[str(incident_id)] = updated.get(str(incident_id), frozenset()) | set(group)
    return updated


def _summarise(
    incidents: dict[str, Incident], members: pd.DataFrame, seen: dict[str, frozenset[str]], touched: list[str], now: datetime
) -> None:
    """Replace each touched incident by one with the figures of its members."""
    mine = members[members["incident_id"].isin(touched)]
    figures = figures_of(mine, now)
    for incident_id in touched:
        incident = incidents[incident_id]
        found = figures.get(incident_id)
        common: dict[str, Any] = {"updated_at": now, "members_total": len(seen.get(incident_id, ()))}
        if found is None:
            incidents[incident_id] = replace(
                incident,
                **common,
                status=IncidentStatus.RESOLVED.value,
                resolved_at=incident.resolved_at or now,
                acknowledged_by="",
                acknowledged_until=None,
                next_due_at=None,
                members=0,
                breached=0,
                value={},
                penalty={},
            )
            continue
        updated = _with_peak(replace(incident, **common, **found))
        if incident.resolved_at is not None:
            updated = replace(updated, status=IncidentStatus.OPEN.value, resolved_at=None)
        incidents[incident_id] = _limit_acknowledgement(updated, now)


def _with_peak(incident: Incident) -> Incident:
    return replace(
        incident,
        peak_members=max(incident.peak_members, incident.members),
        peak_breached=max(incident.peak_breached, incident.breached),
        peak_value=_larger(incident.peak_value, incident.value),
        peak_penalty=_larger(incident.peak_penalty, incident.penalty),
    )


def _larger(before: dict[str, float], now: dict[str, float]) -> dict[str, float]:
    """Return the larger amount of each currency."""
    return {currency: max(before.get(currency, 0.0), now.get(currency, 0.0)) for currency in {**before, **now}}


def _limit_acknowledgement(incident: Incident, now: datetime) -> Incident:
    """An acknowledgement never outlasts the next member's deadline."""
    until, due = incident.acknowledged_until, incident.next_due_at
    if incident.status != IncidentStatus.ACKNOWLEDGED.value or until is None or due is None or not now < due < until:
        return incident
    return replace(incident, acknowledged_until=due)


def aware(value: Any) -> datetime | None:
    """Return a frame's time as an aware datetime, or None."""
    if value is None or value is pd.NaT or pd.isna(value):
        return None
    stamp = pd.Timestamp(value)
    return stamp.to_pydatetime().replace(tzinfo=EPOCH.tzinfo) if stamp.tzinfo is None else stamp.tz_convert("UTC").to_pydatetime()


def expire(incident: Incident, now: datetime) -> Incident:
    """End an acknowledgement that has run out; ``acknowledged_until`` stays and says since when."""
    until = incident.acknowledged_until
    if incident.status != IncidentStatus.ACKNOWLEDGED.value or until is None or now < until:
        return incident
    return replace(incident, status=IncidentStatus.OPEN.value, updated_at=now)


def forget(state: State, now: datetime) -> State:
    """Drop incidents that were resolved too long ago to be reopened."""
    gone = {key for key, incident in state.incidents.items() if not _takes_members(incident, now)}
    if not gone:
        return state
    incidents = {key: incident for key, incident in state.incidents.items() if key not in gone}
    return replace(state, incidents=incidents, seen={key: value for key, value in state.seen.items() if key not in gone})


def rows(incidents: list[Incident]) -> pd.DataFrame:
    """Return incidents as rows of their table."""
    columns = list(Incident.__dataclass_fields__)
    return pd.DataFrame({name: np.fromiter((getattr(one, name) for one in incidents), object, len(incidents)) for name in columns})
