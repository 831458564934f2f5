"""Lets an engine wait while its disk has no room to open its store.

It says so, notifies the first channel, and starts once there is room.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerts.engine import AlertEngine
from andon.engine.server import HttpServer
from andon.health.disk_watch import DiskWatch
from core.clock import Clock
from core.condition import Conditions
from core.config import Settings
from core.disk import NO_ROOM
from core.errors import NoRoom
from core.http.guard import Guard
from core.http.metrics import Metrics
from core.limits import FailedAttempts
from core.rejection_log import RejectionLog
from core.telemetry import Telemetry

logger = logging.getLogger("andon.engine")

LOOK_SECONDS = 1.0
FIRST_LOOK_SECONDS = 0.02
LAST_WORDS_SECONDS = 10.0
"""How long the engine waits, before it starts, for the notification that the problem is over."""


def run_when_disk_has_room(
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    stopping: threading.Event,
    make_alerting: Callable[[Conditions], AlertEngine],
    run: Callable[[], None],
) -> None:
    """Run the engine once its disks accept writes; start over if they stop doing so during its start. ``make_alerting``: without a store.

    The very first start does not wait, but raises any error: the person in front of it can choose another folder.
    """
    first = settings.store == "embedded" and not (settings.store_folder.is_dir() and any(settings.store_folder.iterdir()))
    while not stopping.is_set():
        if not first:
            _wait(settings, clock, telemetry, stopping, make_alerting)
        try:
            return run()
        except (NoRoom, OSError) as error:
            if first or (isinstance(error, OSError) and error.errno not in NO_ROOM):
                raise
            logger.warning("there was no room to start; trying again", extra={"fields": {"error": str(error)}})
            stopping.wait(LOOK_SECONDS)
    return None


def _wait(
    settings: Settings, clock: Clock, telemetry: Telemetry, stopping: threading.Event, make_alerting: Callable[[Conditions], AlertEngine]
) -> None:
    """Return soon if the disks accept writes, else as soon as they do, or when stopped."""
    conditions, over = Conditions(), threading.Event()
    disks = DiskWatch(settings, clock, telemetry, conditions)
    disks.start(over)
    try:
        while disks.takes_writes() is None:
            stopping.wait(FIRST_LOOK_SECONDS)
        if not disks.takes_writes():
            logger.error("there is no room to open the store; the engine waits for it")
            alerting = make_alerting(conditions)
            server = _server(settings, disks, clock, telemetry)
            server.start()
            try:
                _stay(disks, alerting, clock, stopping)
            finally:
                server.stop()
    finally:
        over.set()


def _stay(disks: DiskWatch, alerting: AlertEngine, clock: Clock, stopping: threading.Event) -> None:
    while not disks.takes_writes() and not stopping.is_set():
        _tell(alerting, clock)
        stopping.wait(LOOK_SECONDS)
    disks.look()
    _tell(alerting, clock)
    alerting.settle(LAST_WORDS_SECONDS)


def _tell(alerting: AlertEngine, clock: Clock) -> None:
    alerting.run(clock.now())
    alerting.deliver(clock.now())


def _server(settings: Settings, disks: DiskWatch, clock: Clock, telemetry: Telemetry) -> HttpServer:
    def healthy(_: Request) -> Response:
        return JSONResponse({"alive": True, "now": clock.now().isoformat()})

    def ready(_: Request) -> Response:
        return JSONResponse({"ready": False, "problems": [*disks.problems, "there is no room to open the store"]}, 503)

    rejections = RejectionLog(clock, telemetry)
    metrics = Metrics(settings, settings.inner_host, telemetry, Guard(FailedAttempts(clock), rejections))
    routes = [Route("/healthz", healthy), Route("/readyz", ready), Route("/metrics", metrics.answer)]
    return HttpServer(settings, routes, rejections)
