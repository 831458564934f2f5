"""Follows transactions along their keys, and puts what happened in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from andon.discovery.facts import cause_of, facts_of
from andon.discovery.graph import Family, families
from andon.discovery.proposal import Field, Flow, Key, Milestone, Sort, Step
from andon.discovery.words import shortest_slug, slug
from store.sampled import LEAST_SHARED, Followed, Sampled

MILESTONES = 40
"""At most so many milestones of a flow are proposed, those seen in most transactions."""
_BELONGS = 0.3
"""A sort is a milestone if at least this share of its signals belongs to transactions."""
_OPTIONAL = 0.8
_CANCELS = ("cancel", "storn", "withdraw", "revoke")

Orders = Mapping[tuple[int, int], Mapping[str, Any]]


def find_flows(keys: Sequence[Key], fields: Sequence[Field], sampled: Sampled) -> list[Flow]:
    """Return the flows, that of the keys in most sorts first. Each sort becomes a milestone of one flow at most."""
    relations = sampled.place({field.number: place for place, key in enumerate(keys) for field in key.fields})
    counts = sampled.fields()
    flows: list[Flow] = []
    used: set[Sort] = set()
    for family in families({place: key.sorts for place, key in enumerate(keys)}, relations):
        roots = max(counts[field.number][0] for field in keys[family.root].fields if field.number in counts)
        with sampled.transactions(family.root, family.parents, roots) as followed:
            flow = _flow(family, keys, [field for field in fields if field.sort not in used], followed, {flow.name for flow in flows})
        if flow is not None:
            flows.append(flow)
            used |= {milestone.sort for milestone in flow.milestones}
    return flows


def _flow(family: Family, keys: Sequence[Key], fields: Sequence[Field], followed: Followed, taken: set[str]) -> Flow | None:
    own = [keys[place] for place in family.keys]
    known = {field.sort.number: field.sort for field in fields}
    seen = {number: row for number, row in followed.sorts().items() if number in known and row["transactions"] >= LEAST_SHARED}
    largest = max((row["transactions"] for row in seen.values()), default=0)
    sorts = [known[number] for number in sorted(seen, key=lambda number: (-seen[number]["transactions"], number))]
    sorts = [sort for sort in sorts if any(key.of(sort) for key in own)][:MILESTONES]
    if sum(not sort.failed for sort in sorts) < 2:
        return None
    numbers = [sort.number for sort in sorts]
    orders = followed.orders(numbers)
    ordered = in_order(sorts, orders)
    milestones = _milestones(ordered, own, fields, seen, followed.variants(numbers), orders)
    main = [each for each in milestones if not each.optional and not each.sort.failed] or milestones[-1:]
    facts = facts_of(ordered, fields, followed)
    first, last = main[0], main[-1]
    return Flow(
        name=slug(own[0].name, taken, otherwise="flow"),
        keys={key.name: key for key in own},
        relations={keys[place].name: relation for place, relation in family.relations.items()},
        facts=facts,
        milestones=milestones,
        ends=[last.name],
        cancels=[each.name for each in milestones if each.optional and _cancels(each)],
        transactions=largest,
        whole=_step(orders, first.sort, last.sort) if first is not last else None,
    )


def in_order(sorts: Sequence[Sort], orders: Orders) -> list[Sort]:
    """Return sorts in the order that most transactions that were seen in both of two took."""

    def first(one: Sort, other: Sort) -> float | None:
        there, back = orders.get((one.number, other.number)), orders.get((other.number, one.number))
        if there is None or back is None:
            return None
        return float((there["before"] + (there["both"] - there["before"] - back["before"]) / 2) / there["both"])

    def ahead_of(one: Sort) -> float:
        shares = [share for other in sorts if other != one and (share := first(one, other)) is not None]
        return sum(shares) / len(shares) if shares else 0.0

    ordered = sorted(sorts, key=lambda sort: (-ahead_of(sort), sort.number))
    for _ in ordered:  # the mean over all others may put two side by side that are mostly the other way round
        for place in range(len(ordered) - 1):
            if (first(ordered[place], ordered[place + 1]) or 0.5) < 0.5:
                ordered[place : place + 2] = ordered[place + 1], ordered[place]
    return ordered


def _milestones(
    ordered: Sequence[Sort],
    keys: Sequence[Key],
    fields: Sequence[Field],
    seen: Mapping[int, Mapping[str, int]],
    variants: Sequence[tuple[frozenset[int], int]],
    orders: Orders,
) -> list[Milestone]:
    names = _names(ordered)
    milestones: list[Milestone] = []
    before: Sort | None = None
    for place, sort in enumerate(ordered):
        later = {each.number for each in ordered[place:] if not each.failed}
        came = sum(count for sorts, count in variants if sorts & (later | {sort.number}))
        there = sum(count for sorts, count in variants if sort.number in sorts)
        sibling = next((each for each in ordered if not each.failed and _same(each, sort)), None) if sort.failed else None
        optional = sort.failed or there < _OPTIONAL * came
        milestones.append(
            Milestone(
                name=names[sort],
                sort=sort,
                keys={key.name: field for key in keys if (field := key.of(sort)) is not None},
                share=there / max(1, came),
                transactions=seen[sort.number]["transactions"],
                times=seen[sort.number]["usual_times"],
                optional=optional,
                step=_step(orders, before, sort) if before is not None else None,
                stage=names[sibling] if sibling is not None else None,
                cause=cause_of(sort, fields) if sort.failed else None,
            )
        )
        before = before if optional else sort
    return milestones


def _same(one: Sort, other: Sort) -> bool:
    return (one.kind, one.name, one.service, one.destination, one.operation) == (
        other.kind, other.name, other.service, other.destination, other.operation,
    )  # fmt: skip


def _names(ordered: Sequence[Sort]) -> dict[Sort, str]:
    names: dict[Sort, str] = {}
    for sort in sorted(ordered, key=lambda sort: sort.failed):
        name = sort.name or f"{sort.destination} {sort.operation}"
        parts = (
            name.rstrip("*").split(".") if sort.kind == "event" else [" ".join(name.replace("\x01", " ").replace("\x02", " ").split()[:6])]
        )
        names[sort] = shortest_slug([*parts[:-1], parts[-1] + (" failed" if sort.failed else "")], names.values(), otherwise="milestone")
    return names


def _step(orders: Orders, one: Sort, other: Sort) -> Step | None:
    found = orders.get((one.number, other.number))
    if found is None or found["both"] < LEAST_SHARED:
        return None
    usual, most, nearly_all = (max(0, int(each)) for each in found["took"])
    return Step(int(found["both"]), usual, most, nearly_all)


def _cancels(milestone: Milestone) -> bool:
    return any(word in milestone.name for word in _CANCELS)
