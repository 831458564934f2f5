"""``andon journal``: what lies in the journal, and whether it is whole."""

from __future__ import annotations

import sys

import typer

from andon.settings_options import with_settings
from core.config import Settings

app = typer.Typer(no_args_is_help=True, help="Look at the journal.")


@app.command()
@with_settings("store")
def status(*, settings: Settings) -> None:
    """Show segments, records and bytes per lane."""
    from rich.console import Console
    from rich.table import Table

    from core.journal import read_segment, segments
    from core.signal import Lane

    table = Table(show_edge=False)
    for column in ("lane", "segments", "records", "bytes"):
        table.add_column(column, justify="right" if column != "lane" else "left")
    for lane in Lane:
        files = segments(settings.journal, lane)
        records = sum(1 for file in files for _ in read_segment(file, lane, 0, sys.maxsize))
        table.add_row(lane.value, f"{len(files):,}", f"{records:,}", f"{sum(file.stat().st_size for file in files):,}")
    Console().print(table)


@app.command()
@with_settings("store")
def verify(*, settings: Settings) -> None:
    """Read every record and its checksum; exit code 1 when one is damaged."""
    from core.journal import read_segment, segment_name, segments
    from core.signal import Lane

    read = damaged = 0
    for lane in Lane:
        for file in segments(settings.journal, lane):
            for stored in read_segment(file, lane, 0, sys.maxsize):
                read += 1
                if stored.record is None:
                    damaged += 1
                    typer.echo(f"{segment_name(file)} record {stored.id}: {stored.damage}", err=True)
    typer.echo(f"{read:,} records read, {damaged:,} damaged")
    if damaged:
        raise typer.Exit(1)
