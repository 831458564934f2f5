"""Queues before milestones: which of them hold up what is behind them, and what that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.flow import Flow, Through
from core.catalog.source import OWN_SOURCE
from core.duration import parse_duration
from core.incident import DEAD_LETTERS, GROWING, STOPPED
from slas.due import MISSING
from slas.ports import QueueActivity

LOOK = timedelta(seconds=10)
FIRST_LOOK = timedelta(days=1)
"""How far back queues are read at first: a dead letter of longer ago holds up nothing that is not known to be held up already."""
_NEVER = np.iinfo(np.int64).max

_Queue = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """How a queue holds up what is behind it: what has waited for its milestone since ``upto`` or earlier (milliseconds)."""

    kind: str
    upto: int


class Queues:
    """The queues that milestones name by ``through``, and which of them hold up what is behind them.

    A queue that nobody tells of any more stays as it was told last: it is not known to move.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._before = {
            flow.flow: {name: milestone.through for name, milestone in flow.milestones.items() if milestone.through is not None}
            for flow in catalog.flows.values()
        }
        self._before = {flow: queues for flow, queues in self._before.items() if queues}
        self._flows = catalog.flows
        self._faults: dict[_Queue, Fault] | None = None
        self._dead: dict[_Queue, int] = {}
        self._look_at: datetime | None = None
        self._told_by = {OWN_SOURCE, *(queue.source for queues in self._before.values() for queue in queues.values())}
        self._told: Mapping[str, int] = {}

    def look(self, now: datetime, activity: QueueActivity) -> list[str]:
        """Ask how the queues move, if it is time and more was told; return the flows of which something is held up now, or no longer."""
        if not self._before or (self._look_at is not None and now < self._look_at <= now + LOOK):
            return []
        before, self._look_at, told = self._faults, now + LOOK, activity.last_slices(self._told_by)
        if before is not None and told == self._told:
            return []
        found = self._found(now, activity)
        self._faults, self._told = found, told
        return [
            flow
            for flow, queues in self._before.items()
            if before is None or any(found.get(_key(queue)) != before.get(_key(queue)) for queue in queues.values())
        ]

    def next_look(self) -> datetime | None:
        """Return when to ask again; None: no milestone names a queue."""
        return self._look_at

    def held_up(self, transactions: pd.DataFrame, clocks: pd.DataFrame) -> pd.DataFrame:
        """Return the clocks with ``held_up``: the cause if they wait for what is behind a queue that holds them up, else empty.

        ``at_once``: whether that alone puts the promise at risk: it is about the milestone behind the queue or, if none is, about the
        first one after it that a promise is about.
        """
        faults = self._faults or {}
        held: dict[tuple[str, str], tuple[str, str]] = {}
        for flow, queues in self._before.items():
            if any(_key(queue) in faults for queue in queues.values()):
                mine = transactions[(transactions["flow"] == flow).to_numpy(np.bool_)]
                held.update({(flow, transaction): found for transaction, found in self._behind(self._flows[flow], queues, faults, mine)})
        if not held:
            return clocks
        columns = (clocks[name] for name in ("flow", "transaction_id", "stage", "stopped_at"))
        found = [
            held[flow, transaction]
            if stopped == MISSING and (flow, transaction) in held and self._is_behind(flow, held[flow, transaction][1], stage)
            else ("", "")
            for flow, transaction, stage, stopped in zip(*columns, strict=True)
        ]
        next_promised = {
            (flow, milestone): self._next_promised(flow, milestone) for flow, queues in self._before.items() for milestone in queues
        }
        at_once = [
            bool(cause) and stage == next_promised[flow, milestone]
            for (cause, milestone), flow, stage in zip(found, clocks["flow"], clocks["stage"], strict=True)
        ]
        return clocks.assign(held_up=np.array([cause for cause, _ in found], object), at_once=np.array(at_once, np.bool_))

    def _next_promised(self, flow: str, milestone: str) -> str | None:
        promised = {sla.to for sla in self._flows[flow].slas.values()}
        return next((name for name in [milestone, *self._flows[flow].after(milestone)] if name in promised), None)

    def _is_behind(self, flow: str, milestone: str, stage: str) -> bool:
        return stage == milestone or stage in self._flows[flow].after(milestone)

    @staticmethod
    def _behind(
        flow: Flow, queues: Mapping[str, Through], faults: Mapping[_Queue, Fault], transactions: pd.DataFrame
    ) -> Iterable[tuple[str, tuple[str, str]]]:
        """Yield each transaction that waits for a milestone behind such a queue, with the cause and the milestone."""
        for milestone, queue in queues.items():
            fault, before = faults.get(_key(queue)), flow.before(milestone)
            if fault is None or before is None:
                continue
            done, cause = {milestone, *flow.after(milestone)}, f"{fault.kind}:{queue.source}/{queue.queue}"
            for transaction, reached in zip(transactions["transaction_id"], transactions["first_at"], strict=True):
                if reached.get(before, _NEVER) <= fault.upto and not done & reached.keys():
                    yield str(transaction), (cause, milestone)

    def _found(self, now: datetime, activity: QueueActivity) -> dict[_Queue, Fault]:
        wanted = {_key(queue): parse_duration(queue.limit).milliseconds for queues in self._before.values() for queue in queues.values()}
        found = dict(self._faults or {})
        for limit in sorted(set(wanted.values())):
            reach = FIRST_LOOK if self._faults is None else timedelta(milliseconds=2 * limit) + 6 * LOOK
            rows = activity.queue_movement(now - reach, limit).to_dict("records")
            for queue in (queue for queue, own in wanted.items() if own == limit):
                told = [row for row in rows if (row["source"], row["queue"]) == queue[:2] and queue[2] in {"", row["reader"]}]
                faults = [fault for row in told if (fault := self._fault(row, limit))]
                if told:
                    found.pop(queue, None)
                if faults:
                    found[queue] = faults[0]
        return found

    def _fault(self, row: Mapping[Any, Any], limit: int) -> Fault | None:
        queue, at, dead_at = (row["source"], row["queue"], row["reader"]), int(row["at"]), int(row["dead_at"])
        dead_at = max(dead_at, self._dead.get(queue, 0)) if row["dead_letters"] else 0
        self._dead[queue] = dead_at
        if row["inside"] and at - max(int(row["moved_at"]), int(row["first_at"])) >= limit:
            return Fault(STOPPED, _NEVER - 1)
        if not pd.isna(row["most_before"]) and row["least"] > row["most_before"]:
            return Fault(GROWING, _NEVER - 1)
        return Fault(DEAD_LETTERS, dead_at) if 0 < dead_at <= at - limit else None


def _key(through: Through) -> _Queue:
    return through.source, through.queue, through.reader
