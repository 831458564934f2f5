"""``andon doctor``: is this machine fit for Andon, and does what runs here work."""

from __future__ import annotations

from typing import Annotated

import typer

from andon.commands.up import UP_SETTINGS
from andon.options import with_settings
from core.config import Settings


@with_settings(*UP_SETTINGS, of_running=True)
def command(
    *,
    running: Annotated[
        bool, typer.Option("--running", help="only whether what runs here is ready; a problem, too, if nothing does")
    ] = False,
    settings: Settings,
) -> None:
    """Look at this machine, the data folder, the catalog, the ports and what runs there; say what to do about each problem.

    Exit code 1 if there is a problem, 0 for warnings only.
    """
    from andon.doctor import Level, examine, examine_running

    found = []
    for finding in examine_running(settings) if running else examine(settings):
        typer.echo(f"{finding.level.value:9}{finding.text}")
        found.append(finding.level)
    if Level.PROBLEM in found:
        raise typer.Exit(1)
