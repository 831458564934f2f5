"""Which causes of incidents no runbook is written for."""

from __future__ import annotations

from core.catalog.catalog import Catalog
from core.incident import FAILED, NO_VERDICT, OVERDUE, is_held_up


def lacking(catalog: Catalog, cause: str, runbook: str) -> str:
    """Return what is missing for incidents of this cause that ``runbook`` answers: nothing, any runbook, or one that names the cause."""
    if runbook not in catalog.runbooks:
        return "no runbook"
    general = cause in {OVERDUE, FAILED} or cause.partition(":")[0] in NO_VERDICT or is_held_up(cause)
    named = general or any(cause in one.causes for one in catalog.runbooks.values())
    return "" if named else "no runbook names it"
