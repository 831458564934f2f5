"""The only place that picks concrete classes: stages, store adapters, plug-ins.

The type checker proves here that the store satisfies what each stage's ``ports.py`` asks for.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import uvloop

from andon.catalog_watch import CatalogWatch, load_checked_catalog
from andon.checking import expressions_of
from andon.client.collector import collector_client, collector_trust
from andon.health.clock_watch import ClockWatch
from andon.health.disk_watch import DiskWatch
from andon.health.heartbeat import Heartbeat
from andon.plugins import receivers
from andon.process import run_in_background, set_on_stop_signal, warn_of_root
from andon.simulated_time import clock_of
from core.catalog.catalog import Catalog
from core.clock import Clock, SystemClock
from core.condition import Conditions
from core.config import Settings, own_secret
from core.errors import NoRoom
from core.telemetry import Telemetry

if TYPE_CHECKING:
    from andon.engine_process import Engine
    from andon.health.backlog import BacklogWatch
    from andon.pipeline import Pipeline
    from store.losses import Losses

logger = logging.getLogger("andon")

RELOAD_LOOK_SECONDS = 2.0
HEARTBEAT_WAIT_SECONDS = 5.0


def run_collector(settings: Settings) -> None:
    """Run one collector until SIGTERM or SIGINT."""
    from collector.engine import Collector

    telemetry = Telemetry()
    catalog = load_checked_catalog(settings)

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        clock = clock_of(settings.clock_speed, settings.clock_anchor)
        clock_watch = ClockWatch(clock, telemetry, Conditions())  # the engine makes an incident of it, once for all
        running = Collector(settings, catalog, clock, telemetry, receivers())
        loop = asyncio.get_running_loop()

        async def reload(changed: Catalog) -> None:
            running.reload(changed)

        def take(changed: Catalog) -> None:
            asyncio.run_coroutine_threadsafe(reload(changed), loop).result()

        watch = CatalogWatch(settings, catalog, take, telemetry)
        try:
            await running.start()
            running.expect_large()
            warn_of_root()
            logger.info("listening", extra={"fields": {"http": running.http_port, "grpc": running.grpc_port}})
            while not stop.is_set():
                clock_watch.look()
                try:
                    await asyncio.wait_for(stop.wait(), RELOAD_LOOK_SECONDS)
                except TimeoutError:
                    await asyncio.to_thread(watch.look)  # evaluating a large catalog takes seconds, and senders wait for nobody
                    running.look_for_secrets()
        finally:
            await running.stop()

    uvloop.run(serve())


def run_engine(settings: Settings) -> None:
    """Run the engine until SIGTERM or SIGINT, once there is room for what it writes."""
    from andon.waiting import when_there_is_room

    telemetry = Telemetry()
    clock = clock_of(settings.clock_speed, settings.clock_anchor)
    collector_trust(settings)
    catalog = load_checked_catalog(settings)  # a broken catalog, as an unusable certificate, is told before a store is opened or made
    stopping = threading.Event()
    set_on_stop_signal(stopping)
    when_there_is_room(settings, catalog, clock, telemetry, stopping, lambda: _run_engine(settings, clock, telemetry, stopping))


def _run_engine(settings: Settings, clock: SystemClock, telemetry: Telemetry, stopping: threading.Event) -> None:
    """Run until stopped: the tick in this thread, HTTP, heartbeat and deliveries beside it."""
    from andon.engine_process import IN_FLIGHT_SECONDS, STAGES, Engine
    from andon.engine_server import EngineServer
    from andon.mending import Mending
    from andon.pipeline import open_kept, pipeline_on
    from andon.rebuilding import go_on_rebuilding
    from store.catalogs import StoredCatalogs

    with open_kept(settings, clock, telemetry) as opened, ExitStack() as stack:
        store = opened.store
        check_expression = expressions_of(store)
        catalog = load_checked_catalog(settings, check_expression)
        pipeline = stack.enter_context(pipeline_on(store, settings, catalog, clock, telemetry, opened.keeping))
        mending = Mending(pipeline, opened.losses(clock, telemetry, pipeline.conditions))

        def take(changed: Catalog) -> None:
            pipeline.reload(changed)
            engine.owed.update(STAGES)

        kept = StoredCatalogs(store, clock)
        kept.taken(catalog)
        watch = CatalogWatch(settings, catalog, take, telemetry, check_expression, kept)

        def look_after() -> None:
            try:
                watch.look()  # where the store fails it is done again before anything else
            except NoRoom as error:  # deadlines are evaluated meanwhile, and nothing is loaded
                logger.warning("a changed catalog comes into force once the disk has room", extra={"fields": {"error": str(error)}})
            if mending.step():
                engine.owed.update(STAGES)
            pipeline.tidy(sweep=not mending.losses.waiting())  # what was lost may be in the oldest segment
            server.freezing.step()
            server.refusals.flush()

        in_flight = timedelta(seconds=IN_FLIGHT_SECONDS * settings.clock_speed)
        between_ticks = _between_ticks(clock, lambda: clock_watch.look(), look_after)  # noqa: PLW0108 - it is made below
        engine = Engine(pipeline.stages, clock, telemetry, between_ticks, in_flight, stopping=stopping)
        clock_watch = _watch_clock(clock, pipeline, engine)
        heartbeat = _heartbeat(pipeline)
        disks, backlog_watch = _start_watchers(pipeline, engine)
        server = EngineServer(settings, pipeline, engine, heartbeat, backlog_watch, disks, telemetry)
        server.start()
        stack.callback(server.stop)
        warn_of_root()
        go_on_rebuilding(pipeline, stopping)
        run_in_background("heartbeat", heartbeat.run, stopping)
        _start_counting(pipeline, mending.losses, stopping)
        engine.run()


def _between_ticks(clock: Clock, always: Callable[[], None], now_and_then: Callable[[], None]) -> Callable[[], None]:
    """Return what an engine does between two ticks: ``now_and_then`` is done every two seconds, and again at once where it fails."""
    done = clock.monotonic()

    def between_ticks() -> None:
        nonlocal done
        always()
        if clock.monotonic() - done >= RELOAD_LOOK_SECONDS:
            now_and_then()
            done = clock.monotonic()

    return between_ticks


def _watch_clock(clock: SystemClock, pipeline: Pipeline, engine: Engine) -> ClockWatch:
    """Return the watch of the engine's clock: nothing is evaluated while it is in doubt, and all that is open once it was corrected."""

    def on_step() -> None:
        pipeline.clock_stepped()
        engine.clock_stepped()

    watch = ClockWatch(clock, pipeline.telemetry, pipeline.conditions, on_step)
    engine.clock_trusted = watch.clock_trusted
    return watch


def _heartbeat(pipeline: Pipeline) -> Heartbeat:
    connect = partial(collector_client, pipeline.settings, HEARTBEAT_WAIT_SECONDS)
    token = own_secret(pipeline.settings.data, "heartbeat")
    return Heartbeat(connect, token, pipeline.last_heartbeat, pipeline.clock, pipeline.telemetry)


def _start_watchers(pipeline: Pipeline, engine: Engine) -> tuple[DiskWatch, BacklogWatch]:
    """Start what says whether the engine is able to do its work, each in a thread of its own."""
    from andon.health.backlog import BacklogWatch
    from andon.standby import Standby, without_store

    settings, clock, stopping = pipeline.settings, pipeline.clock, engine.stopping
    disks = DiskWatch(settings, clock, pipeline.telemetry, pipeline.conditions)
    disks.start(stopping)
    standby = Standby(lambda: without_store(settings, pipeline.catalog, clock, pipeline.conditions), disks, clock, lambda: engine.last_step)
    run_in_background("standby", standby.run, stopping)
    backlog_watch = BacklogWatch(pipeline.loader, clock, settings.clock_speed)
    run_in_background("backlog", backlog_watch.run, stopping)
    return disks, backlog_watch


def _start_counting(pipeline: Pipeline, losses: Losses, stopping: threading.Event) -> None:
    """Start what compares and derives what is stored, each in a thread of its own."""
    from andon.health.clock_skew import ClockSkewCheck
    from store.accountant import Accountant
    from store.derived import keep_up
    from store.scrub import Scrub

    store, settings, clock, telemetry = pipeline.store, pipeline.settings, pipeline.clock, pipeline.telemetry
    run_in_background("accounting", Accountant(store, settings, clock, telemetry).run, stopping)
    run_in_background("losses", losses.run, stopping)
    run_in_background("scrub", Scrub(store, losses, settings.scrub_seconds, clock, telemetry, pipeline.conditions).run, stopping)
    run_in_background(
        "clocks", ClockSkewCheck(pipeline.origin_offsets, clock, telemetry, pipeline.conditions, settings.clock_speed).run, stopping
    )
    run_in_background("derived", keep_up, store, stopping)
