"""``andon quarantine``: input that could not be used."""

from __future__ import annotations

from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings

app = typer.Typer(no_args_is_help=True, help="Inspect input that could not be used, and send it again.")
Identifier = Annotated[str, typer.Argument(help="the quarantine id from the reply or the list")]

Token = Annotated[
    str | None,
    typer.Option(
        envvar="ANDON_REPLAY_TOKEN",
        help="the source's API token as env:NAME or file:PATH; default: the one in the catalog",
        show_default=False,
    ),
]


@app.command("list")
@with_settings("store", "inner_host", "engine_port", of_running=True)
def list_(*, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50, settings: Settings) -> None:
    """List what is in quarantine, newest first."""
    from andon.terminal import printable
    from store.reads.connection import reading
    from store.reads.quarantine import quarantined

    with reading(settings) as client:
        frame = quarantined(client, limit)
    if frame.empty:
        typer.echo("the quarantine is empty")
        return
    # two lines each and no table: an id must stay in one piece to be copied, and a message is longer than any column
    for row in frame.to_dict("records"):
        known = [printable(row[name]) for name in ("quarantine_id", "received_at", "source", "kind")]
        typer.echo(f"{'  '.join(known)}: {printable(row['reason'])}")
        typer.echo(f"    {printable(row['message'])}")


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def show(quarantine_id: Identifier, *, settings: Settings) -> None:
    """Show one input: its reason and its raw bytes."""
    from andon.terminal import printable
    from store.reads.connection import reading
    from store.reads.quarantine import quarantined_input

    with reading(settings) as client:
        found = quarantined_input(client, quarantine_id)
    for name, value in found.items():
        typer.echo(f"{name}: {printable(value)}")


@app.command()
@with_settings("catalog", "store", "host", "http_port", "tls_certificate", "inner_host", "engine_port", of_running=True)
def replay(quarantine_id: Identifier, *, token: Token = None, settings: Settings) -> None:
    """Send one input to the collector again, unchanged; exit code 1 if it is rejected again."""
    from andon.catalog_check import check_catalog
    from andon.client.replay import Replayer
    from core.clock import SystemClock
    from store.reads.connection import reading

    catalog = check_catalog(settings.catalog).catalog
    with reading(settings) as client:
        typer.echo(Replayer(client, settings, catalog, SystemClock(), token).replay(quarantine_id))
