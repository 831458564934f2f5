"""The title of an incident: how many of what, where they should be by now, at which plants, and what is at risk.

The only place that makes one: pages, messages and commands show what is stored with the incident.
"""

from __future__ import annotations

from alerts.incidents import Incident
from alerts.one_line import one_line
from core.catalog.catalog import Catalog
from core.catalog.definition import readable
from core.incident import FAILED, NO_VERDICT, OVERDUE, IncidentStatus, cause_text, is_held_up
from core.money import several
from core.plural import counted

_PLANTS = 3


def title_of(catalog: Catalog, incident: Incident) -> str:
    """Return ``20 orders not booked in ERP, 12 late · DE07, US02 · €146k at risk``, in the flow's own words.

    Of a queue that holds them up: ``orders.inbound stands still · 20 orders wait behind it, 12 late · DE07 · €146k at risk``. A resolved
    incident counts every transaction that was ever in it, and has nothing at risk.
    """
    flow = catalog.flows.get(incident.flow)
    resolved = incident.status == IncidentStatus.RESOLVED.value
    number = incident.members_total if resolved else incident.members
    who = counted(number, flow.noun, flow.nouns) if flow else counted(number, "transaction")
    plants = ", ".join(incident.plants[:_PLANTS])
    if len(incident.plants) > _PLANTS:
        plants += f" and {len(incident.plants) - _PLANTS} more"
    at_risk = f"{several(incident.value, 2)} at risk" if any(incident.value.values()) else ""
    if is_held_up(incident.cause):
        waits = "waited" if resolved else "waits" if number == 1 else "wait"
        what = [cause_text(incident.cause, over=resolved), f"{who} {waits} behind it{_late(incident) if incident.breached else ''}"]
    else:
        what = [f"{who} {_what(catalog, incident, resolved)}"]
    return one_line(" · ".join(filter(None, [*what, plants, at_risk])))


def missing(catalog: Catalog, flow_id: str, stage: str) -> str:
    """Return what is said of transactions that have not reached a milestone: ``not booked in ERP``."""
    flow = catalog.flows.get(flow_id)
    milestone = flow.milestones.get(stage) if flow else None
    if milestone and milestone.missing:
        return milestone.missing
    title = (milestone.title if milestone else "") or readable(stage)
    return f"not {title[:1].lower()}{title[1:]}" if title else "without a stage"


def _what(catalog: Catalog, incident: Incident, resolved: bool) -> str:
    stands, cause = missing(catalog, incident.flow, incident.stage), incident.cause
    if resolved:
        stands = f"{'was' if incident.members_total == 1 else 'were'} {stands}"
    if cause.partition(":")[0] in NO_VERDICT:
        return f"perhaps {stands}: {cause_text(cause, over=resolved)}"
    if cause == OVERDUE:
        return stands if resolved else f"{stands}{_late(incident)}" if incident.breached else f"still {stands}"
    return f"{stands}: {cause_text(cause) if cause != FAILED else 'the step failed'}"


def _late(incident: Incident) -> str:
    if incident.breached == incident.members:
        return ", late" if incident.members == 1 else ", all late"
    return f", {incident.breached:,} late"
