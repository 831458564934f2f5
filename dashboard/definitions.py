"""The catalog as the dashboard sees it: names, order of stations, runbooks. Without it every page still works, with ids for titles."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.catalog.load import load_catalog

_valid: dict[str, Catalog] = {}
"""By folder, the last catalog without errors: what the engine keeps in force when a changed one is refused."""


def read(folder: str) -> Catalog:
    """Return the catalog in ``folder``, or where it has errors the last one that had none; an empty one when there never was any."""
    return _look(folder)[0]


def refused(folder: str) -> str:
    """Return what is wrong with the catalog in ``folder``, its first line; empty where nothing is."""
    return _look(folder)[1]


@st.cache_data(ttl=15, show_spinner=False, max_entries=4)
def _look(folder: str) -> tuple[Catalog, str]:
    try:
        _valid[folder] = load_catalog(Path(folder)).catalog
    except Exception as error:  # boundary: the catalog's files, which ``andon check`` is there to judge
        return _valid.get(folder, Catalog()), (str(error).splitlines() or [type(error).__name__])[0]
    return _valid[folder], ""


def flow_title(catalog: Catalog, flow: str) -> str:
    """Return the flow's title, or its id made readable."""
    known = catalog.flows.get(flow)
    return known.title if known else readable(flow)


def stage_title(catalog: Catalog, flow: str, stage: str) -> str:
    """Return the milestone's title, or its id made readable."""
    known = catalog.flows.get(flow)
    milestone = known.milestones.get(stage) if known else None
    return (milestone.title if milestone else "") or readable(stage)


def sla_title(catalog: Catalog, flow: str, sla: str) -> str:
    """Return the SLA's title, or its id made readable."""
    known = catalog.flows.get(flow)
    found = known.slas.get(sla) if known else None
    return found.title if found else readable(sla)


def key_title(catalog: Catalog, flow: str, key: str) -> str:
    """Return the title of a type of identifier, or its id made readable."""
    known = catalog.flows.get(flow)
    found = known.keys.get(key) if known else None
    return (found.title if found else "") or readable(key)


def owner_title(catalog: Catalog, owner: str) -> str:
    """Return the owner's title, or its id made readable."""
    known = catalog.owners.owners.get(owner)
    return known.title if known else readable(owner)


def runbook_title(catalog: Catalog, runbook: str) -> str:
    """Return the runbook's title, or its id made readable."""
    known = catalog.runbooks.get(runbook)
    return known.title if known else readable(runbook)


def places(catalog: Catalog) -> dict[str, str]:
    """Return the zone of each place that verdicts name in their times: ``Berlin`` is ``Europe/Berlin``."""
    zones = ["UTC", *(calendar.time_zone for calendar in catalog.calendars.values())]
    return {zone.rpartition("/")[2].replace("_", " "): zone for zone in zones}


def stations(flow: Flow) -> list[str]:
    """Return the milestones that every transaction passes, in order."""
    return [name for name, milestone in flow.milestones.items() if not milestone.failure and not milestone.optional]


def readable(name: str) -> str:
    """Return ``Order to cash`` for ``order-to-cash``."""
    return name.replace("-", " ").replace("_", " ").capitalize()
