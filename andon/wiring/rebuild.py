"""``andon rebuild``: rebuilds a store from the journal while no engine runs, all of it or some days."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date

from andon.engine.pipeline import Pipeline
from andon.engine.rebuild import Rebuilt, Tell, replay_journal
from andon.engine.recovery import recover
from andon.simulated_time import clock_of
from andon.wiring.pipeline import open_engine_store, pipeline_on
from core.catalog.catalog import Catalog
from core.config import Settings
from core.plural import counted
from core.telemetry import Telemetry
from store.client import store_alone
from store.recovery.keeping import BroughtBack, note_rebuilding
from store.recovery.rebuild import Lost, finish, gone, move_store_aside, window_of


def rebuild(settings: Settings, catalog: Catalog, tell: Tell) -> Rebuilt:
    """Rebuild the store in an empty folder; what was there is moved aside. An interrupted rebuild continues where it was.

    Raises :class:`UsageError` if an engine runs, or the store is on a server and not empty.
    """
    clock = clock_of(settings.clock_speed, settings.clock_anchor)
    if settings.store == "embedded":
        with store_alone(settings):
            aside, resumed = move_store_aside(settings, clock.now())
        if resumed:
            tell("continuing an interrupted rebuild")
        if aside is not None:
            tell(f"the previous store is in {aside}; delete it once all is well")
    with _opened(settings, catalog, new=True) as (pipeline, brought_back):
        _tell_brought_back(brought_back, tell)
        rebuilt = replay_journal(pipeline, threading.Event(), tell)
        rebuilt.missing += [*brought_back.damage, *gone(pipeline.store, window_of(None, None))]
    finish(settings)
    return rebuilt


def rebuild_days(settings: Settings, catalog: Catalog, days: Collection[date], tell: Tell) -> Rebuilt:
    """Read the signals of these days (UTC, of receipt) again into the store, and rebuild what follows from them."""
    with _opened(settings, catalog, new=False) as (pipeline, brought_back):
        _tell_brought_back(brought_back, tell)
        lost = [Lost(table, day, day) for day in sorted(days) for table in ("spans", "logs", "metrics", "events", "quarantine")]
        return recover(pipeline, [*lost, Lost("transactions"), Lost("clocks")], tell)


def _tell_brought_back(found: BroughtBack, tell: Tell) -> None:
    for table, rows in sorted(found.rows.items()):
        tell(f"{counted(rows, 'row')} of {table} were restored unchanged")


@contextmanager
def _opened(settings: Settings, catalog: Catalog, *, new: bool) -> Iterator[tuple[Pipeline, BroughtBack]]:
    telemetry = Telemetry()
    clock = clock_of(settings.clock_speed, settings.clock_anchor)
    with open_engine_store(settings, clock, telemetry) as opened:
        if new:
            note_rebuilding(opened.store, going_on=True)
        with pipeline_on(opened.store, settings, catalog, clock, telemetry, opened.keeping) as pipeline:
            yield pipeline, opened.keeping.brought_back
