"""The catalogs the engine took and refused, kept so that whoever reads a verdict can read the rule it was given by."""

from __future__ import annotations

from core.catalog.catalog import Catalog, catalog_to_json
from core.clock import Clock
from store.client import Store
from store.reads import catalogs


class StoredCatalogs:
    """Writes what the engine goes by. One thread only."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def taken(self, catalog: Catalog) -> None:
        """Note that the catalog is in force; once, however often it is said."""
        now = catalogs.in_force(self._store.reader)
        definitions = catalog_to_json(catalog)
        if (now["definitions"], now["problem"]) != (definitions, ""):
            self._note(catalog.version, definitions, "")

    def refused(self, problem: str) -> None:
        """Note why a changed catalog was refused; the one in force stays."""
        self._note("", "", problem)

    def _note(self, version: str, definitions: str, problem: str) -> None:
        self._store.insert(
            "catalogs",
            {
                "version": [version],
                "definitions": [definitions],
                "problem": [problem],
                "looked_at": [self._clock.now()],
                "revision": [self._store.revision()],
            },
        )
