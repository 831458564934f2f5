"""Incidents: one per cause, with all its members. Pure: takes what changed and what is open, returns what is open now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from alerts.figures import figures_of
from alerts.members import CANDIDATE, DESCRIPTION, GROUP, KEY, SEVERITIES, naive
from core.clock import EPOCH
from core.incident import IncidentStatus

REOPENS_WITHIN = timedelta(minutes=10)
"""A cause that comes back within this time is the same incident again: flapping keeps one history and one conversation."""

MEMBER = ["incident_id", *KEY, *DESCRIPTION, "joined_at", "left_at"]
OPEN_MEMBER = [*MEMBER, "stage", "cause", "rank", "owner", "runbook"]
_Texts = npt.NDArray[np.object_]
_Columns = Mapping[str, npt.NDArray[Any]]
"""Candidates by column: of a few rows, arrays are much cheaper than frames."""


@dataclass(frozen=True)
class Incident:
    """One row of ``incidents``. Times are aware UTC.

    ``peak_…``: the most there was at once, and all customers and plants there ever were, which stay when it is resolved.
    """

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
    reopened_at: datetime | None = None
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
    peak_customers: list[str] = field(default_factory=list)
    peak_plants: list[str] = field(default_factory=list)

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
    columns = {name: candidates[name].to_numpy() for name in CANDIDATE}
    inside = _where(state.members, columns)
    is_in = inside >= 0
    was, since = np.full(len(inside), "", object), columns["joined_at"].astype("datetime64[ms]")
    was[is_in] = state.members["incident_id"].iloc[inside[is_in]].to_numpy(object)
    since[is_in] = state.members["joined_at"].iloc[inside[is_in]].to_numpy("datetime64[ms]")
    incidents = dict(state.incidents)
    columns["incident_id"] = np.fromiter(_targets(columns, incidents, now), object, len(inside))

    holds = columns["holds"].astype(bool)
    stays = holds & is_in & (was == columns["incident_id"]).astype(bool)
    here, gone = np.flatnonzero(holds), np.flatnonzero(is_in & ~stays)
    holding = {name: values[here] for name, values in columns.items()}
    holding |= {"joined_at": np.where(stays, since, columns["joined_at"])[here], "left_at": np.full(len(here), "NaT", "datetime64[ms]")}
    leaving = {name: values[gone] for name, values in columns.items()}
    leaving |= {"incident_id": was[gone], "joined_at": since[gone], "left_at": np.full(len(gone), at)}

    others = np.ones(len(state.members), bool)
    others[inside[is_in]] = False
    present = [part for part in (state.members[others], pd.DataFrame({name: holding[name] for name in OPEN_MEMBER})) if len(part)]
    members = pd.concat(present, ignore_index=True) if present else state.members.iloc[:0]
    touched = sorted({*holding["incident_id"], *leaving["incident_id"]})
    seen = _seen(state.seen, holding["incident_id"], holding["transaction_id"])
    _summarise(incidents, members, seen, touched, now)
    written = pd.DataFrame({name: np.concatenate([leaving[name], holding[name]]) for name in MEMBER})
    return Outcome(State(incidents, members, seen), touched, written)


def _where(members: pd.DataFrame, columns: _Columns) -> npt.NDArray[np.intp]:
    """Return where each candidate is among the members; -1: nowhere."""
    near = np.flatnonzero(members["transaction_id"].isin(columns["transaction_id"]))  # of thousands of members a few
    known = dict(zip(zip(*(members[name].iloc[near].to_numpy(object) for name in KEY), strict=True), near, strict=True))
    return np.array([known.get(key, -1) for key in zip(*(columns[name] for name in KEY), strict=True)], np.intp)


def _targets(columns: _Columns, incidents: dict[str, Incident], now: datetime) -> Iterator[str]:
    """Yield each candidate's incident ('' for candidates that do not hold), opening or reopening one if necessary."""
    by_group = {incident.group: incident_id for incident_id, incident in incidents.items() if _takes_members(incident, now)}
    groups, holds = list(zip(*(columns[name] for name in GROUP), strict=True)), columns["holds"]
    opening = [row for row, group in enumerate(groups) if holds[row] and group not in by_group]
    for row in sorted(opening, key=lambda row: tuple(columns[name][row] for name in ("joined_at", "transaction_id", "sla"))):
        if groups[row] not in by_group:
            flow, stage, cause = groups[row]
            opened = Incident(_incident_id(columns, row), flow, stage, cause, now, now)
            incidents[opened.incident_id] = opened
            by_group[groups[row]] = opened.incident_id
    return (by_group[group] if held else "" for group, held in zip(groups, holds, strict=True))


def _takes_members(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is None or now - incident.resolved_at < REOPENS_WITHIN


def _incident_id(columns: _Columns, row: int) -> str:
    """Return an id that a repeated run over the same rows produces again."""
    parts = [*(str(columns[name][row]) for name in (*GROUP, "transaction_id", "sla")), str(pd.Timestamp(columns["joined_at"][row]))]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _seen(seen: dict[str, frozenset[str]], incident_ids: _Texts, transactions: _Texts) -> dict[str, frozenset[str]]:
    fresh: dict[str, set[str]] = {}
    for incident_id, transaction in zip(incident_ids, transactions, strict=True):
        fresh.setdefault(incident_id, set()).add(transaction)
    return {**seen, **{incident_id: seen.get(incident_id, frozenset()) | found for incident_id, found in fresh.items()}}


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
                customers=incident.peak_customers,
                plants=incident.peak_plants,
            )
            continue
        updated = _with_peak(replace(incident, **common, **found))
        if incident.resolved_at is not None:
            updated = replace(updated, status=IncidentStatus.OPEN.value, resolved_at=None, reopened_at=now)
        incidents[incident_id] = _limit_acknowledgement(updated, now)


def _with_peak(incident: Incident) -> Incident:
    return replace(
        incident,
        peak_members=max(incident.peak_members, incident.members),
        peak_breached=max(incident.peak_breached, incident.breached),
        peak_value=_larger(incident.peak_value, incident.value),
        peak_penalty=_larger(incident.peak_penalty, incident.penalty),
        peak_customers=list(dict.fromkeys([*incident.peak_customers, *incident.customers])),
        peak_plants=list(dict.fromkeys([*incident.peak_plants, *incident.plants])),
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
