"""The only place that picks concrete classes: stages, store adapters, plug-ins.

The type checker proves here that the store satisfies what each stage's ``ports.py`` asks for.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

import collector.receivers
from andon.checking import check_catalog, expressions_of
from andon.engine_process import STAGES, Engine
from andon.heartbeat import Heartbeat, with_heartbeat
from andon.simulated_time import clock_of
from core.catalog.catalog import Catalog
from core.catalog.review import CheckExpression
from core.clock import EPOCH
from core.config import Settings, own_secret
from core.errors import AndonError
from core.registry import discover
from core.telemetry import CATALOG_LOGGER, M, Telemetry

if TYPE_CHECKING:
    from store.catalogs import StoredCatalogs

logger = logging.getLogger("andon")
catalog_logger = logging.getLogger(CATALOG_LOGGER)

RELOAD_LOOK_SECONDS = 2.0


def load_checked_catalog(settings: Settings, check_expression: CheckExpression | None = None) -> Catalog:
    """Return the catalog with the heartbeat's own flow. Raises :class:`core.errors.UsageError` with every problem in it."""
    own_secret(settings.data, "heartbeat")
    return with_heartbeat(
        check_catalog(settings.catalog, check_expression).catalog, f"file:{settings.data.absolute() / 'secrets' / 'heartbeat'}"
    )


class CatalogWatch:
    """Notices that the catalog's files changed, and hands a valid new catalog on; a broken one leaves the running one in force."""

    def __init__(
        self,
        settings: Settings,
        running: Catalog,
        take: Callable[[Catalog], None],
        telemetry: Telemetry,
        check_expression: CheckExpression | None = None,
        kept: StoredCatalogs | None = None,
    ) -> None:
        self._settings = settings
        self._kept = kept
        self._check_expression = check_expression
        self._running = running
        self._take = take
        self._telemetry = telemetry
        self._seen = self._state()
        telemetry.set(M.CATALOG_RELOAD_OK, 1)

    def look(self) -> None:
        """Reload when a file changed; for a loop that calls it every two seconds."""
        state = self._state()
        if state == self._seen:
            return
        try:
            found = load_checked_catalog(self._settings, self._check_expression)
            if found.version != self._running.version:
                self._take(found)
            if self._kept is not None:
                self._kept.taken(found)
        except AndonError as error:
            if self._kept is not None:
                self._kept.refused(str(error))
            self._seen = state
            self._telemetry.set(M.CATALOG_RELOAD_OK, 0)
            fields = {"error": str(error), "in_force": self._running.version}
            catalog_logger.error("the changed catalog is refused, the running one stays in force", extra={"fields": fields})  # noqa: TRY400 - no trace helps
            return
        self._seen = state  # not before: a store that fails meanwhile is asked again
        self._telemetry.set(M.CATALOG_RELOAD_OK, 1)
        if found.version != self._running.version:
            self._running = found
            catalog_logger.info("a changed catalog is in force", extra={"fields": {"version": found.version}})

    def _state(self) -> list[tuple[Path, int, int]]:
        state = []
        for file in sorted(self._settings.catalog.rglob("*")):
            if file.suffix in {".yaml", ".md"}:
                with suppress(OSError):  # gone since it was listed, or a link to nothing: the loader says what it is
                    stat = file.stat()
                    state.append((file, stat.st_mtime_ns, stat.st_size))
        return state


def run_collector(settings: Settings) -> None:
    """Run one collector until SIGTERM or SIGINT."""
    from collector.engine import Collector
    from collector.receiver import Receiver

    telemetry = Telemetry()
    catalog = load_checked_catalog(settings)
    receivers = discover(collector.receivers, "RECEIVER", Receiver)  # type: ignore[type-abstract]

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        running = Collector(settings, catalog, clock_of(settings.clock_speed, settings.clock_anchor), telemetry, receivers)
        watch = CatalogWatch(settings, catalog, running.reload, telemetry)
        try:
            await running.start()
            logger.info("listening", extra={"fields": {"http": running.http_port, "grpc": running.grpc_port}})
            while not stop.is_set():
                try:
                    await asyncio.wait_for(stop.wait(), RELOAD_LOOK_SECONDS)
                except TimeoutError:
                    watch.look()
        finally:
            await running.stop()

    uvloop.run(serve())


def run_engine(settings: Settings) -> None:
    """Run the engine until SIGTERM or SIGINT: the tick in this thread, HTTP, heartbeat and deliveries beside it."""
    from andon.engine_server import EngineServer
    from andon.pipeline import open_migrated, pipeline_on
    from store.accountant import Accountant
    from store.catalogs import StoredCatalogs
    from store.derived import keep_up

    telemetry = Telemetry()
    clock = clock_of(settings.clock_speed, settings.clock_anchor)
    load_checked_catalog(settings)  # a broken catalog is told before a store is opened or made
    with open_migrated(settings, telemetry) as store, ExitStack() as stack:
        check_expression = expressions_of(store)
        catalog = load_checked_catalog(settings, check_expression)
        pipeline = stack.enter_context(pipeline_on(store, settings, catalog, clock, telemetry))

        def take(changed: Catalog) -> None:
            pipeline.reload(changed, engine.judged)
            engine.owed.update(STAGES)

        kept = StoredCatalogs(store, clock)
        kept.taken(catalog)
        watch = CatalogWatch(settings, catalog, take, telemetry, check_expression, kept)
        looked = clock.monotonic()

        def between_ticks() -> None:
            nonlocal looked
            if clock.monotonic() - looked >= RELOAD_LOOK_SECONDS:
                looked = clock.monotonic()
                if engine.judged > EPOCH:  # before that there is no moment at which to judge a changed promise
                    watch.look()
                pipeline.measure()

        engine = Engine(pipeline.stages, clock, telemetry, between_ticks)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: engine.stopping.set())
        door = f"{'https' if settings.tls_certificate else 'http'}://{settings.host}:{settings.http_port}/v1/events"
        heartbeat = Heartbeat(
            door, own_secret(settings.data, "heartbeat"), pipeline.last_heartbeat, clock, telemetry, verify=_trust(settings)
        )
        threading.Thread(target=heartbeat.run, args=(engine.stopping,), name="heartbeat", daemon=True).start()
        accountant = Accountant(store, settings, clock, telemetry)
        threading.Thread(target=accountant.run, args=(engine.stopping,), name="accounting", daemon=True).start()
        threading.Thread(target=keep_up, args=(store, engine.stopping), name="derived", daemon=True).start()
        server = EngineServer(settings, pipeline, engine, heartbeat, telemetry)
        server.start()
        try:
            engine.run()
        finally:
            server.stop()


def _trust(settings: Settings) -> bool | str:
    """What proves the collector to ourselves: its own certificate, which need not be signed by anyone the system knows."""
    return True if settings.tls_certificate is None else str(settings.tls_certificate)
