"""The steps of runbooks: which one is meant, and the only kind that the engine itself carries out, a check by HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from alerts import egress, runbooks
from alerts.incidents import Incident
from alerts.one_line import one_line
from core.catalog.catalog import Catalog
from core.catalog.runbook import Runbook, Step, filled
from core.errors import AndonError, UsageError
from core.incident import WORKED, WORKED_NOT


def find(catalog: Catalog, incident: Incident, step: str) -> tuple[Runbook, Step]:
    """Return a step of the incident's runbook. Raises :class:`UsageError` if it has none of this name."""
    runbook = runbooks.find(catalog, incident.runbook)
    known = {one.step: one for one in runbook.steps} if runbook else {}
    if runbook is None or step not in known:
        raise UsageError(f"step: the runbook '{incident.runbook}' has no step '{one_line(step, 64)}'; known: {', '.join(known) or 'none'}")
    return runbook, known[step]


def check(step: Step, values: Mapping[str, str]) -> tuple[str, str]:
    """Ask the step's address, with ``values`` filled in, and return its outcome and what was answered. Never raises for an answer."""
    try:
        status, _ = egress.get(filled(step.http, values), {})
    except AndonError as error:
        return WORKED_NOT, str(error)
    return WORKED, f"HTTP {status}"
