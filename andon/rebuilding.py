"""Makes the store's content anew from the journal: all of it in an empty store, or what a store has lost.

What people did and what was told comes back as it was; signals are loaded, correlated and evaluated again. A clock that is made anew goes on with
the version and the moment of its verdict (docs/adr/017). Nothing is told here: alerting finds afterwards that all has been said.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from andon.engine_process import IN_FLIGHT_SECONDS
from andon.pipeline import Pipeline, open_kept, pipeline_on
from andon.simulated_time import clock_of
from core.catalog.catalog import Catalog
from core.config import Settings
from core.plural import counted
from core.telemetry import Telemetry
from store.client import store_alone
from store.derived import derive_again, follow_clocks
from store.keeping import BroughtBack, is_rebuilding, note_rebuilding
from store.rebuild import Lost, SignalReload, finish, gone, move_store_aside, window_of

logger = logging.getLogger("andon.rebuild")

Tell = Callable[[str], None]

_TOLD_EVERY_SECONDS = 2.0
_TRY_AGAIN_SECONDS = 1.0


@dataclass(slots=True)
class Rebuilt:
    """What came back (signals), and a sentence for each thing that did not; ``damage``: for what cannot be read of the engine's journal."""

    signals: int = 0
    missing: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)


def make_up(pipeline: Pipeline, stopping: threading.Event, tell: Tell) -> Rebuilt:
    """Load all that the journal has, correlate it, and evaluate it only then; return early when ``stopping`` is set.

    Repeatable: the stages' cursors are in the store, and so is the note that a rebuild is going on, which is taken back at the end.
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
        _correlate(pipeline, stopping)
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


def go_on_rebuilding(pipeline: Pipeline, stopping: threading.Event) -> None:
    """End a rebuild that was interrupted, or that a restored backup needs, before an engine evaluates and tells; ``stopping`` ends it early."""
    if is_rebuilding(pipeline.store):
        make_up(pipeline, stopping, lambda said: logger.info("rebuilding", extra={"fields": {"progress": said}}))
    if not stopping.is_set():
        finish(pipeline.settings)


def rebuild(settings: Settings, catalog: Catalog, tell: Tell) -> Rebuilt:
    """Make the store anew in an empty folder; what was there is moved aside. An interrupted one goes on where it was.

    Raises :class:`UsageError` when an engine runs, or the store is a server's that holds something.
    """
    clock = clock_of(settings.clock_speed, settings.clock_anchor)
    if settings.store == "embedded":
        with store_alone(settings):
            aside, resumed = move_store_aside(settings, clock.now())
        if resumed:
            tell("an interrupted rebuild goes on")
        if aside is not None:
            tell(f"the store as it was is in {aside}; delete it when all is well")
    with _opened(settings, catalog, new=True) as (pipeline, brought_back):
        _tell_brought_back(brought_back, tell)
        rebuilt = make_up(pipeline, threading.Event(), tell)
        rebuilt.missing += [*brought_back.damage, *gone(pipeline.store, window_of(None, None))]
    finish(settings)
    return rebuilt


def rebuild_days(settings: Settings, catalog: Catalog, days: Collection[date], tell: Tell) -> Rebuilt:
    """Read the signals of these days (UTC, of receipt) again into the store, and make anew what follows from them."""
    with _opened(settings, catalog, new=False) as (pipeline, brought_back):
        _tell_brought_back(brought_back, tell)
        lost = [Lost(table, day, day) for day in sorted(days) for table in ("spans", "logs", "metrics", "events", "quarantine")]
        return mend(pipeline, [*lost, Lost("transactions"), Lost("clocks")], tell)


def mend(pipeline: Pipeline, lost: Collection[Lost], tell: Tell) -> Rebuilt:
    """Bring back what a store has lost, as far as the journal has it. For the thread that runs the stages, between two ticks.

    Signals are read again. Derived rows are made anew from what they derive from, and go on with the verdicts that were reached; rows that
    no signal brings back come from the engine's journal. Nothing is told a second time. Repeatable, also after an interruption.
    """
    rebuilt = Rebuilt()
    tables = {one.table for one in lost}
    pipeline.store.flush()
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
    _correlate(pipeline, threading.Event())
    with pipeline.clocks.restoring():
        pipeline.evaluation.run(pipeline.clock.now())
    derive_again(pipeline.store, tables)
    for window in {window_of(one.first, one.last) for one in lost}:
        rebuilt.missing += gone(pipeline.store, window)
    return rebuilt


def _correlate(pipeline: Pipeline, stopping: threading.Event) -> None:
    while pipeline.correlator.run(pipeline.clock.now()) and not stopping.is_set():
        pass


def _tell_brought_back(found: BroughtBack, tell: Tell) -> None:
    for table, rows in sorted(found.rows.items()):
        tell(f"{counted(rows, 'row')} of {table} came back as they were")


@contextmanager
def _opened(settings: Settings, catalog: Catalog, *, new: bool) -> Iterator[tuple[Pipeline, BroughtBack]]:
    telemetry = Telemetry()
    clock = clock_of(settings.clock_speed, settings.clock_anchor)
    with open_kept(settings, clock, telemetry) as opened:
        if new:
            note_rebuilding(opened.store, going_on=True)
        with pipeline_on(opened.store, settings, catalog, clock, telemetry, opened.keeping) as pipeline:
            yield pipeline, opened.keeping.brought_back
