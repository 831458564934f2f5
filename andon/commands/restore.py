"""``andon restore``: check a backup, then restore it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings


@with_settings("store")
def command(folder: Annotated[Path, typer.Argument(help="a folder made by andon backup")], *, settings: Settings) -> None:
    """Check a backup and restore it into an empty data folder; nothing must be running there."""
    from store.recovery.backup import restore

    typer.echo(restore(settings, folder))
