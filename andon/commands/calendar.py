"""``andon calendar``: a calendar's year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(help="the calendar's id")],
    year: Annotated[int | None, typer.Argument(help="default: this year")] = None,
    *,
    catalog: Annotated[Path, typer.Option(envvar="ANDON_CATALOG", help="the folder of definitions")] = Path("catalog"),
) -> None:
    """Show a calendar's year: closed days and why, days worked beyond the shifts, working hours by month."""
    from andon.catalog_check import check_catalog, this_year
    from core.catalog.validation_errors import suggestion
    from core.errors import UsageError
    from slas.calendar_year import year_lines

    calendars = check_catalog(catalog).catalog.calendars
    if name not in calendars:
        raise UsageError(f"calendar '{name}' is not defined in {catalog}{suggestion(name, calendars)}")
    for line in year_lines(calendars[name], year or this_year(calendars[name])):
        typer.echo(line)
