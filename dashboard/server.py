"""The dashboard's process: Streamlit's pages behind our own server and with our log, and a separate port for metrics."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
import streamlit.logger
from starlette.applications import Starlette
from starlette.routing import Route
from streamlit.web.bootstrap import load_config_options

from core.binding import bind
from core.clock import SystemClock
from core.config import Settings
from core.http.guard import Guard
from core.http.hosts import own_hosts
from core.http.metrics import Metrics
from core.http.server import make_server
from core.limits import FailedAttempts
from core.rejection_log import FLUSH_SECONDS, RejectionLog
from core.telemetry import configure_logging
from dashboard.gate import gate, page_headers
from dashboard.measures import telemetry
from dashboard.suggestions import suggestions

logger = logging.getLogger(__name__)
_HERE = Path(__file__).parent
OPTIONS: dict[str, Any] = {
    "theme.base": str(_HERE / "theme.toml"),
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "client.allowedOrigins": [],
    "client.disableDataExport": True,
    "browser.gatherUsageStats": False,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.enableStaticServing": False,
    "runner.fastReruns": True,
}
"""Streamlit's own options."""


def serve(script: Path, settings: Settings) -> None:
    """Serve the pages that ``script`` draws, and the metrics, until SIGTERM or Ctrl-C.

    Raises :class:`core.errors.UsageError` if a port cannot be opened.
    """
    host, port, metrics_port = settings.inner_host, settings.dashboard_port, settings.dashboard_metrics_port
    load_config_options({**OPTIONS, "server.address": host, "server.port": port})
    configure_logging()  # only now: it reads the levels of all loggers
    _log_streamlit_with_us()
    bound, metrics_bound = bind(host, port, "dashboard_port"), bind(host, metrics_port, "dashboard_metrics_port")
    clock = SystemClock()
    hosts, rejections = own_hosts(settings, host), RejectionLog(clock, telemetry())
    metrics = Metrics(settings, host, telemetry(), Guard(FailedAttempts(clock), rejections))
    measured = make_server(Starlette(routes=[Route("/metrics", metrics.answer)]), hosts, rejections)
    measuring = threading.Thread(target=measured.run, kwargs={"sockets": [metrics_bound]}, name="metrics", daemon=True)
    measuring.start()
    pages = st.App(script, lifespan=_while_served(rejections))
    server = make_server(gate(pages, suggestions()), hosts, rejections, headers=page_headers(settings.images_from), websockets=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    fields = {"pages": f"http://{host}:{port}", "metrics": f"http://{host}:{metrics_port}/metrics"}
    logger.info("the dashboard begins", extra={"fields": fields})
    server.run(sockets=[bound])
    measured.should_exit = True
    measuring.join(timeout=5.0)


def _while_served(rejections: RejectionLog) -> Any:
    """Return what runs beside Streamlit, from its start-up to its shutdown."""

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        threading.Thread(target=_import_pages, name="imports", daemon=True).start()
        flushing = asyncio.create_task(_flush(rejections), name="flushing")
        yield
        flushing.cancel()
        rejections.flush(at_end=True)

    return lifespan


async def _flush(rejections: RejectionLog) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        rejections.flush()


def _import_pages() -> None:
    """Import the pages and their dependencies as soon as the server runs, so that the first viewer does not wait seconds for it."""
    from dashboard import app  # noqa: PLC0415 - sooner, Streamlit warns of every cache

    app.pages()


def _log_streamlit_with_us() -> None:
    """Route Streamlit's loggers through ours: it gives each a handler and a format of its own, some only when it creates them later."""
    streamlit.logger.setup_formatter = _through_the_root
    streamlit.logger.update_formatter()
    logging.captureWarnings(True)


def _through_the_root(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True
