"""Explains a transaction's verdicts from what the running engine's store holds."""

from __future__ import annotations

from typing import Any

from andon.checking import check_catalog
from andon.simulated_time import clock_of
from core.config import Settings
from core.errors import AndonError
from slas.explain import Evidence, explain
from store.reads import detail, search


def explain_transaction(client: Any, settings: Settings, identifier: str, sla: str | None) -> list[str]:
    """Return the lines for each transaction that a transaction id or business identifier names, exactly if any is named exactly.

    Raises :class:`AndonError` when nothing is known by it, or when no flow of what it names has the SLA.
    """
    catalog = check_catalog(settings.catalog).catalog
    now = clock_of(settings.clock_speed, settings.clock_anchor).now()
    rows = [row for one in _ids(client, identifier) if (row := detail.transaction(client, transaction_id=one))]
    if not rows:
        raise AndonError(f"no transaction is known by '{identifier}'; 'andon find' takes the beginning of any identifier")
    flows = {str(row["flow"]) for row in rows}
    known = {name for flow in flows if flow in catalog.flows for name in catalog.flows[flow].slas}
    if sla is not None and sla not in known:
        raise AndonError(f"'{sla}' is not an SLA of {', '.join(sorted(flows))}; known: {', '.join(sorted(known)) or 'none'}")
    lines: list[str] = []
    for row in rows:
        names = {"flow": str(row["flow"]), "transaction_id": str(row["transaction_id"])}
        evidence = Evidence(row, detail.milestones(client, **names), detail.clocks(client, **names), detail.verdicts(client, **names))
        lines += [""] * bool(lines) + explain(evidence, catalog, now, sla)
    return lines


def _ids(client: Any, identifier: str) -> list[str]:
    """Return the ids of the transactions named; what only begins with the identifier counts when nothing is exactly it."""
    row = detail.transaction(client, transaction_id=identifier.strip())
    if row is not None:
        return [str(row["merged_into"] or row["transaction_id"])]
    found = search.find(client, value=identifier, limit=20)
    if found.empty:
        return []
    exact = found[found["key_value"].isin(search.forms(identifier))]
    return list(dict.fromkeys((exact if len(exact) else found)["transaction_id"].astype(str)))
