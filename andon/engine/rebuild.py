"""Rebuilds the store's content from the journal, in an empty store.

What people did and who was notified comes back as it was; signals are loaded, correlated and evaluated again. A rebuilt clock continues
with the version and the time of its verdict (docs/adr/017). Nobody is notified here: alerting finds afterwards that everything has been
said.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from andon.engine.loop import IN_FLIGHT_SECONDS
from andon.engine.pipeline import Pipeline
from core.plural import counted
from store.recovery.keeping import is_rebuilding, note_rebuilding
from store.recovery.rebuild import finish
from store.stages.derived import follow_clocks

logger = logging.getLogger("andon.rebuild")

Tell = Callable[[str], None]

_TOLD_EVERY_SECONDS = 2.0
_TRY_AGAIN_SECONDS = 1.0


@dataclass(slots=True)
class Rebuilt:
    """What came back (signals), and a sentence for each thing that did not; ``damage``: what cannot be read in the engine's journal."""

    signals: int = 0
    missing: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)


def replay_journal(pipeline: Pipeline, stopping: threading.Event, tell: Tell) -> Rebuilt:
    """Load everything in the journal, correlate it, and only then evaluate it; return early if ``stopping`` is set.

    Repeatable: the stages' cursors are in the store, and so is the note that a rebuild is under way, which is removed at the end.
    """
    rebuilt = Rebuilt()
    clock = pipeline.clock
    total = sum(lag.records for lag in pipeline.loader.lag().values())
    began = told = clock.monotonic()
    done, more = 0, True
    upto = clock.now()
    while more and not stopping.is_set():
        upto = clock.now() - timedelta(seconds=IN_FLIGHT_SECONDS * pipeline.settings.clock_speed)
        report = pipeline.loader.load()
        done += report.records
        rebuilt.signals += sum(report.signals.values())
        if report.damaged:
            rebuilt.missing.append(f"{counted(report.damaged, 'record')} of the journal cannot be read; see andon quarantine list")
        more = report.more or bool(report.slices) or bool(report.failed)
        correlate_all(pipeline, stopping)
        if report.failed:
            tell(f"the store refuses: {report.failed}; trying again")
            stopping.wait(_TRY_AGAIN_SECONDS)
        if report.slices and clock.monotonic() - told >= _TOLD_EVERY_SECONDS:
            told = clock.monotonic()
            rate = done / max(told - began, 0.001)
            tell(f"loaded {done:,} of {max(total, done):,} records, {rate:,.0f} a second")
    if not stopping.is_set():
        tell(f"loaded {counted(done, 'record')} with {counted(rebuilt.signals, 'signal')}; evaluating")
        pipeline.evaluation.run(upto)
        follow_clocks(pipeline.store)
        note_rebuilding(pipeline.store, going_on=False)
    return rebuilt


def finish_rebuild(pipeline: Pipeline, stopping: threading.Event) -> None:
    """Finish a rebuild that was interrupted, or that a restored backup needs, before an engine evaluates and alerts.

    ``stopping`` ends it early.
    """
    if is_rebuilding(pipeline.store):
        replay_journal(pipeline, stopping, lambda said: logger.info("rebuilding", extra={"fields": {"progress": said}}))
    if not stopping.is_set():
        finish(pipeline.settings)


def correlate_all(pipeline: Pipeline, stopping: threading.Event) -> None:
    """Correlate everything that is loaded, or until ``stopping`` is set."""
    while pipeline.correlator.run(pipeline.clock.now()) and not stopping.is_set():
        pass
