"""``andon dashboard``: the dashboard alone."""

from __future__ import annotations

import os
from pathlib import Path

from andon.listening import check_inner_host, require_free_ports
from andon.settings_options import with_settings
from core.config import Settings, as_environment

DASHBOARD_SETTINGS = (
    "store",
    "inner_host",
    "allowed_hosts",
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
    from dashboard.server import serve

    check_inner_host(settings)
    require_free_ports(settings, ("dashboard",))
    os.environ.update(as_environment(settings))  # what the script of the pages reads its settings from
    serve(Path(__file__).parents[1] / "show.py", settings.inner_host, settings.dashboard_port, settings.dashboard_metrics_port)
