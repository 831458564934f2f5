"""The catalog in force as pages use it: titles, order of stations, runbooks. Without it pages still work, with ids as titles."""

from __future__ import annotations

from dataclasses import replace

from core.catalog.catalog import Catalog, catalog_from_json
from core.catalog.definition import readable
from core.catalog.flow import HEARTBEAT, Flow
from core.duration import parse_share
from dashboard.data import Data, Unreachable
from store.reads import catalogs

_OBJECTIVE = 0.95
"""What an SLA aims for that is in no catalog any more."""


def in_force(data: Data) -> tuple[Catalog, str]:
    """Return the catalog in force, and why the one on disk was rejected ('' if it was not); an empty catalog while none is known.

    It leaves out the flow of Andon's own heartbeats, which concerns nobody's business.
    """
    try:
        found = data.read(catalogs.in_force)
    except Unreachable:  # every page reports this when it reads for itself
        return Catalog(), ""
    catalog = catalog_from_json(found["definitions"]) if found["definitions"] else Catalog()
    flows = {name: flow for name, flow in catalog.flows.items() if name != HEARTBEAT}
    return replace(catalog, flows=flows), (found["problem"].splitlines() or [""])[0]


def flow_title(catalog: Catalog, flow: str) -> str:
    """Return the flow's title, or its id in readable form."""
    known = catalog.flows.get(flow)
    return known.title if known else readable(flow)


def stage_title(catalog: Catalog, flow: str, stage: str) -> str:
    """Return the milestone's title, or its id in readable form."""
    known = catalog.flows.get(flow)
    milestone = known.milestones.get(stage) if known else None
    return (milestone.title if milestone else "") or readable(stage)


def sla_title(catalog: Catalog, flow: str, sla: str) -> str:
    """Return the SLA's title, or its id in readable form."""
    known = catalog.flows.get(flow)
    found = known.slas.get(sla) if known else None
    return found.title if found else readable(sla)


def objective(catalog: Catalog, flow: str, sla: str) -> float:
    """Return the share of the SLA that shall be met; its budget is what is left to 1."""
    known = catalog.flows.get(flow)
    found = known.slas.get(sla) if known else None
    return parse_share(found.objective) or 0.0 if found else _OBJECTIVE


def promises(catalog: Catalog, flow: str = "") -> tuple[tuple[str, str], ...]:
    """Return flow and SLA of what is promised to customers, in one flow or in all."""
    return tuple(
        (key, name)
        for key, known in catalog.flows.items()
        if not flow or key == flow
        for name, sla in known.slas.items()
        if sla.promised_to == "customer"
    )


def key_title(catalog: Catalog, flow: str, key: str) -> str:
    """Return the title of a key type, or its id in readable form."""
    known = catalog.flows.get(flow)
    found = known.keys.get(key) if known else None
    return (found.title if found else "") or readable(key)


def kind_title(catalog: Catalog, flow: str, kind: str) -> str:
    """Return what a search found by: the title of a key type, or the role that ``@customer`` stands for."""
    return kind[1:].capitalize() if kind.startswith("@") else key_title(catalog, flow, kind)


def fact_title(flow: Flow | None, name: str) -> str:
    """Return the fact's title, or its id in readable form."""
    known = flow.facts.get(name) if flow else None
    return (known.title if known else "") or readable(name)


def owner_title(catalog: Catalog, owner: str) -> str:
    """Return the owner's title, or its id in readable form."""
    known = catalog.owners.owners.get(owner)
    return known.title if known else readable(owner)


def owner_contact(catalog: Catalog, owner: str) -> str:
    """Return how to reach the owner, in one line; empty if the catalog does not say."""
    known = catalog.owners.owners.get(owner)
    return str(known.contact) if known else ""


def runbook_title(catalog: Catalog, runbook: str) -> str:
    """Return the runbook's title, or its id in readable form."""
    known = catalog.runbooks.get(runbook)
    return known.title if known else readable(runbook)


def titles(catalog: Catalog) -> tuple[tuple[str, str, str], ...]:
    """Return flow, milestone and title of every flow ('' as milestone) and every milestone."""
    return tuple(
        (name, stage, stage_title(catalog, name, stage) if stage else known.title)
        for name, known in catalog.flows.items()
        for stage in ("", *known.milestones)
    )


def zones_by_city(catalog: Catalog) -> dict[str, str]:
    """Return the zone of each city that verdicts mention in their times: ``Berlin`` is ``Europe/Berlin``."""
    zones = ["UTC", *(calendar.time_zone for calendar in catalog.calendars.values())]
    return {zone.rpartition("/")[2].replace("_", " "): zone for zone in zones}


def stations(flow: Flow) -> list[str]:
    """Return the milestones that every transaction passes, in order."""
    return [name for name, milestone in flow.milestones.items() if not milestone.failure and not milestone.optional]
