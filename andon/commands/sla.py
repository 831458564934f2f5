"""``andon sla test``: run users' own tests of flows and SLAs in virtual time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Work with SLAs.")


@app.callback()
def group() -> None:
    """Work with SLAs."""


@app.command()
def test(
    files: Annotated[list[Path], typer.Argument(help="YAML files of tests")],
    *,
    catalog: Annotated[Path, typer.Option(envvar="ANDON_CATALOG", help="the folder of definitions")] = Path("catalog"),
) -> None:
    """Run tests of flows and SLAs in virtual time; exit code 1 if one fails."""
    from andon.rehearsal.runner import run_files

    failures = run_files(files, catalog)
    if failures:
        raise typer.Exit(1)
