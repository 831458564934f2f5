"""The wall board: where open transactions wait, what open incidents hold of them, and how much gets through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

import pandas as pd

from core.catalog.flow import HEARTBEAT, OWN_FLOW
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

RATE = timedelta(hours=1)
"""Throughput is what reached a milestone within this time."""
ATTEMPTS = 4
"""How often incidents are read that were written to meanwhile."""
_KEPT = 8
_Mark: TypeAlias = tuple[tuple[Any, ...], ...]
"""By table the largest revision and the number of rows."""


@dataclass(frozen=True)
class Board:
    """Everything a board shows. Times are UTC, without a zone in frames.

    ``waiting``: flow, stage (the milestone reached last), transactions, oldest_at. ``held``: flow, reached (the milestone reached last; '':
    not known), stages (those of the incidents that hold it), worst (3 late or failed, 2 at risk, 1 unknown), failed, lacking (a fact is
    missing), currency, transactions (each in one row), value_at_risk. ``reached``: flow, milestone, transactions within :data:`RATE`.
    ``incidents``: unresolved ones, worst first, with overdue_since (NaT: nothing is overdue), counted (members found), the total of
    all, and silenced_until (NaT: no silence that ends after the minute has begun matches it). ``next_due_at``: of a clock that runs.
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

    Incidents and what they hold are taken from the last time, within the same minute, if nothing was written that they are read from.
    """
    rows = _rows(client, statement("board/standing"), {"heartbeat": HEARTBEAT, "now": now, "since": now - RATE})
    waiting = [(flow, stage, number, at) for flow, stage, number, _, at in rows.get("waiting", ())]
    reached = [(flow, milestone, number) for flow, milestone, number, *_ in rows.get("reached", ())]
    next_due, processed = (_moment(rows[what][0][-1]) for what in ("due", "processed"))
    held, incidents, whole = _held_whole(client, tuple(rows["mark"]), now.replace(second=0, microsecond=0), limit)
    return Board(
        pd.DataFrame(waiting, columns=["flow", "stage", "transactions", "oldest_at"]),
        held,
        pd.DataFrame(reached, columns=["flow", "milestone", "transactions"]),
        incidents,
        next_due,
        processed,
        whole,
    )


def _rows(client: Reader, sql: str, parameters: dict[str, Any] | None = None) -> dict[str, list[Any]]:
    """Return rows by what they are, their first column; in order, because the parts of a union come in any."""
    rows: dict[str, list[Any]] = {}
    for what, *row in sorted(client.query(sql, parameters=parameters).result_rows, key=lambda row: tuple(row[:3])):
        rows.setdefault(what, []).append(tuple(row))
    return rows


@lru_cache(_KEPT)
def _held_whole(client: Reader, mark: _Mark, now: datetime, limit: int) -> tuple[pd.DataFrame, pd.DataFrame, bool]:
    """Return what incidents hold, the incidents, and whether both are of the same moment.

    They are read again if they were written to meanwhile, up to :data:`ATTEMPTS` times: a figure must not differ from the incidents below
    it. Where transactions stand may change, because a busy engine writes that all the time.
    """
    before, whole = mark, False
    for _ in range(ATTEMPTS):
        held, incidents = _held(client, {"own": OWN_FLOW, "heartbeat": HEARTBEAT, "now": now, "limit": limit})
        after = tuple(_rows(client, statement("board/mark"))["mark"])
        if whole := _incidents_of(before) == _incidents_of(after) and _agree(incidents):
            break
        before = after
    return held, incidents, whole


def _incidents_of(mark: _Mark) -> _Mark:
    return tuple(row for row in mark if row[0] != "transactions")


def _held(client: Reader, parameters: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    held = frame(client, statement("board/held"), parameters)
    incidents = frame(client, statement("board/incidents"), parameters)
    if len(incidents):  # only the members of those shown
        overdue = frame(client, statement("board/overdue"), {"incidents": incidents["incident_id"].tolist()})
        counted = overdue if len(overdue) else pd.DataFrame({"incident_id": [], "overdue_since": pd.to_datetime([]), "counted": []})
        incidents = incidents.merge(counted.astype({"incident_id": object}), on="incident_id", how="left").fillna({"counted": 0})
    return held, incidents


def _agree(incidents: pd.DataFrame) -> bool:
    """Return whether incidents and their members, which are written one after the other, are those of the same moment."""
    return incidents.empty or bool((incidents["members"] == incidents["counted"]).all())


def _moment(found: datetime | None) -> datetime | None:
    """The store writes 1970 if an aggregate found nothing."""
    return found if found is not None and found.year > 1970 else None
