"""Brings a store to the current schema: ``schema/*.sql``, one statement a file, applied once in the order of their numbers."""

from __future__ import annotations

from pathlib import Path

from store.client import Store

SCHEMA = Path(__file__).parent / "schema"


def migrate(store: Store) -> None:
    """Apply what is missing."""
    for file in sorted(SCHEMA.glob("*.sql")):
        store.command(file.read_text(encoding="utf-8"))
