"""Figures side by side, each a link to what is behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

_EXHAUSTING = 0.8
"""The share of a budget from which it is nearly used up."""


@dataclass(frozen=True)
class Tile:
    """One figure. ``kind`` is a class of ``style.css`` (ok, warn, bad); ``told``: what is counted; ``href``: where it is listed."""

    label: str
    value: str
    note: str = ""
    kind: str = ""
    href: str = ""
    told: str = ""


def html(tiles: Iterable[Tile], label: str) -> Markup:
    """Return the tiles in rows, as many beside each other as there is room for."""
    return Markup('<div class="andon-kpis" role="group" aria-label="{}">{}</div>').format(label, Markup("").join(map(_tile, tiles)))


def _tile(tile: Tile) -> Markup:
    inner = Markup('<span class="label">{}</span><b>{}</b><span class="note">{}</span>').format(tile.label, tile.value, tile.note)
    if tile.href:
        return Markup('<a class="figure {}" href="{}" title="{}">{}</a>').format(tile.kind, tile.href, tile.told, inner)
    return Markup('<div class="figure {}" title="{}">{}</div>').format(tile.kind, tile.told, inner)


def budget_used(missed: float, decided: float, objective: float) -> float | None:
    """Return which share of the misses that are allowed was used (2.0: twice as many); None: nothing is decided."""
    if not decided:
        return None
    allowed = (1 - objective) * decided
    return missed / allowed if allowed > 1e-9 else float("inf") if missed else 0.0


def budget_kind(used: float | None) -> str:
    """Return the colour (a class of the style sheet) of a budget: green, amber when it is nearly used up, red beyond it."""
    return "dim" if used is None else "ok" if used < _EXHAUSTING else "warn" if used <= 1 else "bad"
