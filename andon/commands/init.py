"""``andon init``: a catalog to begin with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

STARTERS = Path(__file__).parents[1] / "starters"


def starters() -> list[str]:
    """Return the names of the catalogs to begin with."""
    return sorted(folder.name for folder in STARTERS.iterdir() if folder.is_dir())


def command(
    folder: Annotated[Path, typer.Argument(help="the folder to create", show_default=False)],
    starter: Annotated[str, typer.Argument(help="what to begin with: " + ", ".join(starters()))] = "orders",
) -> None:
    """Write a catalog to begin with: flows with SLAs, their sources, calendar, owner, route, runbooks and tests.

    ``orders`` is the smallest, with one flow. The others are for an estate, and have a README.md that says what to change first.
    """
    import shutil

    from core.catalog.validation_errors import suggestion
    from core.errors import UsageError

    if starter not in starters():
        raise UsageError(f"'{starter}' is no catalog to begin with{suggestion(starter, starters())}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already; give the name of a new folder, or of an empty one")
    chosen = STARTERS / starter
    try:
        shutil.copytree(chosen, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error}; choose another folder") from error
    for file in sorted(chosen.rglob("*.*")):
        typer.echo(f"{folder / file.relative_to(chosen)}")
    andon, data = _as_typed(), folder.parent / f".andon-{folder.name}"
    typer.echo(f"Check it:   {andon} check {folder}")
    typer.echo(f"Test it:    {andon} sla test --catalog {folder} {folder}/tests/*.yaml")
    typer.echo(f"Start it:   {andon} up --catalog {folder} --data {data}")
    typer.echo(f"Look up:    {andon} find --data {data} 4711")


def _as_typed() -> str:
    """Return how Andon was called, so that a hint can be copied: ``.venv/bin/andon`` where it is not on the path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "andon" else f"{sys.executable} -m andon"
