"""The engine's HTTP server: the read endpoint, the action API, health, metrics. Runs in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from andon.engine.loop import LONGEST_PAUSE_SECONDS, Engine
from andon.health.disk_watch import DiskWatch
from andon.health.heartbeat import SILENT_AFTER_SECONDS, Heartbeat
from core.binding import bind
from core.config import Settings
from core.http.guard import Guard
from core.http.hosts import own_hosts
from core.http.metrics import Metrics
from core.http.server import make_server
from core.limits import FailedAttempts
from core.rejection_log import RejectionLog
from core.telemetry import Telemetry

if TYPE_CHECKING:
    from andon.health.backlog import BacklogWatch

URL_MAX_BYTES = 32 << 10
"""Readers may send a query and its parameters in the URL."""


class HttpServer:
    """Serves routes on the engine's port from :meth:`start` to :meth:`stop`. Its owner regularly calls ``flush`` of its ``rejections``."""

    def __init__(self, settings: Settings, routes: Sequence[BaseRoute], rejections: RejectionLog) -> None:
        self._settings = settings
        self.rejections = rejections
        # no TLS here: the engine's port is for this machine and for a proxy in front of it
        hosts = own_hosts(settings, settings.inner_host)
        self._server = make_server(Starlette(routes=routes), hosts, self.rejections, url_max_bytes=URL_MAX_BYTES)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind the port and serve. Raises :class:`core.errors.UsageError` if the port is in use."""
        bound = bind(self._settings.inner_host, self._settings.engine_port, "engine_port")
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [bound]}, name="engine-http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let running requests finish, then stop."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        self.rejections.flush(at_end=True)


class EngineServer(HttpServer):
    """What a running engine answers: its health, its metrics, and ``apis``, which get the guard of its port."""

    def __init__(
        self,
        settings: Settings,
        apis: Callable[[Guard], Sequence[BaseRoute]],
        engine: Engine,
        heartbeat: Heartbeat,
        backlog_watch: BacklogWatch,
        disks: DiskWatch,
        telemetry: Telemetry,
    ) -> None:
        self._disks = disks
        self._engine = engine
        self._heartbeat = heartbeat
        self._backlog_watch = backlog_watch
        rejections = RejectionLog(engine.clock, telemetry)
        guard = Guard(FailedAttempts(engine.clock), rejections)
        routes = [
            Route("/healthz", self._healthy),
            Route("/readyz", self._ready),
            Route("/metrics", Metrics(settings, settings.inner_host, telemetry, guard, heartbeat.look).answer),
            *apis(guard),
        ]
        super().__init__(settings, routes, rejections)

    def _healthy(self, _: Request) -> Response:
        """Alive: the loop has made a step recently, or is waiting for a disk, in which case a restart would not help.

        ``now``: the engine's time, which a demo simulates.
        """
        age = self._engine.clock.monotonic() - self._engine.last_step
        alive = self._engine.last_step == 0.0 or age < 2 * LONGEST_PAUSE_SECONDS or bool(self._disks.problems)
        now = self._engine.clock.now().isoformat()
        return JSONResponse({"alive": alive, "last_step_seconds": round(age, 1), "now": now}, 200 if alive else 503)

    def _ready(self, _: Request) -> Response:
        """Ready: its disks accept what is written, it is not behind, and a heartbeat came through recently."""
        age, backlog = self._heartbeat.age_seconds(), self._backlog_watch.backlog
        said: dict[str, object] = {}
        problems = list(self._disks.problems)
        if backlog is not None:  # this also explains a missing tick and heartbeat
            problems.append(str(backlog))
            said["backlog"] = {**asdict(backlog), "seconds_left": backlog.seconds_left}
        elif not self._engine.last_tick:
            problems.append("the first tick has not completed")
        elif age > SILENT_AFTER_SECONDS:
            problems.append(f"no heartbeat for {age:.0f} s: is the collector running?")
        return JSONResponse({"ready": not problems, "problems": problems, **said}, 503 if problems else 200)
