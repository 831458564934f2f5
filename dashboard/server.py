"""The dashboard's process: Streamlit with our log and a port for metrics beside it."""

from __future__ import annotations

import logging
import threading
from contextlib import redirect_stdout
from pathlib import Path

import streamlit.logger
from prometheus_client import start_http_server
from streamlit import runtime
from streamlit.web import cli
from uvicorn.config import LOGGING_CONFIG

from core.telemetry import configure_logging
from dashboard.measures import telemetry

logger = logging.getLogger(__name__)
_HERE = Path(__file__).parent


def streamlit_arguments() -> list[str]:
    """Return the options of ``streamlit run`` that make the dashboard look and behave as it should."""
    return [
        f"--theme.base={_HERE / 'theme.toml'}",
        "--client.toolbarMode=viewer",
        "--client.showErrorDetails=none",
        "--browser.gatherUsageStats=false",
        "--server.headless=true",
        "--logger.hideWelcomeMessage=true",
        "--server.fileWatcherType=none",
        "--server.enableStaticServing=false",
        "--runner.fastReruns=true",
    ]


def serve(script: Path, host: str, port: int, metrics_port: int) -> None:
    """Serve the pages that ``script`` draws, and the metrics, until SIGTERM or Ctrl-C. Raises OSError where a port cannot be had."""
    configure_logging()
    _log_streamlit_with_us()
    start_http_server(metrics_port, host, telemetry().registry)
    fields = {"pages": f"http://{host}:{port}", "metrics": f"http://{host}:{metrics_port}/metrics"}
    logger.info("the dashboard begins", extra={"fields": fields})
    threading.Thread(target=_import_pages, name="imports", daemon=True).start()
    with redirect_stdout(None):  # what Streamlit tells people at a terminal is no log
        cli.main(["run", str(script), f"--server.address={host}", f"--server.port={port}", *streamlit_arguments()], prog_name="streamlit")


def _import_pages() -> None:
    """Import the pages and what they need as soon as the server runs, so that the first viewer does not wait seconds for that."""
    pause = threading.Event()
    while not runtime.exists():  # sooner, Streamlit warns of every cache
        pause.wait(0.1)
    from dashboard import app  # noqa: PLC0415 - not before the server runs

    app.pages()


def _log_streamlit_with_us() -> None:
    """Let its loggers speak through ours: it gives each a handler and a format of its own, the later ones as it makes them.

    Its web server configures the logging of the whole process by a dictionary that nobody can hand it, so that one loses its handlers.
    """
    streamlit.logger.setup_formatter = _through_the_root
    streamlit.logger.update_formatter()
    LOGGING_CONFIG.update(handlers={}, loggers={})
    logging.captureWarnings(True)


def _through_the_root(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True
