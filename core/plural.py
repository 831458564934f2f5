"""Counts in words."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 flow`` or ``12,345 flows``; give ``many`` if it is not ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
