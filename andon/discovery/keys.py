"""Which fields hold the same identifiers: those whose values meet in different sorts of signals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from andon.discovery.proposal import Field, Key
from andon.discovery.words import free, key_name, may_be_a_key
from store.sampled import LEAST_SHARED, Sampled

CANDIDATES = 400
"""At most so many fields are compared."""
_SHORTEST = 3
"""Shorter values, at the mean, identify only what their name says they identify."""
_LEAST_DIFFERENT = 0.02
_ALIKE = 0.3
"""Share of the values of the smaller of two fields of one name that the other has, too; a window cuts through what is under way."""
_ALIKE_BY_ANOTHER_NAME = 0.6
_ONE_EACH = 0.8
"""Somewhere each value of a key is written once: where the thing comes into being. A customer's number is not."""

Pair = tuple[int, int]


def candidates(fields: Iterable[Field]) -> list[Field]:
    """Return the fields that may identify something, by the look of their values and by their names."""
    found = [
        field
        for field in fields
        if field.mostly(field.identifiers)
        and field.distinct_values >= max(LEAST_SHARED, _LEAST_DIFFERENT * field.values)
        and not field.mostly(field.times)
        and field.fractions < 0.05 * field.values
        and (field.length >= _SHORTEST or key_name(field.path))
        and may_be_a_key(field.path)
    ]
    return sorted(found, key=lambda field: (-field.signals, field.sort.number, field.path))[:CANDIDATES]


def find_keys(fields: Sequence[Field], sampled: Sampled) -> list[Key]:
    """Return the keys, those in most sorts first; then, as single ones, what is in one sort only and different in each signal."""
    counts = sampled.fields()
    shared, distinct = sampled.shared(max((different for different, _ in counts.values()), default=0))
    groups = _groups(fields, _edges(fields, shared, distinct), sampled.together())
    taken: set[str] = set()
    keys: list[Key] = []
    alone: list[Key] = []
    for group in sorted(groups, key=lambda group: (-len({field.sort for field in group}), -sum(field.signals for field in group))):
        rates = [counts[field.number][0] / counts[field.number][1] for field in group if field.number in counts]
        if max(rates, default=0) < _ONE_EACH:
            continue
        single = len({field.sort for field in group}) == 1
        name = free(_name(group), taken, "_")
        taken.add(name)
        (alone if single else keys).append(Key(name, tuple(group), single))
    return [*keys, *alone]


def _edges(fields: Sequence[Field], shared: Mapping[Pair, int], distinct: Mapping[int, int]) -> list[tuple[float, Pair]]:
    """Return which fields are alike, the most alike first: at one place in signals of a sort there may be a list, or one alone."""
    names = {field.number: key_name(field.path) for field in fields}
    at: dict[tuple[int, str], int] = {}
    edges = [(3.0, (one, field.number)) for field in fields if (one := at.setdefault(field.place, field.number)) != field.number]
    for (one, other), count in shared.items():
        if one not in names or other not in names:
            continue
        share = count / max(1, min(distinct[one], distinct[other]))
        if share >= (_ALIKE if names[one] == names[other] else _ALIKE_BY_ANOTHER_NAME):
            edges.append((share + (names[one] == names[other]), (one, other)))
    return sorted(edges, key=lambda edge: (-edge[0], edge[1]))


def _groups(fields: Sequence[Field], edges: Sequence[tuple[float, Pair]], together: Mapping[Pair, Pair]) -> list[list[Field]]:
    """Return fields that are alike. Two that stand in the same signals and say different things are different keys.

    Numbers of orders and of deliveries, each counted from 1, share nearly all values.
    """
    against: dict[int, set[int]] = defaultdict(set)
    for (one, other), (both, same) in together.items():
        if both >= LEAST_SHARED and same < 0.5 * both:
            against[one].add(other)
            against[other].add(one)
    group_of = {field.number: {field.number} for field in fields}
    for _, (one, other) in edges:
        first, second = group_of[one], group_of[other]
        if first is second or any(against[number] & second for number in first):
            continue
        first |= second
        for number in second:
            group_of[number] = first
    by_number = {field.number: field for field in fields}
    unique = {id(group): group for group in group_of.values()}
    return [[by_number[number] for number in sorted(group)] for group in unique.values()]


def _name(group: Sequence[Field]) -> str:
    counts = Counter(name for field in group if (name := key_name(field.path)))
    return min(counts, key=lambda name: (-counts[name], -len(name), name)) if counts else "key"
