"""``andon explain``: the events, calendar intervals, pauses, rule version and arithmetic behind a verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings


@with_settings("store", "inner_host", "engine_port", of_running=True)
def command(
    transaction: Annotated[str, typer.Argument(help="a transaction id or any business identifier")],
    sla: Annotated[str | None, typer.Argument(help="only this SLA; default: those in trouble, or else the one that matters next")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="every SLA in full")] = False,
    settings: Settings,
) -> None:
    """Show the events, calendar intervals, pauses, rule version and arithmetic behind a verdict."""
    from andon.client.engine import now_of
    from andon.client.explain import explain_transaction
    from store.reads.connection import reading

    with reading(settings) as client:
        for line in explain_transaction(client, now_of(settings), transaction, sla, everything=everything):
            typer.echo(line)
