"""``andon backup``: copy store and journal with a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from andon.settings_options import with_settings
from core.config import Settings


@with_settings("store")
def command(folder: Annotated[Path, typer.Argument(help="an empty or new folder")], *, settings: Settings) -> None:
    """Copy store and journal with a manifest of row counts and hashes."""
    from store.backup import backup

    typer.echo(backup(settings, folder))
