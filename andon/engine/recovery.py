"""Recovery of what the store has lost while the engine runs: between two ticks, once the previous tick has reported it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable

from andon.engine.pipeline import Pipeline
from andon.engine.rebuild import Rebuilt, Tell, correlate_all
from core.clock import EPOCH
from core.errors import NoRoom
from core.plural import counted
from store.recovery.losses import Loss, Losses
from store.recovery.rebuild import SIGNALS, Lost, SignalReload, gone, stored_rows, window_of
from store.stages.derived import derive_again

logger = logging.getLogger("andon.recovery")
_COUNTED = frozenset({*SIGNALS, "verdicts"})
"""Tables whose rows are rarely written twice, so that their count shows whether all rows are back."""


class Recovery:
    """For the thread that runs the stages: :meth:`step` between two ticks."""

    def __init__(self, pipeline: Pipeline, losses: Losses) -> None:
        self._pipeline = pipeline
        self.losses = losses
        self._told: frozenset[str] = frozenset()

    def step(self) -> bool:
        """Restore what is lost as far as the journal has it; return whether anything was done, so that every stage must run.

        A loss that is new since the last call waits for the next one: the tick in between opens its incident and notifies.
        """
        waiting = self.losses.waiting()
        known, self._told = self._told, frozenset(loss.loss_id for loss in waiting)
        if not waiting or not self._told <= known:
            return False
        before = {loss.loss_id: self._rows(loss) for loss in waiting}
        try:
            self._pipeline.store.patience.require()
            rebuilt = recover(
                self._pipeline, list(_lost(waiting)), lambda said: logger.info("recovering", extra={"fields": {"progress": said}})
            )
        except NoRoom as error:  # deadlines are evaluated meanwhile
            logger.warning("what was lost is restored once the disk has room", extra={"fields": {"error": str(error)}})
            return False
        for loss in waiting:
            back = self._rows(loss) - before[loss.loss_id]
            short = max(0, loss.lost_rows - back) if loss.table_name in _COUNTED else 0
            if loss.table_name in SIGNALS:
                sentences = rebuilt.missing if short else []
            else:
                sentences = [*rebuilt.damage, *([f"{counted(short, 'row')} not in the journal"] if short else [])]
            self.losses.mended(loss, short if sentences else 0, sentences)
        return True

    def _rows(self, loss: Loss) -> int:
        return stored_rows(self._pipeline.store, loss.table_name, loss.first_at, loss.last_at) if loss.table_name in _COUNTED else 0


def recover(pipeline: Pipeline, lost: Collection[Lost], tell: Tell) -> Rebuilt:
    """Restore what a store has lost, as far as the journal has it. For the thread that runs the stages, between two ticks.

    Signals are read again. Derived rows are rebuilt from what they derive from, and continue with the verdicts already reached; rows that
    no signal brings back come from the engine's journal. Nobody is notified a second time. Repeatable, even after an interruption.
    """
    rebuilt = Rebuilt()
    tables = {one.table for one in lost}
    pipeline.loader.write_progress()
    pipeline.note_again(tables)
    damaged = 0
    for step in SignalReload(pipeline.settings, pipeline.store, pipeline.clock, pipeline.telemetry).steps(lost):
        rebuilt.signals += step.signals
        damaged += step.damaged
        if step.records:
            tell(f"read {counted(step.records, 'record')} of {step.segment} again")
    if damaged:
        rebuilt.missing.append(f"{counted(damaged, 'record')} of the journal cannot be read; see andon quarantine list")
    rebuilt.damage = pipeline.bring_back(tables)
    rebuilt.missing += rebuilt.damage
    correlate_all(pipeline, threading.Event())
    with pipeline.clocks.restoring():
        pipeline.evaluation.run(pipeline.clock.now())
    derive_again(pipeline.store, tables)
    for window in {window_of(one.first, one.last) for one in lost}:
        rebuilt.missing += gone(pipeline.store, window)
    return rebuilt


def _lost(losses: Iterable[Loss]) -> Iterable[Lost]:
    for loss in losses:
        known = loss.first_at > EPOCH
        yield Lost(loss.table_name, loss.first_at.date() if known else None, loss.last_at.date() if known else None)
