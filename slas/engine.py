"""The evaluation loop: what changed or came due is measured and evaluated again, and what differs is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.definition import Definition, definition_hash
from core.clock import EPOCH, from_milliseconds, to_milliseconds
from core.pauses import Pause
from core.telemetry import M, Telemetry
from core.verdict import Verdict
from slas.clock import Calendars, clocks_of
from slas.due import MISSING
from slas.evaluate import evaluate
from slas.ports import ClockStore, PromiseHistory, QueueActivity, SourceActivity, Unseen
from slas.queues import Queues
from slas.reason import reason_texts
from slas.revision import merge_previous, to_rows, to_verdict_rows
from slas.silence import Sources

BATCH = 5_000
SILENCE_POLL = timedelta(seconds=10)
UNSEEN_POLL = timedelta(seconds=1)
_BY_SEVERAL = 1
"""Replaces the hash of a flow's promises while its transactions are being evaluated again."""


class SlaEngine:
    """Evaluates; one thread only. Holds nothing that a restart could lose."""

    def __init__(
        self,
        store: ClockStore,
        activity: SourceActivity,
        queue_activity: QueueActivity,
        history: PromiseHistory,
        unseen: Unseen,
        catalog: Catalog,
        telemetry: Telemetry,
    ) -> None:
        self._store = store
        self._activity = activity
        self._queue_activity = queue_activity
        self._history = history
        self._unseen = unseen
        self._telemetry = telemetry
        self._deadline: datetime | None = EPOCH
        self._listen_at: datetime | None = EPOCH
        self._expecting = False
        self._watch_at: datetime | None = None
        self._pauses: Mapping[str, Pause] = {}
        self.reload(catalog)

    def run(self, now: datetime) -> bool:
        """Evaluate what changed and what came due by ``now``; return whether any clock was written."""
        self._sources.expect(now, self._activity)
        self._watch_at = self._sources.watch(now, self._activity)
        flows = self._queues.look(now, self._queue_activity)
        wrote = self._renew(now)
        wrote |= self._open_again(flows, now)
        wrote |= self._changed(now)
        wrote |= self._listen(now)
        return self._due(now) or wrote

    def next_deadline(self) -> datetime | None:
        """Return when :meth:`run` next has work even without input; it is kept in memory, so asking costs nothing."""
        return _earliest(self.next_change(), self._listen_at, self._queues.next_look())

    def next_change(self) -> datetime | None:
        """Return when a verdict next changes if nothing arrives: :meth:`next_deadline` without looking at sources and queues."""
        return _earliest(self._deadline, self._watch_at)

    def reload(self, catalog: Catalog) -> None:
        """Take over a changed catalog: the next run re-evaluates what is open in flows whose promises changed, and only that."""
        self._catalog = catalog
        self._calendars = Calendars(catalog)
        self._sources = Sources(catalog, self._calendars, self._pauses)
        self._queues = Queues(catalog)
        self._renewing = True

    def take_pauses(self, pauses: Mapping[str, Pause]) -> None:
        """Go by these pauses of sources from the next run on; verdicts that are unknown are then looked at again."""
        self._pauses = pauses
        self._sources = Sources(self._catalog, self._calendars, pauses)
        self._listen_at, self._watch_at = EPOCH, EPOCH

    def reevaluate(self) -> None:
        """Make the next run re-evaluate everything that is open, because the clock it was evaluated by has been corrected."""
        self._history.note_evaluated_by(dict.fromkeys(promises_of(self._catalog), _BY_SEVERAL))
        self._renewing = True
        self._sources = Sources(self._catalog, self._calendars, self._pauses)
        self._deadline, self._listen_at, self._watch_at = EPOCH, EPOCH, None

    def _renew(self, now: datetime) -> bool:
        """Re-evaluate what is open if it was evaluated by other promises, by this engine or an earlier one."""
        if not self._renewing:
            return False
        promises, known = promises_of(self._catalog), self._history.evaluated_by()
        flows = sorted(name for name in {*promises, *known} if promises.get(name) != known.get(name))
        if flows:  # an interrupted one is repeated, even if the old promises are back by then
            self._history.note_evaluated_by(dict.fromkeys(flows, _BY_SEVERAL))
        wrote = self._open_again(flows, now)
        if flows:
            self._history.note_evaluated_by({name: promises.get(name, 0) for name in flows})
        self._renewing = False
        return wrote

    def _open_again(self, flows: list[str], now: datetime) -> bool:
        """Evaluate again what is open in these flows."""
        wrote, after, more = False, "", bool(flows)
        while more:
            rows = self._history.open_transactions(flows, after, BATCH)
            wrote |= self._again(rows, now)
            more = len(rows) == BATCH
            after = str(rows["transaction_id"].max()) if more else ""
        return wrote

    def _changed(self, now: datetime) -> bool:
        wrote = False
        more = True
        while more:
            rows, clocks, upto, more = self._store.changed_transactions(BATCH)
            if len(rows):
                wrote |= self._evaluate(rows, clocks, now, upto)
        return wrote

    def _due(self, now: datetime) -> bool:
        wrote = False
        while self._deadline is not None and self._deadline <= now:
            rows = self._store.due_transactions(now, BATCH)
            unseen = self._unseen.names(rows)
            wrote |= self._again(rows[~unseen], now)
            if unseen.any():
                self._deadline = now + UNSEEN_POLL
                break
            if len(rows) < BATCH:
                self._deadline = self._store.next_deadline()
                break
        return wrote

    def _listen(self, now: datetime) -> bool:
        """Re-evaluate unknown clocks when one of their sources is seen again; asked only while there are any."""
        if self._listen_at is None or now < self._listen_at:
            return False
        expected, self._expecting = self._expecting or self._listen_at == EPOCH, self._sources.expecting(now)
        # once more after the last source has caught up, so that what was unknown because of it does not stay so
        rows = self._activity.unknown_transactions() if expected or self._expecting else pd.DataFrame()
        self._listen_at = now + SILENCE_POLL if len(rows) else None
        return self._again(rows, now)

    def _again(self, transactions: pd.DataFrame, now: datetime) -> bool:
        """Evaluate transactions that have not changed."""
        return len(transactions) > 0 and self._evaluate(transactions, self._store.clocks_of(transactions), now, None)

    def _evaluate(self, transactions: pd.DataFrame, before: pd.DataFrame, now: datetime, cursor: int | None) -> bool:
        """Measure and evaluate; ``before`` holds the clocks as they were written. Return whether any is different."""
        moment = to_milliseconds(now)
        measured = clocks_of(transactions, self._catalog, self._calendars)
        if len(measured):
            measured = self._queues.held_up(transactions, measured)
            measured = evaluate(measured, moment, self._sources.silences(measured, moment, self._activity))
        changed = merge_previous(measured, before, moment)
        fresh = changed[changed["fresh"].to_numpy(np.bool_)]
        verdicts = to_verdict_rows(fresh, moment, reason_texts(fresh, moment, self._calendars, self._catalog))
        if len(changed) or cursor is not None:
            self._store.save(to_rows(changed), verdicts, cursor)
        self._write(changed, now)
        return bool(len(changed))

    def _write(self, changed: pd.DataFrame, now: datetime) -> None:
        """Keep the earliest deadline in memory; it may be too early, never too late."""
        if not len(changed):
            return
        deadlines = changed["next_at"].to_numpy(np.int64)
        known = deadlines[deadlines != MISSING]
        if len(known):
            earliest = from_milliseconds(int(known.min()))
            self._deadline = earliest if self._deadline is None else min(self._deadline, earliest)
        for verdict, count in changed.loc[changed["fresh"].to_numpy(np.bool_), "verdict"].value_counts().items():
            self._telemetry.add(M.VERDICTS, float(count), verdict=str(verdict))
        if self._listen_at is None and (changed["verdict"] == Verdict.UNKNOWN).any() and self._sources.expecting(now):
            self._listen_at, self._expecting = now.astimezone(UTC) + SILENCE_POLL, True


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def promises_of(catalog: Catalog) -> dict[str, int]:
    """Return by flow a hash of everything that the verdicts depend on, apart from the transactions themselves."""
    shared = [_text(each) for each in (catalog.calendars, catalog.contracts, catalog.sources)]
    return {name: definition_hash(flow.model_dump_json(), *shared) for name, flow in catalog.flows.items()}


def _text(definitions: Mapping[str, Definition]) -> str:
    return "\n".join(definitions[name].model_dump_json() for name in sorted(definitions))
