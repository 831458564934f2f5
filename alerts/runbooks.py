"""Which runbook answers an incident, and its text."""

from __future__ import annotations

from core.catalog.catalog import Catalog
from core.catalog.runbook import Runbook


def choose(catalog: Catalog, cause: str, bound: str) -> str:
    """Return the id of the runbook for ``cause``; ``bound`` is that of the SLA or the failure milestone.

    The bound one wins if it names the cause itself; then any that names the cause; then the bound one.
    """
    own = catalog.runbooks.get(bound)
    if own is not None and cause in own.causes:
        return bound
    for name, runbook in sorted(catalog.runbooks.items()):
        if cause in runbook.causes:
            return name
    return bound


def find(catalog: Catalog, name: str) -> Runbook | None:
    """Return the runbook, or None if the catalog no longer has it."""
    return catalog.runbooks.get(name)
