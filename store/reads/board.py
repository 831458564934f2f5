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
"""How often a board is read again that was written to meanwhile. A busy engine writes a few times a second."""


@dataclass(frozen=True)
class Board:
    """Everything a board shows, of one moment. Times are UTC, without a zone in frames.

    ``waiting``: flow, stage (the milestone reached last), transactions, oldest_at. ``held``: flow, reached (the milestone reached last; '':
    not known), stages (those of the incidents that hold it), worst (3 late or failed, 2 at risk, 1 unknown), failed, lacking (a fact is
    missing), currency, transactions (each in one row), value_at_risk. ``reached``: flow, milestone, transactions within :data:`RATE`.
    ``incidents``: unresolved ones, worst first, with overdue_since (NaT: nothing is overdue), counted (members found), the total of
    all, and silenced_until (NaT: no silence that ends after the moment matches it).
    ``next_due_at``: of a clock that runs. ``processed_at``: when a stage last made progress. ``whole``: whether nothing was written while
    it was read, so that every figure is of the same moment.
    """

    waiting: pd.DataFrame
    held: pd.DataFrame
    reached: pd.DataFrame
    incidents: pd.DataFrame
    next_due_at: datetime | None
    processed_at: datetime | None
    whole: bool


def board(client: Reader, *, now: datetime, limit: int) -> Board:
    """Return the board, with at most ``limit`` incidents; read again if it was written to meanwhile, up to :data:`ATTEMPTS` times."""
    before = _mark(client)
    for _ in range(ATTEMPTS):
        found = _read(client, now, limit)
        after = _mark(client)
        if before == after and _agree(found):
            break
        before = after
    else:
        return found
    return Board(**{**vars(found), "whole": True})


def _read(client: Reader, now: datetime, limit: int) -> Board:
    flows = {"own": OWN_FLOW, "heartbeat": HEARTBEAT}
    return Board(
        waiting=frame(client, statement("board/waiting"), flows),
        held=frame(client, statement("board/held"), flows),
        reached=frame(client, statement("board/reached"), {**flows, "since": now - RATE}),
        incidents=frame(client, statement("board/incidents"), {**flows, "now": now, "limit": limit}),
        next_due_at=_moment(client.query(statement("board/next_due"), parameters={**flows, "now": now}).result_rows[0][0]),
        processed_at=_moment(client.query(statement("board/processed")).result_rows[0][0]),
        whole=False,
    )


def _mark(client: Reader) -> Any:
    return client.query(statement("board/mark")).result_rows


def _agree(found: Board) -> bool:
    """Return whether incidents and their members, which are written one after the other, are those of the same moment."""
    return found.incidents.empty or bool((found.incidents["members"] == found.incidents["counted"]).all())


def _moment(found: datetime | None) -> datetime | None:
    """The store writes 1970 if an aggregate found nothing."""
    return found if found is not None and found.year > 1970 else None
