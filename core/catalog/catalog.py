"""The whole catalog, loaded and cross-checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.catalog.calendar import Calendar
from core.catalog.contract import Contract
from core.catalog.flow import Flow
from core.catalog.routing import Owners, Routes
from core.catalog.runbook import Runbook
from core.catalog.source import Source


@dataclass(frozen=True)
class Catalog:
    """All definitions, by id. ``version`` is a hash of the files' content: the same files give the same version."""

    version: str = ""
    flows: dict[str, Flow] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    runbooks: dict[str, Runbook] = field(default_factory=dict)
    routes: Routes = field(default_factory=Routes)
    owners: Owners = field(default_factory=Owners)
