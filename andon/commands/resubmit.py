"""``andon resubmit``: what a source could not use, or others gave up, is published again."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from andon.options import with_settings
from core.config import Settings


@with_settings("store", "inner_host", "engine_port", of_running=True)
def command(
    id_: Annotated[str, typer.Argument(metavar="ID", help="the id of an input in quarantine, or of a dead letter's event")],
    *,
    edited: Annotated[
        Path | None, typer.Option(help="a file with what is published instead: text, at most 1 MiB", show_default=False)
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="publish it, once you have confirmed it")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="confirm it beforehand")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="although something speaks against it; needs a reason")] = False,
    reason: Annotated[str, typer.Option(help="why")] = "",
    by: Annotated[str, typer.Option(help="your name in the history", show_default="who is logged in", default_factory=getpass.getuser)],
    settings: Settings,
) -> None:
    """Show what would be published again and where, and publish it with --send.

    Only what the source's 'resubmit:' allows. What was published before, or whose transaction has got there all the same, takes --anyway
    and a reason. If the catalog wants a second person, that person enters the same command.
    """
    from alerts.ports import EDITED_MAX_BYTES
    from andon.client.incidents import act
    from andon.terminal import printable
    from core.errors import UsageError

    what: dict[str, Any] = {"id": id_}
    if edited is not None:
        try:
            with edited.open("rb") as opened:
                body = opened.read(EDITED_MAX_BYTES + 1)
            if len(body) > EDITED_MAX_BYTES:
                raise UsageError(
                    f"{edited} is larger than {EDITED_MAX_BYTES >> 20} MiB, which nothing is that is kept whole; look what it is"
                )
            what["body"] = body.decode()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{edited} cannot be read as text: {error}") from error
    shown = act(settings, "resubmissions/show", what)
    for line in shown["said"].split("\n"):
        typer.echo(printable(line))
    if not send:
        typer.echo("nothing was published; --send publishes it")
        return
    if not yes:
        typer.confirm("Publish it now?", abort=True)
    request = {**what, "by": by, "reason": reason, "confirm": shown["confirm"], "anyway": anyway}
    typer.echo(printable(act(settings, "resubmissions/send", request)["said"]))
