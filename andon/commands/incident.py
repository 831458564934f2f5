"""``andon incident``: what is late and why, and everything that people can do about it."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from andon.options import with_settings
from core.config import Settings

app = typer.Typer(no_args_is_help=True, help="See incidents, and act on them.")
Incident = Annotated[str, typer.Argument(help="the incident's id, or its beginning")]
By = Annotated[str, typer.Option(help="your name in the history", show_default="who is logged in", default_factory=getpass.getuser)]


@app.command("list")
@with_settings("store", "inner_host", "engine_port", of_running=True)
def list_(
    *,
    all_: Annotated[bool, typer.Option("--all", help="the resolved ones, too")] = False,
    settings: Settings,
) -> None:
    """List unresolved incidents, worst first."""
    from andon.client.engine import now_of
    from andon.client.incidents import listed
    from andon.terminal import print_frame
    from store.reads.connection import reading

    with reading(settings) as client:
        found = listed(client, now_of(settings), resolved_too=all_)
    if found.empty:
        typer.echo("no incidents" if all_ else "no unresolved incidents")
    else:
        print_frame(found)


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def show(incident: Incident, *, settings: Settings) -> None:
    """Show an incident: how large it is, who has it, what its transactions have in common, and what happened."""
    from andon.client.engine import now_of
    from andon.client.incidents import identity_of, sheet
    from store.reads.connection import reading

    with reading(settings) as client:
        for line in sheet(client, now_of(settings), identity_of(client, incident)):
            typer.echo(line)


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def acknowledge(
    incident: Incident,
    *,
    by: By,
    note: Annotated[str, typer.Option(help="what you are doing about it")] = "",
    until: Annotated[str, typer.Option(help="a time like 2026-03-27T16:00:00+01:00; default: the next deadline")] = "",
    settings: Settings,
) -> None:
    """Take an incident: it is not repeated until the next deadline."""
    _act(settings, "incidents/{}/acknowledge", incident, {"by": by, "note": note, "until": until}, "acknowledged")


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def unacknowledge(incident: Incident, *, by: By, settings: Settings) -> None:
    """Take the acknowledgement back."""
    _act(settings, "incidents/{}/unacknowledge", incident, {"by": by}, "no longer acknowledged")


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def assign(
    incident: Incident,
    assignee: Annotated[str, typer.Argument(help="who works on it; empty: nobody")],
    *,
    by: By,
    settings: Settings,
) -> None:
    """Say who works on an incident."""
    _act(settings, "incidents/{}/assign", incident, {"by": by, "assignee": assignee}, f"assigned to {assignee or 'nobody'}")


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def note(incident: Incident, text: Annotated[str, typer.Argument(help="what others should know")], *, by: By, settings: Settings) -> None:
    """Add a note to an incident, resolved or not; nothing else changes."""
    _act(settings, "incidents/{}/note", incident, {"by": by, "note": text}, "noted")


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def step(
    incident: Incident,
    step: Annotated[str, typer.Argument(help="the step's id, as 'andon incident show' prints it")],
    *,
    by: By,
    worked: Annotated[bool | None, typer.Option("--worked/--did-not-work", help="record what came of it", show_default=False)] = None,
    note: Annotated[str, typer.Option(help="what you found")] = "",
    send: Annotated[bool, typer.Option("--send", help="send what the step sends, once you have confirmed it")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="confirm it beforehand")] = False,
    reason: Annotated[str, typer.Option(help="why you send it")] = "",
    settings: Settings,
) -> None:
    """Show a step of an incident's runbook, for the transaction with the most at stake, or record what came of it.

    A check by HTTP is carried out by the engine, and its outcome recorded. What changes something elsewhere is shown, and sent with --send.
    """
    from andon.client.incidents import act, identity_of
    from andon.client.steps import prepare, told
    from core.incident import WORKED, WORKED_NOT
    from store.reads.connection import reading

    with reading(settings) as client:
        identity = identity_of(client, incident)
        prepared = prepare(client, identity, step)
        if worked is None:
            for line in told(client, prepared):
                typer.echo(line)
    if prepared.step.changes and worked is None:
        _change(settings, identity, {"step": step, "values": prepared.values}, {"by": by, "reason": reason}, send=send, asked=not yes)
        return
    body: dict[str, Any] = {"by": by, "step": step}
    if prepared.step.http:
        body["values"] = prepared.values
    elif worked is None:
        return
    else:
        body |= {"outcome": WORKED if worked else WORKED_NOT, "note": note}
    typer.echo(act(settings, f"incidents/{identity}/step", body)["said"])


def _change(settings: Settings, identity: str, what: dict[str, Any], who: dict[str, Any], *, send: bool, asked: bool) -> None:
    """Show what a step would send; ``send``: and send it, once that is confirmed if somebody is to be ``asked``."""
    from andon.client.incidents import act
    from andon.terminal import printable

    shown = act(settings, f"incidents/{identity}/step/show", what)
    typer.echo(printable(shown["said"]))
    if not send:
        typer.echo("nothing was sent; --send sends it")
        return
    if asked:
        typer.confirm("Send it now?", abort=True)
    sent = act(settings, f"incidents/{identity}/step/send", {**who, "confirm": shown["confirm"]})
    typer.echo(printable(sent["said"]))


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def causes(*, settings: Settings) -> None:
    """List causes of the last 90 days that no runbook is written for."""
    from andon.client.engine import now_of
    from andon.client.steps import unanswered
    from store.reads.connection import reading

    with reading(settings) as client:
        lines = list(unanswered(client, now_of(settings)))
    for line in lines or ["every cause has a runbook"]:
        typer.echo(line)


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def silence(
    incident: Incident,
    reason: Annotated[str, typer.Argument(help="why, for anyone who looks later")],
    *,
    by: By,
    hours: Annotated[float, typer.Option(min=0.01, max=168, help="how long")] = 2.0,
    settings: Settings,
) -> None:
    """Keep an incident quiet; it stays visible."""
    _act(settings, "incidents/{}/silence", incident, {"by": by, "reason": reason, "hours": hours}, f"silenced for {hours:g} h")


@app.command()
@with_settings("store", "inner_host", "engine_port", of_running=True)
def unsilence(
    silence_id: Annotated[str, typer.Argument(help="the silence's id, as 'andon incident show' prints it")], *, by: By, settings: Settings
) -> None:
    """End a silence at once."""
    from andon.client.incidents import act

    act(settings, f"silences/{silence_id}/end", {"by": by})
    typer.echo(f"{silence_id}: ended")


def _act(settings: Settings, path: str, beginning: str, body: dict[str, Any], done: str) -> None:
    from andon.client.incidents import act, identity_of
    from store.reads.connection import reading

    with reading(settings) as client:
        identity = identity_of(client, beginning)
    act(settings, path.format(identity), body)
    typer.echo(f"{identity}: {done}")
