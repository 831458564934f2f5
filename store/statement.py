"""The store's SQL: ``store/sql/<area>/<name>.sql.j2``, where the area is the module that asks; what several ask has none."""

from __future__ import annotations

from pathlib import Path

from core.statement import statements

statement = statements(Path(__file__).parent / "sql")
"""Renders a file of ``store/sql`` by its name (``board/clocks``) and named parameters."""
