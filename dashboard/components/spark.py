"""A small series of bars in a table's cell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from core.money import count
from dashboard.components.time_format import Zone


def spark(zone: Zone, series: Sequence[tuple[datetime, int]]) -> Markup:
    """Return bars, the highest full; each says its moment and its number."""
    top = max((number for _, number in series), default=0)
    bars = Markup("").join(
        Markup('<i class="info" style="height:{:.0f}%" title="{}: {}"></i>').format(
            max(12, 100 * number / top) if number else 0, zone.show(moment), count(number)
        )
        for moment, number in series
    )
    return Markup('<span class="spark">{}</span>').format(bars)
