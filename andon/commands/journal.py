"""``andon journal``: what is in the journal, and whether it is intact."""

from __future__ import annotations

import sys
from typing import Any

import typer

from andon.options import with_settings
from core.config import Settings

app = typer.Typer(no_args_is_help=True, help="Inspect the journal.")
_PARTS = {"stored": "stored", "duplicates": "duplicates", "quarantined": "in quarantine", "lost": "lost", "in_journal": "in the journal"}


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def status(*, settings: Settings) -> None:
    """Show segments, records and bytes per lane, the account of all signals, what the store has lost, and how far the engine is behind.

    Exit code 1 if the books do not balance, or if something that was lost is not back.
    """
    from rich.console import Console
    from rich.table import Table

    from core.signal import Lane
    from journal.format import segments
    from journal.reader import read_segment

    _require_journal(settings)
    table = Table(show_edge=False)
    for column in ("lane", "segments", "records", "bytes"):
        table.add_column(column, justify="right" if column != "lane" else "left")
    for lane in Lane:
        files = segments(settings.journal, lane)
        records = sum(1 for file in files for _ in read_segment(file, lane, 0, sys.maxsize))
        table.add_row(lane.value, f"{len(files):,}", f"{records:,}", f"{sum(file.stat().st_size for file in files):,}")
    Console().print(table)
    try:
        _print_account(settings)
    finally:
        _print_engine(settings)


def _require_journal(settings: Settings) -> None:
    """Reject a mistyped folder: it would look like an intact, empty journal."""
    from core.errors import UsageError

    if not settings.journal.is_dir():
        raise UsageError(f"{settings.data} contains no journal; give the right data folder with --data")


def _print_account(settings: Settings) -> None:
    from core.errors import AndonError
    from core.plural import counted
    from store.reads.accounting import account, losses
    from store.reads.connection import reading

    try:
        with reading(settings) as client:
            found, lost = account(client, settings.journal), losses(client)
    except AndonError as error:
        typer.echo(f"stored signals could not be counted: {error}")
        return
    parts = " + ".join(f"{found[name]:,} {title}" for name, title in _PARTS.items())
    typer.echo(f"{counted(found['acknowledged'], 'signal')} acknowledged = {parts}")
    invented = -found["duplicates"] if not found["in_journal"] else 0
    if invented > 0:
        typer.echo(f"{counted(invented, 'signal')} in the store that nobody acknowledged", err=True)
    for loss in lost:
        typer.echo(_loss_in_words(loss), err=True)
    if invented > 0 or any(loss["mended_at"] is None or loss["missing"] for loss in lost):
        raise typer.Exit(1)


def _loss_in_words(loss: dict[str, Any]) -> str:
    from core.plural import counted

    rows, parts = counted(loss["lost_rows"], "row"), counted(loss["lost_parts"], "part")
    said = f"{loss['found_at']:%Y-%m-%d %H:%M:%S} UTC: the store lost {rows} of {loss['table_name']} in {parts}"
    if loss["mended_at"] is None:
        return f"{said}; the engine is loading what the journal has of it again"
    return f"{said}; " + (f"not restored: {loss['missing']}" if loss["missing"] else "all of it was restored")


def _print_engine(settings: Settings) -> None:
    from andon.client.engine import readiness_of
    from core.errors import AndonError

    try:
        typer.echo(f"engine: {readiness_of(settings)}")
    except AndonError as error:
        typer.echo(str(error))


@app.command()
@with_settings()
def verify(*, settings: Settings) -> None:
    """Read every record and its checksum; exit code 1 if one is damaged."""
    from core.plural import counted
    from core.signal import Lane
    from journal.format import segment_name, segments
    from journal.reader import read_segment

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
