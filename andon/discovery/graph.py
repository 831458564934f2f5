"""How keys hang together: which belong to one flow, which of them is a transaction, and how the others lead to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.sampled import LEAST_SHARED

Relations = Mapping[tuple[int, int], tuple[int, int]]
"""Of two keys: how many values of the one stand beside any of the other, and how many of them beside only one."""
_DETERMINED = 0.9
_ALWAYS = 0.98


@dataclass(frozen=True)
class Family:
    """Keys of one flow. ``parents``: each other key with the key that leads to the root, in the order in which they can be followed."""

    root: int
    parents: tuple[tuple[int, int], ...]
    relations: Mapping[int, str]

    @property
    def keys(self) -> tuple[int, ...]:
        """The root first."""
        return (self.root, *(key for key, _ in self.parents))


def families(sorts: Mapping[int, int], relations: Relations) -> list[Family]:
    """Return the keys that hang together, given of each in how many sorts of signals it is, the most important key first."""
    keys = list(sorts)
    left = list(keys)
    found = []
    while left:
        component = [left.pop(0)]
        for key in component:
            component += (near := [other for other in left if _linked(relations, key, other)])
            left = [other for other in left if other not in near]
        found.append(_family(sorted(component, key=keys.index), sorts, relations))
    return found


def _family(keys: Sequence[int], sorts: Mapping[int, int], relations: Relations) -> Family:
    # What many others belong to, and what is often named: all of an order's numbers belong to a consolidated invoice as well, and items are
    # named more often than their order.
    root = max(keys, key=lambda key: (len(_led_by(key, keys, relations)) * sorts[key], -keys.index(key)))
    parents: list[tuple[int, int]] = []
    told = {root: (False, False)}
    while len(told) < len(keys):
        edges = [(key, parent) for key in keys if key not in told for parent in told if _linked(relations, key, parent)]
        key, parent = max(edges, key=lambda edge: (_share(relations, *edge) >= _DETERMINED, edge[1] == root, relations[edge][0], edge))
        many = relations[parent, key][1] < relations[parent, key][0]
        several = _share(relations, key, parent) < _ALWAYS
        told[key] = (told[parent][0] or many, told[parent][1] or several)
        parents.append((key, parent))
    words = {key: "many-to-many" if several else "many" if many else "one" for key, (many, several) in told.items()}
    return Family(root, tuple(parents), words)


def _led_by(root: int, keys: Sequence[int], relations: Relations) -> set[int]:
    """Return the keys each of whose values belongs to one value of the root, perhaps by way of others."""
    led = {root}
    while more := {key for key in keys if key not in led and any(_share(relations, key, known) >= _DETERMINED for known in led)}:
        led |= more
    return led


def _share(relations: Relations, one: int, other: int) -> float:
    values, single = relations.get((one, other), (0, 0))
    return single / values if values >= LEAST_SHARED else 0.0


def _linked(relations: Relations, one: int, other: int) -> bool:
    return relations.get((one, other), (0, 0))[0] >= LEAST_SHARED
