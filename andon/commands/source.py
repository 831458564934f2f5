"""``andon source``: what becomes of what a source sends, and whether anything is taken from it."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from andon.options import with_settings
from core.config import Settings

if TYPE_CHECKING:
    from andon.preview.outcome import Outcome
    from store.reads.connection import Reader

Beside = tuple[dict[str, str], dict[str, str]]
"""What is said of a file by options: headers, and where it would be read."""

app = typer.Typer(
    no_args_is_help=True,
    help="Look at what becomes of what a source sends; what stands in its queues; what troubles it; pause it, and let it go on.",
)
Name = Annotated[str, typer.Argument(help="a source of the catalog")]
By = Annotated[str, typer.Option(help="your name in the history", show_default="who is logged in", default_factory=getpass.getuser)]


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def pause(name: Name, *, reason: Annotated[str, typer.Option(help="why, for your colleagues")], by: By, settings: Settings) -> None:
    """Take nothing more from a source: a receiver stops reading, and senders are told to come back (503).

    Everything stays where it is until 'andon source resume'; a restart changes nothing.
    """
    _act(name, "pause", reason, by, settings)


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def resume(name: Name, *, reason: Annotated[str, typer.Option(help="why, for your colleagues")] = "", by: By, settings: Settings) -> None:
    """Let a paused source go on."""
    _act(name, "resume", reason, by, settings)


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def queues(name: Annotated[str, typer.Argument(help="a source of the catalog; all, if none is given")] = "", *, settings: Settings) -> None:
    """Show what stands in the queues of sources, as the page Sources does: of the last 24 hours. A dash: the broker does not tell."""
    from datetime import timedelta

    from andon.client.queues import listed
    from andon.terminal import print_frame
    from core.clock import SystemClock
    from store.reads.connection import reading
    from store.reads.queues import latest

    with reading(settings) as client:
        _check_known(name, client)
        found = latest(client, since=SystemClock().now() - timedelta(hours=24))
    told = listed(found, name)
    if told.empty:
        typer.echo(f"nobody tells of any queue{f' of {name}' if name else ''}; brokers' receivers do once they run")
    else:
        print_frame(told)


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def troubles(
    name: Annotated[str, typer.Argument(help="a source of the catalog; all, if none is given")] = "", *, settings: Settings
) -> None:
    """Show which sources are paused or cannot be read, since when and why, and what was missing in the last 24 hours, when last and where.

    Exit code 1 if there is anything.
    """
    from datetime import timedelta

    from andon.client.source_troubles import listed
    from andon.terminal import print_frame
    from core.clock import SystemClock
    from store.reads import origins, source_troubles
    from store.reads.connection import reading

    since = SystemClock().now() - timedelta(hours=24)
    with reading(settings) as client:
        _check_known(name, client)
        told = (source_troubles.unread(client, since=since), source_troubles.gaps(client, since=since), origins.pauses(client))
    found = listed([name] if name else [], *told)
    if found.empty:
        typer.echo(f"nothing is known to be wrong with {name or 'any source'}, and nothing was missing in the last 24 hours")
        return
    print_frame(found)
    raise typer.Exit(1)


@app.command()
@with_settings("catalog", "store", "inner_host", "engine_port", of_running=True)
def preview(
    name: Annotated[str, typer.Argument(help="a source of the catalog, or 'default': what no source claims")],
    file: Annotated[Path | None, typer.Argument(help="a message, document or event; '-' reads standard input", show_default=False)] = None,
    *,
    header: Annotated[list[str] | None, typer.Option(help="with a file: a header of the message, NAME=VALUE; repeatable")] = None,
    place: Annotated[list[str] | None, typer.Option(help="with a file: where it would be read, such as topic=orders; repeatable")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="without a file: how many of the newest signals of each kind")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    settings: Settings,
) -> None:
    """Show what becomes of a source's signals by the catalog: time, keys, facts and milestones, or why not.

    With a file, of what is in it, read as the source's receiver and format would; else of what came last to the running Andon. Nothing is
    sent or kept, so a changed catalog can be tried. Exit code 1 if something becomes no milestone.
    """
    from andon.preview.printed import as_documents, print_outcomes

    found = _outcomes(name, file, limit, (_pairs("header", header), _pairs("place", place)), settings)
    if as_json:
        import json

        typer.echo(json.dumps(as_documents(found), ensure_ascii=False, indent=1))
    else:
        print_outcomes(found)
    if not found or any(not each.milestones for each in found):
        raise typer.Exit(1)


def _act(name: str, action: str, reason: str, by: str, settings: Settings) -> None:
    from urllib.parse import quote

    from andon.client.incidents import act
    from andon.terminal import printable

    typer.echo(printable(act(settings, f"sources/{quote(name, safe='')}/{action}", {"by": by, "reason": reason})["said"]))


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    from core.errors import UsageError

    if wrong := [each for each in given or () if not each.partition("=")[0] or "=" not in each]:
        raise UsageError(f"--{option} {wrong[0]} has no name and value; write --{option} NAME=VALUE")
    return {each.partition("=")[0]: each.partition("=")[2] for each in given or ()}


def _check_known(name: str, client: Reader) -> None:
    """Raise UsageError for a source that the catalog in force does not define; empty is all of them."""
    from core.catalog.catalog import catalog_from_json
    from core.catalog.source import DEFAULT_SOURCE
    from core.catalog.validation_errors import suggestion
    from core.errors import UsageError
    from store.reads import catalogs

    definitions = catalogs.in_force(client)["definitions"]
    known = {DEFAULT_SOURCE, *(catalog_from_json(definitions).sources if definitions else ())}
    if name and name not in known:
        raise UsageError(f"source '{name}' is not defined{suggestion(name, known)}")


def _outcomes(name: str, file: Path | None, limit: int, beside: Beside, settings: Settings) -> list[Outcome]:
    import tempfile

    from andon.catalog_check import check_catalog, expressions_of
    from andon.preview.outcome import outcomes
    from core.catalog.source import DEFAULT_SOURCE, Source
    from core.catalog.validation_errors import suggestion
    from core.errors import UsageError
    from store.scratch import scratch_store

    catalog = check_catalog(settings.catalog).catalog
    sources = {DEFAULT_SOURCE: Source(source=DEFAULT_SOURCE, owner=""), **catalog.sources}
    if name not in sources:
        raise UsageError(f"source '{name}' is not defined{suggestion(name, sources)}")
    if file is None and any(beside):
        raise UsageError("--header and --place say what a file does not; give the file, too")
    records, rows = _given(sources[name], file, beside) if file else ([], _latest(name, limit, settings))
    with tempfile.TemporaryDirectory(prefix="andon-preview-") as folder, scratch_store(Path(folder) / "store") as store:
        catalog = check_catalog(settings.catalog, expressions_of(store)).catalog
        return outcomes(store, catalog, records=records, rows=rows)


def _given(source: Any, file: Path, beside: Beside) -> tuple[Any, dict[str, Any]]:
    import sys

    from andon.preview.given import Given
    from core.clock import SystemClock
    from core.errors import UsageError

    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    headers, place = beside
    name = "stdin" if str(file) == "-" else str(file)
    return Given(source, SystemClock(), name, headers, place).records(body), {}


def _latest(name: str, limit: int, settings: Settings) -> dict[str, Any]:
    from store.reads import preview as reads
    from store.reads.connection import reading

    with reading(settings) as client:
        return {kind: reads.latest(client, kind=kind, source=name, limit=limit) for kind in reads.TABLES}
