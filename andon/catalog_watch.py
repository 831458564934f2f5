"""The catalog of a running process: read, checked, and read again when one of its files changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from andon.catalog_check import check_catalog
from andon.health.heartbeat import with_heartbeat
from core.catalog.catalog import Catalog
from core.catalog.review import CheckExpression
from core.config import Settings, own_secret
from core.errors import UsageError
from core.telemetry import CATALOG_LOGGER, M, Telemetry

if TYPE_CHECKING:
    from store.catalogs import StoredCatalogs

logger = logging.getLogger(CATALOG_LOGGER)

LOOK_SECONDS = 2.0
"""How often a process checks whether a file of its catalog has changed."""


def load_checked_catalog(settings: Settings, check_expression: CheckExpression | None = None) -> Catalog:
    """Return the catalog with the heartbeat's own flow. Raises :class:`core.errors.UsageError` with every error in it."""
    found = check_catalog(settings.catalog, check_expression).catalog
    own_secret(settings.data, "heartbeat")
    return with_heartbeat(found, f"file:{settings.data.absolute() / 'secrets' / 'heartbeat'}")


class CatalogWatch:
    """Notices changes to the catalog's files and passes a valid new catalog on; a broken one leaves the running one in force.

    Only :class:`core.errors.UsageError` rejects a catalog. Anything else that interrupts ``take`` is raised, and the next look starts
    again.
    """

    def __init__(
        self,
        settings: Settings,
        running: Catalog,
        take: Callable[[Catalog], None],
        telemetry: Telemetry,
        check_expression: CheckExpression | None = None,
        kept: StoredCatalogs | None = None,
    ) -> None:
        self._settings = settings
        self._kept = kept
        self._check_expression = check_expression
        self._running = running
        self._take = take
        self._interrupted = False
        self._refused = False
        self._telemetry = telemetry
        self._seen = self._state()
        telemetry.set(M.CATALOG_RELOAD_OK, 1)

    def look(self) -> None:
        """Reload if a file has changed; for a loop that calls it every :data:`LOOK_SECONDS`."""
        state = self._state()
        if state == self._seen:
            return
        try:
            found = load_checked_catalog(self._settings, self._check_expression)
            self._hand_on(found)
        except UsageError as error:
            self._hand_on(self._running)
            self._refuse(str(error))
        else:
            self._accept(found)
        self._seen = state

    def _hand_on(self, catalog: Catalog) -> None:
        if catalog.version == self._running.version and not self._interrupted:
            return
        self._interrupted = True
        self._take(catalog)
        self._interrupted = False

    def _accept(self, found: Catalog) -> None:
        if self._kept is not None:
            self._kept.taken(found)
        self._telemetry.set(M.CATALOG_RELOAD_OK, 1)
        if found.version != self._running.version:
            self._running = found
            logger.info("a changed catalog is in force", extra={"fields": {"version": found.version}})
        elif self._refused:
            logger.info("the catalog is unchanged and stays in force", extra={"fields": {"version": found.version}})
        self._refused = False

    def _refuse(self, problem: str) -> None:
        if self._kept is not None:
            self._kept.refused(problem)
        self._refused = True
        self._telemetry.set(M.CATALOG_RELOAD_OK, 0)
        fields = {"error": problem, "in_force": self._running.version}
        logger.error("the changed catalog is invalid, the running one stays in force", extra={"fields": fields})

    def _state(self) -> list[tuple[Path, int, int]]:
        state = []
        for file in sorted(self._settings.catalog.rglob("*")):
            if file.suffix in {".yaml", ".md"}:
                with suppress(OSError):  # gone since it was listed, or a link to nothing: the loader reports it
                    stat = file.stat()
                    state.append((file, stat.st_mtime_ns, stat.st_size))
        return state
