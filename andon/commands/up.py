"""``andon up``: collector, engine and dashboard on this machine, supervised."""

from __future__ import annotations

from andon.commands.collect import COLLECT_SETTINGS
from andon.commands.dashboard import DASHBOARD_SETTINGS
from andon.commands.engine import ENGINE_SETTINGS
from andon.options import with_settings
from core.config import Settings

UP_SETTINGS = tuple(dict.fromkeys((*COLLECT_SETTINGS, *ENGINE_SETTINGS, *DASHBOARD_SETTINGS)))


@with_settings(*UP_SETTINGS)
def command(*, settings: Settings) -> None:
    """Start everything on this machine; Ctrl-C stops it and loses nothing."""
    from andon.catalog_watch import load_checked_catalog
    from andon.preflight import check_inner_host, require_single_instance
    from andon.supervision.all_in_one import run_all_in_one
    from andon.supervision.summary import summary_of
    from collector.ingest.authentication import check_exposure

    check_inner_host(settings)
    require_single_instance(settings, ("collector", "engine", "dashboard"))
    check_exposure(settings, load_checked_catalog(settings))
    run_all_in_one(settings, [], summary_of(settings))
