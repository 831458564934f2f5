"""Checks a catalog with the judges of every stage: due expressions by ``slas``, SQL expressions by the store's own engine."""

from __future__ import annotations

from pathlib import Path

from core.catalog.load import Loaded, load_catalog
from slas.due import check_due


def check_catalog(folder: Path) -> Loaded:
    """Return the checked catalog. Raises :class:`core.catalog.load.CatalogErrors` with every problem in it."""
    return load_catalog(folder, check_due=check_due)
