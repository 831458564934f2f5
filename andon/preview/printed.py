"""Outcomes as a person reads them, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer

from andon.preview.outcome import Outcome, Reached
from andon.terminal import printable
from core.plural import counted

_NAME_MAX = 100


def print_outcomes(found: Sequence[Outcome]) -> None:
    """Print a block for each signal, and how many of them count."""
    if not found:
        typer.echo("nothing has come from this source yet; give a file, or look whether it sends")
        return
    for outcome in found:
        typer.echo(f"{outcome.kind}  {typer.style(printable(outcome.name)[:_NAME_MAX], bold=True)}  {printable(outcome.signal_id)}")
        for reached in outcome.milestones:
            _print_reached(reached)
        for why in outcome.why_not:
            typer.echo(f"  ✗ {printable(why)}")
        typer.echo()
    counting = sum(bool(outcome.milestones) for outcome in found)
    quarantined = sum(outcome.kind == "quarantine" for outcome in found)
    rest = len(found) - counting - quarantined
    typer.echo(f"{counted(len(found), 'signal')}: {counting} with a milestone, {rest} without, {quarantined} to quarantine")


def _print_reached(reached: Reached) -> None:
    doubtful = " (not its own: that is missing, unreadable or implausible)" if reached.time_suspect else ""
    lines = [("time", printable(reached.at) + doubtful), *reached.keys, *reached.facts.items()]
    lines += [("cause", reached.cause)] if reached.cause else []
    width = max(len(name) for name, _ in [*lines, *reached.lacking.items()])
    typer.echo(f"  ✓ {reached.flow}: {reached.milestone}")
    for name, text in lines:
        typer.echo(f"      {name:{width}}  {printable(text)}")
    for name, why in reached.lacking.items():
        typer.echo(f"    ! {name:{width}}  {printable(why)}")
    if not reached.keys:
        typer.echo("    ! no key: it belongs to no transaction")


def as_documents(found: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return outcomes for JSON: times in UTC as ISO 8601, keys as lists of ``{type, value}``."""
    return [_document(outcome) for outcome in found]


def _document(outcome: Outcome) -> dict[str, Any]:
    whole = asdict(outcome)
    whole["at"] = _iso(outcome.at)
    for document, reached in zip(whole["milestones"], outcome.milestones, strict=True):
        document["at"] = _iso(reached.at)
        document["keys"] = [{"type": type_, "value": value} for type_, value in reached.keys]
    return whole


def _iso(moment: datetime | None) -> str | None:
    return f"{moment.replace(tzinfo=None).isoformat()}Z" if moment is not None else None
