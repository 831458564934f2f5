"""``andon explain``: the events, calendar intervals, pauses, rule version and arithmetic behind a verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings


@with_settings("store", "inner_host", "engine_port", of_running=True)
def command(
    transaction: Annotated[str, typer.Argument(help="a transaction id or any business identifier")],
    sla: Annotated[str | None, typer.Argument(help="only this SLA; default: all")] = None,
    *,
    settings: Settings,
) -> None:
    """Show the events, calendar intervals, pauses, rule version and arithmetic behind a verdict."""
    from andon.client.engine import now_of
    from andon.client.explain import explain_transaction
    from store.reads.connection import reading

    with reading(settings) as client:
        for line in explain_transaction(client, now_of(settings), transaction, sla):
            typer.echo(line)
