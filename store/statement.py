"""The store's SQL: ``store/sql/<area>/<name>.sql.j2``; the area is the module that asks, and SQL used by several modules has none."""

from __future__ import annotations

from pathlib import Path

from core.statement import statements

statement = statements(Path(__file__).parent / "sql")
"""Renders a file in ``store/sql``, given its name (``board/clocks``) and named parameters."""
