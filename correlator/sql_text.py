"""SQL literals of what a catalog says."""

from __future__ import annotations

from collections.abc import Iterable


def text(value: str) -> str:
    """Return a string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def array(items: Iterable[str]) -> str:
    """Return an array of expressions."""
    return f"[{', '.join(items)}]"
