"""The engine's process: the loop in the main thread; HTTP, heartbeat, deliveries and all watchers in threads of their own."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

from starlette.routing import BaseRoute, Mount

from alerts.api import action_api
from andon.addresses import note_addresses
from andon.catalog_check import expressions_of
from andon.catalog_watch import CatalogWatch, load_checked_catalog
from andon.client.collector import collector_client, collector_trust
from andon.engine.freeze_endpoint import FreezeEndpoint
from andon.engine.housekeeping import Housekeeping
from andon.engine.loop import IN_FLIGHT_SECONDS, STAGES, Engine
from andon.engine.pause_watch import PauseWatch
from andon.engine.pipeline import Pipeline
from andon.engine.rebuild import finish_rebuild
from andon.engine.recovery import Recovery
from andon.engine.server import EngineServer
from andon.engine.standby import StandbyAlerting
from andon.engine.wait_for_disk import run_when_disk_has_room
from andon.health.backlog import BacklogWatch
from andon.health.clock_skew import ClockSkewCheck
from andon.health.clock_watch import ClockWatch
from andon.health.disk_watch import DiskWatch
from andon.health.heartbeat import Heartbeat
from andon.health.source_clocks import SourceClocks
from andon.plugins import publishers
from andon.process import end_without_disk, run_in_background, set_on_stop_signal, warn_of_root
from andon.resubmission.resubmission import Resubmission
from andon.simulated_time import clock_of
from andon.wiring.pipeline import alerting_without_store, open_engine_store, pipeline_on
from core.catalog.catalog import Catalog
from core.catalog.review import CheckExpression
from core.clock import SystemClock
from core.config import Settings, own_secret
from core.http.guard import Guard
from core.pauses import Pauses
from core.telemetry import Telemetry
from store.accountant import Accountant
from store.catalogs import StoredCatalogs
from store.read_endpoint.endpoint import Readers, read_endpoint
from store.recovery.losses import Losses
from store.recovery.scrub import Scrub
from store.stages.derived import keep_up

HEARTBEAT_WAIT_SECONDS = 5.0


def run_engine(settings: Settings) -> None:
    """Run the engine until SIGTERM or SIGINT, once there is room for what it writes."""
    telemetry = Telemetry()
    clock = clock_of(settings.clock_speed, settings.clock_anchor)
    collector_trust(settings)
    catalog = load_checked_catalog(settings)  # a broken catalog or an unusable certificate is reported before a store is opened or created
    stopping = threading.Event()
    set_on_stop_signal(stopping)
    run_when_disk_has_room(
        settings,
        clock,
        telemetry,
        stopping,
        lambda conditions: alerting_without_store(settings, catalog, clock, conditions),
        lambda: _run_engine(settings, clock, telemetry, stopping),
    )


def _run_engine(settings: Settings, clock: SystemClock, telemetry: Telemetry, stopping: threading.Event) -> None:
    """Run on an open store until stopped."""
    with open_engine_store(settings, clock, telemetry) as opened, ExitStack() as stack:
        check_expression = expressions_of(opened.store)
        catalog = load_checked_catalog(settings, check_expression)
        pipeline = stack.enter_context(pipeline_on(opened.store, settings, catalog, clock, telemetry, opened.keeping))
        recovery = Recovery(pipeline, opened.losses(clock, telemetry, pipeline.conditions))
        engine = Engine(
            pipeline.stages, clock, telemetry, in_flight=timedelta(seconds=IN_FLIGHT_SECONDS * settings.clock_speed), stopping=stopping
        )
        catalog_watch = _watch_catalog(pipeline, engine, StoredCatalogs(opened.store, clock), check_expression)
        clock_watch = _watch_clock(clock, pipeline, engine)
        heartbeat = _heartbeat(pipeline)
        disks, backlog = _start_health(pipeline, engine)
        freeze_endpoint = FreezeEndpoint(pipeline, settings)
        server = EngineServer(settings, partial(_apis, pipeline, freeze_endpoint), engine, heartbeat, backlog, disks, telemetry)
        engine.between_ticks = Housekeeping(
            clock,
            clock_watch,
            catalog_watch,
            PauseWatch(Pauses(settings.data), pipeline),
            recovery,
            pipeline,
            freeze_endpoint,
            server.rejections,
            lambda: engine.owed.update(STAGES),
        )
        server.start()
        note_addresses(settings, "engine")
        stack.callback(server.stop)
        warn_of_root()
        finish_rebuild(pipeline, stopping)
        run_in_background("heartbeat", heartbeat.run, stopping)
        _start_store_checks(pipeline, recovery.losses, stopping)
        engine.run()


def _watch_catalog(pipeline: Pipeline, engine: Engine, kept: StoredCatalogs, check_expression: CheckExpression) -> CatalogWatch:
    """Return the watch of the engine's catalog; the store keeps every version that was in force."""

    def take(changed: Catalog) -> None:
        pipeline.reload(changed)
        engine.owed.update(STAGES)

    kept.taken(pipeline.catalog)
    return CatalogWatch(pipeline.settings, pipeline.catalog, take, pipeline.telemetry, check_expression, kept)


def _watch_clock(clock: SystemClock, pipeline: Pipeline, engine: Engine) -> ClockWatch:
    """Return the watch of the engine's clock.

    Nothing is evaluated while it is in doubt, and everything open is re-evaluated once it is corrected.
    """

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


def _apis(pipeline: Pipeline, freeze_endpoint: FreezeEndpoint, guard: Guard) -> list[BaseRoute]:
    """Return what the engine serves besides its health; in server mode, readers go to ClickHouse itself."""
    settings = pipeline.settings
    actions = action_api(
        pipeline.alerting, own_secret(settings.data, "actions"), pipeline.clock, guard, Pauses(settings.data), _resubmission(pipeline)
    )
    routes: list[BaseRoute] = [freeze_endpoint.route(guard), Mount("/api/v1", app=actions)]
    if settings.store == "embedded":
        reads = read_endpoint(Readers(str(settings.store_folder)), own_secret(settings.data, "reader"), guard)
        routes.append(Mount("/", app=reads))
    return routes


def _resubmission(pipeline: Pipeline) -> Resubmission:
    return Resubmission(
        pipeline.store.own_client,
        lambda: pipeline.catalog,
        publishers,
        lambda act, now: pipeline.alerting.act(lambda _, __: act, now),
        pipeline.clock,
    )


def _start_health(pipeline: Pipeline, engine: Engine) -> tuple[DiskWatch, BacklogWatch]:
    """Start everything that says whether the engine is able to work, each in a thread of its own."""
    settings, clock, conditions, stopping = pipeline.settings, pipeline.clock, pipeline.conditions, engine.stopping
    disks = DiskWatch(settings, clock, pipeline.telemetry, conditions)
    disks.start(stopping)
    pipeline.store.patience.hangs = disks.hangs
    run_in_background("stop", end_without_disk, stopping, disks.hangs)
    standby = StandbyAlerting(
        lambda: alerting_without_store(settings, pipeline.catalog, clock, conditions), disks, clock, lambda: engine.last_step
    )
    run_in_background("standby", standby.run, stopping)
    backlog = BacklogWatch(pipeline.loader, clock, settings.clock_speed)
    run_in_background("backlog", backlog.run, stopping)
    return disks, backlog


def _start_store_checks(pipeline: Pipeline, losses: Losses, stopping: threading.Event) -> None:
    """Start everything that compares stored data or derives from it, each in a thread of its own."""
    store, settings, clock, telemetry = pipeline.store, pipeline.settings, pipeline.clock, pipeline.telemetry
    scrub = Scrub(store, losses, settings.scrub_seconds, clock, telemetry, pipeline.conditions)
    clock_skew = ClockSkewCheck(pipeline.origin_offsets, clock, telemetry, pipeline.conditions, settings.clock_speed)
    run_in_background("accounting", Accountant(store, settings, clock, telemetry).run, stopping)
    run_in_background("losses", losses.run, stopping)
    run_in_background("scrub", scrub.run, stopping)
    run_in_background("clocks", clock_skew.run, stopping)
    run_in_background("source clocks", SourceClocks(pipeline.clock_skews).run, stopping)
    run_in_background("derived", keep_up, store, stopping)
