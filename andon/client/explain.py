"""Explains a transaction's verdicts from the running engine's store."""

from __future__ import annotations

from datetime import datetime

from core.catalog.catalog import catalog_from_json
from core.errors import AndonError
from slas.explain import Evidence, explain, versions_of
from store.reads import catalogs, detail, search
from store.reads.connection import Reader


def explain_transaction(client: Reader, now: datetime, identifier: str, sla: str | None, *, everything: bool = False) -> list[str]:
    """Return the lines for each transaction that a transaction id or business identifier names; exact matches exclude all others.

    ``now``: the engine's time, aware.

    Raises :class:`AndonError` if nothing is found, or if no flow of the transactions has the SLA.
    """
    catalog = catalog_from_json(catalogs.in_force(client)["definitions"])
    rows = [row for one in _ids(client, identifier) if (row := detail.transaction(client, transaction_id=one))]
    if not rows:
        raise AndonError(f"no transaction found for '{identifier}'; 'andon find' also accepts the beginning of an identifier")
    flows = {str(row["flow"]) for row in rows}
    known = {name for flow in flows if flow in catalog.flows for name in catalog.flows[flow].slas}
    if sla is not None and sla not in known:
        raise AndonError(f"'{sla}' is not an SLA of {', '.join(sorted(flows))}; known: {', '.join(sorted(known)) or 'none'}")
    lines: list[str] = []
    for row in rows:
        names = {"flow": str(row["flow"]), "transaction_id": str(row["transaction_id"])}
        usual = detail.usual(client, flow=names["flow"], plant=row["facts"].get("plant", ""), day=now)
        evidence = Evidence(
            row, detail.milestones(client, **names), detail.clocks(client, **names), detail.verdicts(client, **names), usual
        )
        kept = catalogs.of_versions(client, versions=tuple(versions_of(evidence.clocks)))
        earlier = {name: catalog_from_json(text) for name, text in kept.items()}
        lines += [""] * bool(lines) + explain(evidence, catalog, now, sla, earlier, everything=everything)
    return lines


def _ids(client: Reader, identifier: str) -> list[str]:
    """Return the ids of the transactions named; those that only begin with the identifier count only if there is no exact match."""
    row = detail.transaction(client, transaction_id=identifier.strip())
    while row is not None and row["merged_into"]:  # the one it was merged into may have been merged itself
        row = detail.transaction(client, transaction_id=row["merged_into"])
    if row is not None:
        return [str(row["transaction_id"])]
    found = search.find(client, value=identifier, limit=20)
    if found.empty:
        return []
    exact = found[found["key_value"].isin(search.forms(identifier))]
    return list(dict.fromkeys((exact if len(exact) else found)["transaction_id"].astype(str)))
