"""The catalog in force, why a changed one was rejected, and earlier catalogs."""

from __future__ import annotations

from store.reads.connection import Reader
from store.statement import statement


def in_force(client: Reader) -> dict[str, str]:
    """Return ``definitions``, the text of the catalog in force ('' before the first).

    :func:`core.catalog.catalog.catalog_from_json` reads it.

    ``problem``: why the catalog on disk has been rejected since; '' if it is the one in force.
    """
    rows = client.query(statement("catalogs/in_force")).result_rows
    return dict(zip(("definitions", "problem"), rows[0], strict=True))


def of_versions(client: Reader, *, versions: tuple[str, ...]) -> dict[str, str]:
    """Return the text of each of these versions that is known, by version."""
    rows = client.query(statement("catalogs/of_versions"), parameters={"versions": list(versions)}).result_rows
    return {str(version): str(definitions) for version, definitions in rows}
