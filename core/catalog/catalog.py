"""The whole catalog, loaded and cross-checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from pydantic import TypeAdapter

from core.catalog.calendar import Calendar
from core.catalog.contract import Contract
from core.catalog.flow import Flow, Milestone, is_named
from core.catalog.rates import Rates
from core.catalog.review import listed
from core.catalog.routing import Owners, Routes
from core.catalog.runbook import Runbook
from core.catalog.source import Source


@dataclass(frozen=True)
class Catalog:
    """All definitions by id. ``version`` is a hash of the files' content: the same files give the same version."""

    version: str = ""
    flows: dict[str, Flow] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    runbooks: dict[str, Runbook] = field(default_factory=dict)
    routes: Routes = field(default_factory=Routes)
    owners: Owners = field(default_factory=Owners)
    rates: Rates | None = None

    def sources_of(self, milestone: Milestone) -> tuple[str, ...]:
        """Return the sources that a milestone's signals come from: those named in its ``match.source``, else those of its system."""
        if wanted := listed(milestone.match.source):
            return tuple(name for name in self.sources if is_named(name, wanted))
        return tuple(name for name, source in self.sources.items() if source.system and source.system == milestone.system)


def catalog_to_json(catalog: Catalog) -> str:
    """Return what readers of verdicts need of a catalog, leaving out channels, receivers and credentials, which they must not see.

    Of a receiver its type stays: pages tell sources by it.
    """
    private: dict[str, object] = {"tokens": [], "webhook": None, "format": None}
    sources = {
        name: source.model_copy(update={**private, "receiver": {"type": source.receiver.get("type")} if source.receiver else None})
        for name, source in catalog.sources.items()
    }
    return _TYPE.dump_json(replace(catalog, sources=sources, routes=Routes()), by_alias=True).decode()


@lru_cache(maxsize=16)
def catalog_from_json(text: str) -> Catalog:
    """Return the catalog from text made by :func:`catalog_to_json`. Raises ``ValueError`` for any other text."""
    return _TYPE.validate_json(text)


_TYPE = TypeAdapter(Catalog)
