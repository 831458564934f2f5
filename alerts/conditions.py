"""Andon's own conditions as candidates: one that holds opens an incident of the flow ``andon``, one that was cleared leaves it. Pure."""

from __future__ import annotations

import pandas as pd

from alerts.members import CANDIDATE, RANKS, naive
from core.catalog.flow import OWN_FLOW
from core.condition import Condition, Conditions
from core.incident import FAILED


def candidates_of(conditions: Conditions, members: pd.DataFrame) -> pd.DataFrame:
    """Return one row per condition that holds, and one per member of an own incident whose condition is over; columns ``CANDIDATE``.

    ``members``: those in incidents now. A condition is its incident's only member: ``stage`` is its name, ``cause`` its subject.
    """
    held = conditions.current()
    own = members[members["flow"] == OWN_FLOW]
    over = own[pd.Series([conditions.is_over(*pair) for pair in zip(own["stage"], own["cause"], strict=True)], own.index, dtype=bool)]
    parts = [pd.DataFrame([_row(condition) for condition in held], columns=CANDIDATE)] if held else []
    if len(over):
        parts.append(over.assign(holds=False)[CANDIDATE])
    if not parts:
        return pd.DataFrame(columns=CANDIDATE)
    found: pd.DataFrame = pd.concat(parts, ignore_index=True)
    for name in ("due_at", "joined_at"):
        found[name] = pd.to_datetime(found[name]).astype("datetime64[ms]")
    return found


def title_of(members: pd.DataFrame, incident_id: str, before: str) -> str:
    """Return the title of an own incident: its member's words, or those of ``before`` once it is over."""
    words = members.loc[members["incident_id"] == incident_id, "reference"]
    return str(words.iloc[0]) if len(words) else before


def _member_id(name: str, subject: str) -> str:
    return f"{name}:{subject}"


def _row(condition: Condition) -> dict[str, object]:
    return {
        "flow": OWN_FLOW,
        "transaction_id": _member_id(condition.name, condition.subject),
        "sla": "",
        "stage": condition.name,
        "cause": condition.subject,
        "reference": condition.title,
        "verdict": FAILED,
        "due_at": pd.NaT,
        "value": 0.0,
        "currency": "",
        "penalty": 0.0,
        "customer": "",
        "plant": "",
        "joined_at": naive(condition.since),
        "rank": RANKS[condition.severity.value],
        "owner": "",
        "runbook": "",
        "holds": True,
    }
