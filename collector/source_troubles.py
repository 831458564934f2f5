"""The troubles of sources, which nobody sees in their signals: gaps, why one cannot be read now, and why its queues are not told.

All are points of Andon's own source, as the states of queues are, so that pages can tell of them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from collector.own_points import OwnPoint

GAP = "andon_source_gap"
UNREAD = "andon_source_unread"
UNTOLD = "andon_source_queues_untold"
AGAIN_MILLISECONDS = 60_000
"""How long after it was last told that a source cannot be read, or its queues are not told, it is told again."""
_TEXT_CHARACTERS = 300


class SourceTroubles:
    """What is to be kept, joined by source and words, so that a flood of gaps is one point. Any thread may note; one loop keeps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gaps: dict[tuple[str, str], OwnPoint] = {}
        self._states: dict[tuple[str, str], OwnPoint] = {}
        self._kept: dict[tuple[str, str], OwnPoint] = {}

    def gap(self, source: str, what: str, fields: Mapping[str, Any], at: int) -> None:
        """Note that messages of a source are missing; ``fields`` say where."""
        what, place = what[:_TEXT_CHARACTERS], ", ".join(f"{name} {value}" for name, value in fields.items())[:_TEXT_CHARACTERS]
        with self._lock:
            before = self._gaps.get((source, what))
            attributes = {"source": source, "what": what, "place": place}
            self._gaps[source, what] = OwnPoint(GAP, (before.value if before else 0) + 1, at, attributes)

    def read(self, source: str, at: int, why_not: str = "") -> None:
        """Note that a source is read, or why it cannot be."""
        self._note(UNREAD, source, at, why_not)

    def untold(self, source: str, at: int, why: str = "") -> None:
        """Note why nobody tells what waits in the queues of a source; without a reason, that it is told, or that it has none."""
        self._note(UNTOLD, source, at, why)

    def _note(self, name: str, source: str, at: int, why: str) -> None:
        before = self._states.get((name, source))
        if why or before is None or before.value:
            self._states[name, source] = OwnPoint(name, float(bool(why)), at, {"source": source, "why": why[:_TEXT_CHARACTERS]})

    def due(self, now: int) -> list[OwnPoint]:
        """Return what is to be kept ``now``: gaps, what has changed, and what still stands and was last told a while ago.

        Who has stopped for good notes nothing again, and is unread all the same: that is told as of now.
        """
        with self._lock:
            troubles = list(self._gaps.values())
        for state, point in list(self._states.items()):
            kept = self._kept.get(state)
            if kept is None or point.attributes != kept.attributes:
                troubles.append(point)
            elif point.value and now >= kept.at + AGAIN_MILLISECONDS:
                troubles.append(replace(point, at=now))
        return troubles

    def keep(self, points: list[OwnPoint]) -> None:
        """Remember that these are on disk."""
        for point in points:
            source = point.attributes["source"]
            if point.name != GAP:
                self._kept[point.name, source] = point
                continue
            with self._lock:
                left = self._gaps.pop(key := (source, point.attributes["what"]))
                if left.value > point.value:  # more came while it was kept
                    self._gaps[key] = OwnPoint(GAP, left.value - point.value, left.at, left.attributes)
