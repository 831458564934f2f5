"""The start-up summary: addresses, where the data is, how to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from andon.client.collector import collector_url
from core.config import Settings, reachable
from store.reads.connection import USER
from store.server import server_dsn


def summary_of(settings: Settings, extra: Sequence[tuple[str, str]] = ()) -> Callable[[Console], None]:
    """Return a function that prints the summary of ``settings`` with ``extra`` rows at the end."""

    def show(console: Console) -> None:
        collector = collector_url(settings)
        table = Table.grid(padding=(0, 2))
        rows = [
            ("Board", f"[bold]{settings.dashboard_url}[/bold]"),
            ("OTLP/HTTP", f"{collector}/v1/traces · /v1/logs · /v1/metrics"),
            ("OTLP/gRPC", f"{reachable(settings.host)}:{settings.otlp_grpc_port}"),
            ("Events", f"{collector}/v1/events · /v1/webhooks/<source>"),
            _store(settings),
            ("Data", str(settings.data.absolute())),
            ("Catalog", str(settings.catalog.absolute())),
            *extra,
            ("Stop", "Ctrl-C; nothing acknowledged is lost"),
        ]
        for name, text in rows:
            table.add_row(f"[dim]{name}[/dim]", text)
        console.print(Panel(table, title="Andon is running", border_style="green", expand=False))

    return show


def _store(settings: Settings) -> tuple[str, str]:
    if settings.store == "embedded":
        return "Read endpoint", f"{settings.engine_url} (ClickHouse protocol, user {USER}, password in {settings.data}/secrets/reader)"
    return "Store", f"{server_dsn(settings.store)} (ClickHouse, password in ANDON_STORE_PASSWORD)"
