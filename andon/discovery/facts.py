"""Business values that lie beside the keys: by their names, and by being the same all through a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from andon.discovery.proposal import Fact, Field, Sort
from andon.discovery.words import fact_name, words_of
from store.sampled import Followed

_CONSTANT = 0.9
_CAUSES = frozenset({"type", "reason", "cause", "code"})


def fact_fields(fields: Iterable[Field]) -> list[Field]:
    """Return the fields whose names and values are like those of a fact."""
    return [field for field in fields if (meant := fact_name(field.path)) is not None and _is(meant[1], meant[0], field)]


def facts_of(ordered: Sequence[Sort], fields: Iterable[Field], followed: Followed) -> list[Fact]:
    """Return each fact once: where it is found first in the course of a flow."""
    place = {sort: number for number, sort in enumerate(ordered) if not sort.failed}
    own = sorted(
        (field for field in fact_fields(fields) if field.sort in place and field.signals >= 0.5 * min(field.sort.seen, field.values)),
        key=lambda field: (place[field.sort], "[]" in field.path, len(field.path), field.path),
    )
    constant = followed.constant([field.number for field in own]) if own else {}
    found: dict[str, Fact] = {}
    for field in own:
        meant = fact_name(field.path)
        if meant is not None and meant[0] not in found and constant.get(field.number, 0) >= _CONSTANT:
            found[meant[0]] = Fact(meant[0], meant[1], field, constant[field.number])
    return list(found.values())


def cause_of(sort: Sort, fields: Iterable[Field]) -> Field | None:
    """Return where failures of a sort say why."""
    own = [
        field
        for field in fields
        if field.sort == sort and _CAUSES.intersection(words_of(field.path)) and field.distinct_values < field.values
    ]
    return min(own, key=lambda field: (field.path != "attributes.error.type", len(field.path)), default=None)


def _is(type_: str, name: str, field: Field) -> bool:
    if type_ == "decimal":
        return field.mostly(field.numbers)
    if type_ == "time":
        return field.mostly(field.times)
    return not field.mostly(field.times) and (name != "currency" or field.shape == "AAA")
