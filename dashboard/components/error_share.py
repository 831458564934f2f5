"""How many signals say that a step failed, coloured only where somebody should look."""

from __future__ import annotations

from markupsafe import Markup

from core.plural import counted

WARN, BAD = 0.01, 0.05
"""The shares from which on it is amber and red: a few failures in a thousand are everyday, and 5 % is what an SLA usually allows in all."""
TOLD = f"amber from {WARN:.0%}, red from {BAD:.0%}"
_CELL = Markup('<span class="{}" title="{}">{:.1%}</span>')


def cell(failures: int, share: float) -> Markup | str:
    """Return the share that failed, with the number on hover; nothing if none did."""
    if not failures:
        return ""
    told = round(share, 3)
    kind = "pill bad" if told >= BAD else "pill warn" if told >= WARN else ""
    return _CELL.format(kind, counted(failures, "signal"), share)
