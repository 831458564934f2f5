"""The wall board: where open transactions wait, what open incidents hold of them, and how much gets through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from core.catalog.flow import HEARTBEAT, OWN_FLOW
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

RATE = timedelta(hours=1)
"""Throughput is what reached a milestone within this time."""
ATTEMPTS = 4
"""How often incidents are read that were written to meanwhile."""


@dataclass(frozen=True)
class Board:
    """Everything a board shows. Times are UTC, without a zone in frames.

    ``waiting``: flow, stage (the milestone reached last), transactions, oldest_at. ``held``: flow, reached (the milestone reached last; '':
    not known), stages (those of the incidents that hold it), worst (3 late or failed, 2 at risk, 1 unknown), failed, lacking (a fact is
    missing), currency, transactions (each in one row), value_at_risk. ``reached``: flow, milestone, transactions within :data:`RATE`.
    ``incidents``: unresolved ones, worst first, with overdue_since (NaT: nothing is overdue), counted (members found), the total of
    all, and silenced_until (NaT: no silence that ends after the moment matches it). ``next_due_at``: of a clock that runs.
    ``processed_at``: when a stage last made progress. ``whole``: whether incidents and what they hold are of the same moment.
    """

    waiting: pd.DataFrame
    held: pd.DataFrame
    reached: pd.DataFrame
    incidents: pd.DataFrame
    next_due_at: datetime | None
    processed_at: datetime | None
    whole: bool


def board(client: Reader, *, now: datetime, limit: int) -> Board:
    """Return the board, with at most ``limit`` incidents.

    Incidents and what they hold are read again if they were written to meanwhile, up to :data:`ATTEMPTS` times: a figure must not differ
    from the incidents below it. Where transactions stand is read once, because a busy engine writes that all the time.
    """
    flows = {"own": OWN_FLOW, "heartbeat": HEARTBEAT}
    waiting = frame(client, statement("board/waiting"), flows)
    reached = frame(client, statement("board/reached"), {**flows, "since": now - RATE})
    next_due = client.query(statement("board/next_due"), parameters={**flows, "now": now}).result_rows[0][0]
    processed = client.query(statement("board/processed")).result_rows[0][0]
    before, whole = _mark(client), False
    for _ in range(ATTEMPTS):
        held, incidents = _held(client, {**flows, "now": now, "limit": limit})
        after = _mark(client)
        if whole := before == after and _agree(incidents):
            break
        before = after
    return Board(waiting, held, reached, incidents, _moment(next_due), _moment(processed), whole)


def _held(client: Reader, parameters: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    return frame(client, statement("board/held"), parameters), frame(client, statement("board/incidents"), parameters)


def _mark(client: Reader) -> Any:
    return client.query(statement("board/mark")).result_rows


def _agree(incidents: pd.DataFrame) -> bool:
    """Return whether incidents and their members, which are written one after the other, are those of the same moment."""
    return incidents.empty or bool((incidents["members"] == incidents["counted"]).all())


def _moment(found: datetime | None) -> datetime | None:
    """The store writes 1970 if an aggregate found nothing."""
    return found if found is not None and found.year > 1970 else None
