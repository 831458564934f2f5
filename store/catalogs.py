"""The catalogs that the engine accepted and rejected, kept so that anyone who reads a verdict can read the rule behind it."""

from __future__ import annotations

from core.catalog.catalog import Catalog, catalog_to_json
from core.clock import Clock
from store.client import Store
from store.reads import catalogs


class StoredCatalogs:
    """Writes which catalog the engine uses. One thread only."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def taken(self, catalog: Catalog) -> None:
        """Record that the catalog is in force; only once, however often it is called."""
        now = catalogs.in_force(self._store.reader)
        definitions = catalog_to_json(catalog)
        if (now["definitions"], now["problem"]) != (definitions, ""):
            self._note(catalog.version, definitions, "")

    def refused(self, problem: str) -> None:
        """Record why a changed catalog was rejected; the one in force stays."""
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
