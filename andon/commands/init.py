"""``andon init``: a small catalog to begin with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

STARTER = Path(__file__).parents[1] / "starter_catalog"


def command(folder: Annotated[Path, typer.Argument(help="the folder to create", show_default=False)]) -> None:
    """Write a small catalog to begin with: one flow with an SLA, its calendar, owner, route, runbook and test."""
    import shutil

    from core.errors import UsageError

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already; give the name of a new folder, or of an empty one")
    try:
        shutil.copytree(STARTER, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error}; choose another folder") from error
    for file in sorted(STARTER.rglob("*.*")):
        typer.echo(f"{folder / file.relative_to(STARTER)}")
    andon, data = _as_typed(), folder.parent / f".andon-{folder.name}"
    typer.echo(f"Check it:   {andon} check {folder}")
    typer.echo(f"Test it:    {andon} sla test --catalog {folder} {folder}/tests/*.yaml")
    typer.echo(f"Start it:   {andon} up --catalog {folder} --data {data}")
    typer.echo(f"Look up:    {andon} find --data {data} 4711")


def _as_typed() -> str:
    """Return how Andon was called, so that a hint can be copied: ``.venv/bin/andon`` where it is not on the path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "andon" else f"{sys.executable} -m andon"
