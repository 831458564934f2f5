"""``andon rebuild``: rebuild the store from the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings

Days = Annotated[
    list[datetime] | None,
    typer.Option("--day", formats=["%Y-%m-%d"], help="only what was received on this day (UTC), into the existing store; may be repeated"),
]


@with_settings("catalog", "store", "clock_speed", "clock_anchor")
def command(*, day: Days = None, settings: Settings) -> None:
    """Rebuild the store from the journal while no engine runs; exit code 1 if something could not be restored.

    The previous store is moved aside, never deleted. If interrupted, the rebuild continues when it is started again.
    """
    from andon.catalog_watch import load_checked_catalog
    from andon.wiring.rebuild import rebuild, rebuild_days

    catalog = load_checked_catalog(settings)
    if day:
        rebuilt = rebuild_days(settings, catalog, sorted({one.date() for one in day}), typer.echo)
    else:
        rebuilt = rebuild(settings, catalog, typer.echo)
    for sentence in rebuilt.missing:
        typer.echo(f"not restored: {sentence}", err=True)
    if rebuilt.missing:
        raise typer.Exit(1)
    typer.echo("everything that the journal ever had is in the store")
