"""``andon dashboard``: the dashboard alone."""

from __future__ import annotations

import os
from pathlib import Path

from andon.addresses import note_addresses
from andon.options import with_settings
from andon.preflight import check_inner_host, require_free_ports
from core.config import Settings, as_environment

DASHBOARD_SETTINGS = (
    "store",
    "inner_host",
    "allowed_hosts",
    "metrics_token",
    "image_hosts",
    "insecure",
    "engine_port",
    "dashboard_port",
    "dashboard_metrics_port",
    "public_url",
    "clock_speed",
    "clock_anchor",
)


@with_settings(*DASHBOARD_SETTINGS)
def command(*, settings: Settings) -> None:
    """Serve the board and the other pages."""
    check_inner_host(settings)
    require_free_ports(settings, ("dashboard",))
    note_addresses(settings, "dashboard")
    from andon.process import raise_open_files_limit
    from dashboard.server import serve  # takes seconds, which a refused command need not wait for

    raise_open_files_limit()
    os.environ.update(as_environment(settings))  # where the pages' script reads its settings
    serve(Path(__file__).parents[1] / "streamlit_app.py", settings)
