"""``andon engine``: the engine alone."""

from __future__ import annotations

from andon.options import with_settings
from core.config import Settings

ENGINE_SETTINGS = (
    "catalog", "store", "host", "http_port", "tls_certificate", "inner_host", "allowed_hosts", "metrics_token", "insecure", "engine_port", "dashboard_port", "public_url", "journal_keep_seconds", "disk_reserve_bytes",
    "clock_speed", "clock_anchor",
)  # fmt: skip


@with_settings(*ENGINE_SETTINGS)
def command(*, settings: Settings) -> None:
    """Load the journal, correlate, evaluate, alert; serve the read endpoint and the API."""
    from andon.preflight import check_inner_host, require_single_instance
    from andon.process import raise_open_files_limit
    from core.telemetry import configure_logging

    configure_logging()
    raise_open_files_limit()
    check_inner_host(settings)
    require_single_instance(settings, ("engine",))
    from andon.wiring.engine import run_engine  # takes seconds, which a refused command need not wait for

    run_engine(settings)
