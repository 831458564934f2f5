"""``andon discover``: a first catalog out of what has arrived."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.options import with_settings
from core.config import Settings

if TYPE_CHECKING:
    from andon.discovery.proposal import Proposal

LIMIT = 200_000


@with_settings("store", "inner_host", "engine_port", of_running=True)
def command(
    *,
    since: Annotated[str, typer.Option(help="how far back from the last signal of each kind")] = "30 days",
    limit: Annotated[int, typer.Option(min=1_000, max=1_000_000, help="at most how many of the newest signals of each kind")] = LIMIT,
    to: Annotated[Path | None, typer.Option(help="write a catalog into this new folder", show_default=False)] = None,
    settings: Settings,
) -> None:
    """Propose a catalog after what has arrived: flows with keys, milestones in order and usual durations, and sources.

    It is YAML to edit, with how often each was seen as comments, and promises commented out. No value of a signal is printed.
    """
    from andon.discovery.written import files_of
    from core.duration import parse_duration
    from core.errors import UsageError
    from store.sampled import LEAST_SHARED

    if to is not None and to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is there already; give the name of a new folder, or of an empty one")
    seconds = parse_duration(since).milliseconds // 1_000
    proposal = _proposal(settings, seconds, limit)
    if not proposal.flows:
        typer.echo(
            f"no flow found in {proposal.made_after or 'nothing that has arrived'}: it takes an identifier with {LEAST_SHARED} values or more that"
            " two sorts of signals share; let more arrive, or look further back",
            err=True,
        )
        raise typer.Exit(1)
    for name, text in files_of(proposal).items():
        if to is None:
            typer.echo(f"--- # {name}\n{text}" if name.endswith(".yaml") else "", nl=False)
            continue
        file = to / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}; choose another folder") from error
        typer.echo(file)


def _proposal(settings: Settings, seconds: int, limit: int) -> Proposal:
    import tempfile

    from andon.discovery.discover import discover
    from store.client import Store
    from store.reads.connection import reading

    with reading(settings) as client, tempfile.TemporaryDirectory(prefix="andon-discover-") as folder:
        scratch = Store(f"chdb://{folder}")
        try:
            return discover(client, scratch, seconds=seconds, limit=limit)
        finally:
            scratch.close()
