"""``andon backup``: copy store and journal together with a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings


@with_settings("store", "inner_host", "engine_port", of_running=True)
def command(
    folder: Annotated[Path, typer.Argument(help="a new or empty folder")],
    *,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="copy secrets/ as well: whoever has the copy can act in people's names")
    ] = False,
    settings: Settings,
) -> None:
    """Copy store and journal with a manifest of row counts and hashes; everything may be running, or nothing."""
    from andon.client.engine import frozen_by
    from store.recovery.backup import backup

    typer.echo(backup(settings, folder, lambda: frozen_by(settings), with_secrets=with_secrets))
