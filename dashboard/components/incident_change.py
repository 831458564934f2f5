"""A step of a runbook that changes something elsewhere: shown first, then confirmed, then sent once by the engine."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog.runbook import Step
from dashboard.components import confirmed
from dashboard.page import Context


def show(context: Context, identity: str, step: Step, values: Mapping[str, str]) -> None:
    """Draw what shows it, and once it is shown, the form that sends it."""
    confirmed.draw(
        context,
        confirmed.Change(
            path=f"incidents/{identity}/step",
            asked={"step": step.step, "values": dict(values)},
            about=identity,
            caution="This step changes something elsewhere. Nothing is sent before you have seen it and confirmed it.",
            done="Sent",
            needs_reason=step.reason,
        ),
    )
