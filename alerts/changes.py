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
    found = [candidates(changed["clocks"], changed["transactions"], catalog, now)]
    if seen != conditions_seen:
        found.append(own.candidates_of(conditions, state.members))
    return Changes(together(found), cursors, more, seen)
