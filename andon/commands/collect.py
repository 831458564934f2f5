"""``andon collect``: the collector alone."""

from __future__ import annotations

from andon.settings_options import with_settings
from core.config import Settings

COLLECT_SETTINGS = (
    "catalog", "host", "otlp_grpc_port", "http_port", "allowed_hosts", "metrics_token", "public_url", "tls_certificate", "tls_key", "insecure", "collector",
    "journal_max_bytes", "disk_reserve_bytes", "segment_max_bytes", "clock_speed", "clock_anchor",
)  # fmt: skip


@with_settings(*COLLECT_SETTINGS)
def command(*, settings: Settings) -> None:
    """Receive signals and keep them in the journal."""
    from andon.alone import require_alone
    from andon.open_files import take_open_files
    from core.telemetry import configure_logging

    configure_logging()
    take_open_files()
    require_alone(settings, ("collector",))
    from andon.wiring import run_collector  # seconds that who is refused need not wait

    run_collector(settings)
