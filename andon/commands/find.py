"""``andon find``: every transaction that a business identifier names."""

from __future__ import annotations

from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings


@with_settings("store", "inner_host", "engine_port", of_running=True)
def command(
    identifier: Annotated[str, typer.Argument(help="any business identifier, or its beginning")],
    *,
    settings: Settings,
) -> None:
    """Find every transaction that any business identifier names."""
    from andon.terminal import print_frame
    from store.reads.connection import reading
    from store.reads.search import find

    with reading(settings) as client:
        found = find(client, value=identifier, limit=50)
    if found.empty:
        typer.echo(f"no transaction found for '{identifier}'", err=True)
        raise typer.Exit(1)
    print_frame(found)
