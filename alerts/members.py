"""Reads changed clocks and transactions as candidates: which cause they belong to now, and which they have left. Pure and vectorised."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.definition import Severity
from core.catalog.flow import OWN_FLOW, Flow
from core.clock import EPOCH
from core.incident import FAILED, OVERDUE, is_held_up
from core.verdict import HOLDING, TransactionState, Verdict

LATE = (Verdict.BREACHED.value, FAILED)
RANKS = {Severity.INFO.value: 0, Severity.WARNING.value: 1, Severity.CRITICAL.value: 2}
SEVERITIES = tuple(RANKS)
KEY = ["flow", "transaction_id", "sla"]
GROUP = ["flow", "stage", "cause"]
DESCRIPTION = ["reference", "verdict", "due_at", "value", "currency", "penalty", "customer", "plant"]
_MONEY = ("value", "penalty")
CANDIDATE = [*KEY, "stage", "cause", *DESCRIPTION, "joined_at", "rank", "owner", "runbook", "holds"]


def naive(moment: datetime) -> np.datetime64:
    """Return an aware datetime in the form of the store's frames: UTC, without a zone, in milliseconds."""
    return np.datetime64(moment.astimezone(EPOCH.tzinfo).replace(tzinfo=None), "ms")


def candidates(clocks: pd.DataFrame, transactions: pd.DataFrame, catalog: Catalog, now: datetime) -> pd.DataFrame:
    """Return one row per changed clock and per transaction (``sla`` empty), columns :data:`CANDIDATE`.

    ``holds`` says whether it belongs to the incident of (flow, stage, cause); ``rank`` indexes :data:`SEVERITIES`.
    """
    return together([_of_clocks(clocks, catalog), _of_transactions(transactions, catalog, now)])


def together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return candidates of several kinds as one frame, the last one of each key."""
    some = [part for part in parts if len(part)]
    if not some:
        return pd.DataFrame(columns=CANDIDATE)
    return pd.concat(some, ignore_index=True).drop_duplicates(KEY, keep="last", ignore_index=True)


def ranks(members: pd.DataFrame, catalog: Catalog) -> np.ndarray[Any, Any]:
    """Return the severity rank of each member: at most a warning until it is late, then whatever its SLA or flow says."""
    # thousands of members are of few kinds: one look at the catalog for each kind
    kind_of, kinds = pd.MultiIndex.from_frame(members[["flow", "sla", "stage"]]).factorize()
    values: np.ndarray[Any, Any] = np.asarray([_rank(catalog, *kind) for kind in kinds], dtype=np.int64)[kind_of]
    late = members["verdict"].isin(LATE).to_numpy()
    return np.where(late, values, np.minimum(values, RANKS[Severity.WARNING.value]))


def _rank(catalog: Catalog, flow_id: str, sla_id: str, stage: str) -> int:
    flow = catalog.flows.get(flow_id)
    if flow is None:
        return RANKS[(Severity.CRITICAL if flow_id == OWN_FLOW else Severity.WARNING).value]
    if sla_id:
        sla = flow.slas.get(sla_id)
        return RANKS[sla.severity.value if sla else Severity.WARNING.value]
    # A failure is as severe as the most severe SLA that it endangers.
    return max((RANKS[sla.severity.value] for sla in flow.slas.values() if sla.to == stage), default=RANKS[Severity.WARNING.value])


def _of_clocks(clocks: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    if clocks.empty:
        return pd.DataFrame(columns=CANDIDATE)
    verdict, cause = clocks["verdict"].to_numpy(object), clocks["cause"].to_numpy(object)
    full = clocks["severity"].map(RANKS).fillna(RANKS[Severity.WARNING.value]).to_numpy("int64")
    late = clocks["verdict"].isin(LATE).to_numpy()
    own = {
        "stage": np.array(_stages(clocks, catalog), object),
        "cause": np.where(cause != "", cause, OVERDUE).astype(object),
        "verdict": verdict,
        "joined_at": clocks["verdict_at"].to_numpy("datetime64[ms]"),
        "due_at": clocks["due_at"].to_numpy("datetime64[ms]"),
        "rank": np.where(late, full, np.minimum(full, RANKS[Severity.WARNING.value])),
        "owner": np.array(_or_owner_of_flow(clocks, catalog), object),
        "holds": clocks["verdict"].isin(HOLDING).to_numpy() & (clocks["removed"] == 0).to_numpy(),
    }
    return pd.DataFrame(
        {name: own[name] if name in own else clocks[name].to_numpy("float64" if name in _MONEY else object) for name in CANDIDATE}
    )


def _stages(clocks: pd.DataFrame, catalog: Catalog) -> list[str]:
    """Return the milestone that each clock waits for: the one behind the queue, if that is the cause, whatever the SLA ends with."""
    behind = {
        (name, f"{milestone.through.source}/{milestone.through.queue}"): stage
        for name, flow in catalog.flows.items()
        for stage, milestone in flow.milestones.items()
        if milestone.through
    }
    if not behind:
        return list(clocks["stage"])
    return [
        behind.get((flow, cause.partition(":")[2]), stage) if is_held_up(cause) else stage
        for flow, cause, stage in zip(clocks["flow"], clocks["cause"], clocks["stage"], strict=True)
    ]


def _or_owner_of_flow(frame: pd.DataFrame, catalog: Catalog) -> list[str]:
    owners = {flow_id: flow.owner for flow_id, flow in catalog.flows.items()}
    return [owner or owners.get(flow, "") for owner, flow in zip(frame["owner"], frame["flow"], strict=True)]


def _of_transactions(transactions: pd.DataFrame, catalog: Catalog, now: datetime) -> pd.DataFrame:
    if transactions.empty:
        return pd.DataFrame(columns=CANDIDATE)
    over = transactions["state"].isin([TransactionState.CANCELLED.value, TransactionState.MERGED.value])
    frame = pd.DataFrame(
        {
            "flow": transactions["flow"],
            "transaction_id": transactions["transaction_id"],
            "sla": "",
            "stage": transactions["failed_stage"],
            "cause": transactions["cause"],
            "reference": transactions["reference"],
            "verdict": np.where((transactions["failed_milestone"] != "") & ~over, FAILED, transactions["state"]),
            "joined_at": naive(now),
            "holds": (transactions["failed_milestone"] != "") & ~over,
        }
    )
    frame["due_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ms]")
    impacts = [
        _impact(catalog.flows.get(flow), stage, facts) if holds else ("", 0.0, "", "", "")
        for flow, stage, facts, holds in zip(frame["flow"], frame["stage"], transactions["facts"], frame["holds"], strict=True)
    ]
    for position, name in enumerate(("owner", "value", "currency", "customer", "plant")):
        frame[name] = [impact[position] for impact in impacts]
    frame["penalty"] = 0.0  # a failure itself owes nothing: the clocks say what lateness costs
    frame["runbook"] = ""
    frame.loc[frame["holds"], "runbook"] = [
        _runbook_of_milestone(catalog.flows.get(flow), milestone)
        for flow, milestone in zip(frame.loc[frame["holds"], "flow"], transactions.loc[frame["holds"], "failed_milestone"], strict=True)
    ]
    frame["cause"] = frame["cause"].astype(object).where(frame["cause"].astype(object) != "", FAILED)
    frame["rank"] = ranks(frame, catalog)
    return _plain(frame[CANDIDATE])


def _impact(flow: Flow | None, stage: str, facts: dict[str, str]) -> tuple[str, float, str, str, str]:
    """Return owner, value, currency, customer and plant of a failed transaction."""
    plant = facts.get("plant", "")
    if flow is None:
        return "", 0.0, "", "", plant
    customer = facts.get(flow.parties().get("customer", ""), "")
    ordered = sorted(flow.slas.values(), key=lambda sla: sla.to != stage)
    fact = next((sla.impact.value for sla in ordered if sla.impact), "")
    owner = next((sla.owner for sla in ordered if sla.to == stage and sla.owner), flow.owner)
    try:
        value = float(facts.get(fact, "") or 0.0)
    except ValueError:
        value = 0.0
    definition = flow.facts.get(fact)
    currency = facts.get(definition.currency, "") if definition and definition.currency else ""
    return owner, value if np.isfinite(value) else 0.0, currency, customer, plant


def _runbook_of_milestone(flow: Flow | None, milestone: str) -> str:
    found = flow.milestones.get(milestone) if flow else None
    return (found.runbook if found else None) or ""


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn categories and mixed time units of the store's frames into plain columns that can be concatenated."""
    plain = frame.copy()
    for name in plain.columns:
        if name in {"due_at", "joined_at"}:
            plain[name] = pd.to_datetime(plain[name]).astype("datetime64[ms]")
        elif name not in {"holds", "rank", "value", "penalty"}:
            plain[name] = plain[name].astype(object)
    plain[[*_MONEY]] = plain[[*_MONEY]].astype("float64")
    plain["holds"] = plain["holds"].astype(bool)
    return plain
