"""The collector's process: receivers, journal, and the watches of its catalog and its clock."""

from __future__ import annotations

import asyncio
import logging
import signal

import uvloop

from andon.addresses import note_addresses
from andon.catalog_watch import LOOK_SECONDS, CatalogWatch, load_checked_catalog
from andon.health.clock_watch import ClockWatch
from andon.plugins import formats, receivers
from andon.process import warn_of_root
from andon.simulated_time import clock_of
from collector.engine import Collector
from core.catalog.catalog import Catalog
from core.condition import Conditions
from core.config import Settings
from core.telemetry import Telemetry

logger = logging.getLogger("andon")


def run_collector(settings: Settings) -> None:
    """Run one collector until SIGTERM or SIGINT."""
    telemetry = Telemetry()
    catalog = load_checked_catalog(settings)

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        clock = clock_of(settings.clock_speed, settings.clock_anchor)
        clock_watch = ClockWatch(clock, telemetry, Conditions())  # the engine makes one incident of it for everybody
        running = Collector(settings, catalog, clock, telemetry, receivers, formats)
        loop = asyncio.get_running_loop()

        async def reload(changed: Catalog) -> None:
            running.reload(changed)

        def take(changed: Catalog) -> None:
            asyncio.run_coroutine_threadsafe(reload(changed), loop).result()

        watch = CatalogWatch(settings, catalog, take, telemetry)
        try:
            await running.start()
            note_addresses(settings, "collector")
            running.expect_large()
            warn_of_root()
            logger.info("listening", extra={"fields": {"http": running.http_port, "grpc": running.grpc_port}})
            while not stop.is_set():
                clock_watch.look()
                try:
                    await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
                except TimeoutError:
                    await asyncio.to_thread(watch.look)  # validating a large catalog takes seconds, and senders must not wait for it
                    running.look_for_secrets()
                    running.look_for_pauses()
        finally:
            await running.stop()

    uvloop.run(serve())
