"""ADVANCE: takes what is open and what has changed, returns what is open now. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from alerts import conditions as own
from alerts import incidents as incident_rules
from alerts import runbooks
from alerts.incidents import Incident, State
from alerts.title import title_of
from core.catalog.catalog import Catalog
from core.catalog.flow import OWN_FLOW


@dataclass(frozen=True)
class Advanced:
    """The new state; the incidents and rows of ``incident_members`` to write; and the incidents for which notifications must be decided."""

    state: State
    written: list[Incident]
    members: pd.DataFrame
    decide: frozenset[str]


def advance(state: State, candidates: pd.DataFrame, due: Collection[str], catalog: Catalog, now: datetime) -> Advanced:
    """Apply candidates, set title and runbook of what they touch, and end acknowledgements that have run out.

    ``due``: the incidents that are due to be looked at again.
    """
    outcome = incident_rules.advance(state, candidates, now)
    state = outcome.state
    due = {incident_id for incident_id in due if incident_id in state.incidents}
    written = {
        incident_id: _described(incident_rules.expire(state.incidents[incident_id], now), state, catalog) for incident_id in outcome.touched
    }
    for incident_id in due - set(outcome.touched):
        before = state.incidents[incident_id]
        if (expired := incident_rules.expire(before, now)) is not before:
            written[incident_id] = expired
    state = replace(state, incidents={**state.incidents, **written})
    return Advanced(state, list(written.values()), outcome.members, frozenset(due | set(outcome.touched)))


def _described(incident: Incident, state: State, catalog: Catalog) -> Incident:
    if incident.flow == OWN_FLOW:
        title, cause = own.title_of(state.members, incident.incident_id, incident.title), incident.stage
    else:
        title, cause = title_of(catalog, incident), incident.cause
    return replace(incident, title=title, runbook=runbooks.choose(catalog, cause, incident.runbook))
