"""Checks a catalog with the judges of every stage: due expressions by ``slas``, SQL expressions by the store's own engine."""

from __future__ import annotations

from pathlib import Path

from core.catalog.load import Loaded, load_catalog
