"""Counts in words."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 flow``, ``12,345 flows`` or ``2 deliveries``; give ``many`` if it is formed in another way."""
    return f"{number:,} {one if number == 1 else many or several(one)}"


def several(one: str) -> str:
    """Return the plural of an English word: ``flows``, ``deliveries``, ``days``."""
    return f"{one[:-1]}ies" if one[-1:] == "y" and one[-2:-1] not in set("aeiou") else f"{one}s"
