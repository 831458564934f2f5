"""``andon journal``: what lies in the journal, and whether it is whole."""

from __future__ import annotations

import sys

import typer

from andon.settings_options import with_settings
from core.config import Settings

app = typer.Typer(no_args_is_help=True, help="Look at the journal.")
_PARTS = {"stored": "stored", "duplicates": "duplicates", "quarantined": "in quarantine", "in_journal": "in the journal"}


@app.command()
@with_settings("store", "inner_host", "engine_port")
def status(*, settings: Settings) -> None:
    """Show segments, records and bytes per lane, and what became of all acknowledged signals."""
    from rich.console import Console
    from rich.table import Table

    from core.journal import read_segment, segments
    from core.signal import Lane

    _require_journal(settings)
    table = Table(show_edge=False)
    for column in ("lane", "segments", "records", "bytes"):
        table.add_column(column, justify="right" if column != "lane" else "left")
    for lane in Lane:
        files = segments(settings.journal, lane)
        records = sum(1 for file in files for _ in read_segment(file, lane, 0, sys.maxsize))
        table.add_row(lane.value, f"{len(files):,}", f"{records:,}", f"{sum(file.stat().st_size for file in files):,}")
    Console().print(table)
    _print_account(settings)


def _require_journal(settings: Settings) -> None:
    """Refuse a mistyped folder: it would look like a journal that is whole and empty."""
    from core.errors import UsageError

    if not settings.journal.is_dir():
        raise UsageError(f"{settings.data} holds no journal; give the right data folder with --data")


def _print_account(settings: Settings) -> None:
    from core.errors import AndonError
    from core.plural import counted
    from store.reads.accounting import account
    from store.reads.connection import reading

    try:
        with reading(settings) as client:
            found = account(client, settings.journal)
    except AndonError as error:
        typer.echo(f"what is stored is not counted: {error}")
        return
    parts = " + ".join(f"{found[name]:,} {title}" for name, title in _PARTS.items())
    typer.echo(f"{counted(found['acknowledged'], 'signal')} acknowledged = {parts}")
    if found["duplicates"] < 0 and not found["in_journal"]:
        typer.echo(f"{counted(-found['duplicates'], 'signal')} in the store that nobody acknowledged", err=True)
        raise typer.Exit(1)


@app.command()
@with_settings()
def verify(*, settings: Settings) -> None:
    """Read every record and its checksum; exit code 1 when one is damaged."""
    from core.journal import read_segment, segment_name, segments
    from core.plural import counted
    from core.signal import Lane

    _require_journal(settings)
    read = damaged = 0
    for lane in Lane:
        for file in segments(settings.journal, lane):
            for stored in read_segment(file, lane, 0, sys.maxsize):
                read += 1
                if stored.record is None:
                    damaged += 1
                    typer.echo(f"{segment_name(file)} record {stored.id}: {stored.damage}", err=True)
    typer.echo(f"{counted(read, 'record')} read, {damaged:,} damaged")
    if damaged:
        raise typer.Exit(1)
