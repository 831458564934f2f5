"""The SQL of correlation that is made from a catalog: ``correlator/sql/<name>.sql.j2``."""

from __future__ import annotations

from pathlib import Path

from core.statement import statements

statement = statements(Path(__file__).parent / "sql")
"""Renders a file of ``correlator/sql`` by its name and named parameters."""
