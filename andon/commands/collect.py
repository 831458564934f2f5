"""``andon collect``: the collector alone."""

from __future__ import annotations

from andon.options import with_settings
from core.config import Settings

COLLECT_SETTINGS = (
    "catalog", "host", "otlp_grpc_port", "http_port", "allowed_hosts", "metrics_token", "public_url", "tls_certificate", "tls_key", "insecure", "collector",
    "journal_max_bytes", "disk_reserve_bytes", "segment_max_bytes", "clock_speed", "clock_anchor",
)  # fmt: skip


@with_settings(*COLLECT_SETTINGS)
def command(*, settings: Settings) -> None:
    """Receive signals and keep them in the journal."""
    from andon.preflight import require_single_instance
    from andon.process import raise_open_files_limit
    from core.telemetry import configure_logging

    configure_logging()
    raise_open_files_limit()
    require_single_instance(settings, ("collector",))
    from andon.wiring.collector import run_collector  # takes seconds, which a refused command need not wait for

    run_collector(settings)
