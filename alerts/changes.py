"""READ: what has changed since the last run, as candidates for incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from alerts import conditions as own
from alerts.incidents import State
from alerts.members import candidates, together
from alerts.ports import IncidentStore
from core.catalog.catalog import Catalog
from core.condition import Conditions
from core.verdict import HOLDING

BATCH = 20_000


@dataclass(frozen=True)
class Changes:
    """What has changed. ``candidates``: see :func:`alerts.members.candidates`.

    ``cursors``: how far the store was read; ``more``: there is more to read immediately; ``conditions_seen``: how often Andon's own
    conditions had changed by then.
    """

    candidates: pd.DataFrame
    cursors: dict[str, int]
    more: bool
    conditions_seen: int


def read(store: IncidentStore, conditions: Conditions, conditions_seen: int, state: State, catalog: Catalog, now: datetime) -> Changes:
    """Return what has changed in the store above its cursors and, if they changed, Andon's own conditions. Changes nothing.

    Raises what the store raises.
    """
    changed, cursors, more = store.changes(BATCH)
    seen = conditions.changes
    clocks, transactions = _concerning(changed["clocks"], changed["transactions"], state.members)
    found = [candidates(clocks, transactions, catalog, now)]
    if seen != conditions_seen:
        found.append(own.candidates_of(conditions, state.members))
    return Changes(together(found) if len(found) > 1 else found[0], cursors, more, seen)


def _concerning(clocks: pd.DataFrame, transactions: pd.DataFrame, members: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the clocks and transactions that belong to an incident or are in one: under ordinary traffic nearly none."""
    if not len(clocks) and not len(transactions):
        return clocks, transactions
    changed = pd.concat([frame["transaction_id"] for frame in (clocks, transactions) if len(frame)])
    inside = members.loc[members["transaction_id"].isin(changed), ["transaction_id", "sla"]]
    if len(clocks):
        clocks = clocks[clocks["verdict"].isin(HOLDING) | clocks["transaction_id"].isin(inside["transaction_id"])]
    if len(transactions):
        failed = inside["transaction_id"][inside["sla"] == ""]
        transactions = transactions[(transactions["failed_milestone"] != "") | transactions["transaction_id"].isin(failed)]
    return clocks, transactions
