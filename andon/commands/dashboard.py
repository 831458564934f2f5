"""``andon dashboard``: the dashboard alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from andon.listening import check_inner_host, require_free_ports
from andon.settings_options import with_settings
from core.config import Settings, as_environment

DASHBOARD_SETTINGS = ("store", "inner_host", "insecure", "engine_port", "dashboard_port", "public_url", "clock_speed", "clock_anchor")


@with_settings(*DASHBOARD_SETTINGS)
def command(*, settings: Settings) -> None:
    """Serve the board and the other pages."""
    from dashboard.app import streamlit_arguments

    check_inner_host(settings)
    require_free_ports(settings, ("dashboard",))
    script = Path(__file__).parents[1] / "show.py"
    arguments = [sys.executable, "-m", "streamlit", "run", str(script)]
    arguments += [f"--server.address={settings.inner_host}", f"--server.port={settings.dashboard_port}", *streamlit_arguments()]
    os.execve(sys.executable, arguments, {**os.environ, **as_environment(settings)})  # noqa: S606 - our own interpreter becomes the server
