"""What belongs together in a message: qualified segments under their qualifier, the segments of a party or an item within it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.edi.segments import Segment, Separators, as_map
from collector.format import add_alike


@dataclass(frozen=True, slots=True)
class Layout:
    """How the segments of a dialect belong together.

    ``qualifiers``: of segments that say in an element what they are about (``RFF``: in element ``1``). ``inside``: the segments that follow
    a segment and belong to it. ``until``: segments that hold everything up to one of these.
    """

    qualifiers: Mapping[str, str]
    inside: Mapping[str, frozenset[str]] = field(default_factory=dict)
    until: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def holds(self, outer: str, inner: str) -> bool:
        """Return whether a segment belongs to the one before it."""
        if outer in self.until:
            return inner not in self.until[outer]
        return inner in self.inside.get(outer, ())


def names(text: str) -> frozenset[str]:
    """Return the names in a list of them."""
    return frozenset(text.split())


def tree_of(segments: Sequence[Segment], separators: Separators, layout: Layout) -> dict[str, Any]:
    """Return the segments of a message by name. A qualified one is under its qualifier: ``{"RFF": {"ON": {"1": "ON", "1-2": "4711"}}}``."""
    root: dict[str, Any] = {}
    opened: list[tuple[str, dict[str, Any]]] = []
    for segment in segments:
        name = segment.name
        values = as_map(segment, separators)
        while opened and not layout.holds(opened[-1][0], name):
            opened.pop()
        holder = opened[-1][1] if opened else root
        if (element := layout.qualifiers.get(name)) is None:
            add_alike(holder, name, values)
        else:
            qualifier = values.get(element, "")
            add_alike(holder.setdefault(name, {}), qualifier[0] if isinstance(qualifier, list) else qualifier, values)
        if name in layout.until or name in layout.inside:
            opened.append((name, values))
    return root
