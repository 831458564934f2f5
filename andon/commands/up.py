"""``andon up``: collector, engine and dashboard on this machine, supervised."""

from __future__ import annotations

from andon.commands.collect import COLLECT_SETTINGS
from andon.commands.dashboard import DASHBOARD_SETTINGS
from andon.commands.engine import ENGINE_SETTINGS
from andon.settings_options import with_settings
from core.config import Settings

UP_SETTINGS = tuple(dict.fromkeys((*COLLECT_SETTINGS, *ENGINE_SETTINGS, *DASHBOARD_SETTINGS)))


@with_settings(*UP_SETTINGS)
def command(*, settings: Settings) -> None:
    """Start everything on this machine; Ctrl-C stops it and loses nothing."""
    from andon.alone import require_alone
    from andon.catalog_watch import load_checked_catalog
    from andon.listening import check_inner_host
    from andon.machine import run_machine
    from andon.summary import summary_of
    from collector.authentication import check_exposure

    check_inner_host(settings)
    require_alone(settings, ("collector", "engine", "dashboard"))
    check_exposure(settings, load_checked_catalog(settings))
    run_machine(settings, [], summary_of(settings))
