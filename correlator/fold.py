"""A transaction's events → its state.

Every part is commutative and idempotent (earliest, latest, union, latest by event time with the event's id as tie-break), so the state is
the same for any order of the same events. Ended: the earliest of the flow's ``ends`` and ``cancels`` decides (at the same moment, the
ends). An end that names keys of relation many (each delivery is invoiced) has come when every value known of them has reached an end.
Failed: the latest failure whose stage has not succeeded since; a failure without a stage is overcome by any later success.

All transactions of a batch are folded at once, on arrays. As a statement of the store this took thirty times as long for one transaction,
most of it to plan the statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.catalog.flow import PARTIES, WRITTEN, Flow
from correlator.columns import (
    Array,
    Numbers,
    beginnings,
    combined,
    encoded,
    first_and_last,
    flattened,
    lists,
    maps,
    moments,
    pairs,
    sorted_by,
    texts_at,
)

MOMENTS_MAX = 1_000
"""Of a milestone that repeats, at most this many moments are kept, the latest ones: the row is written anew with each of its events."""

_NEVER = np.iinfo(np.int64).max
_ALWAYS = np.iinfo(np.int64).min


class Fold:
    """Folds events by the flows of a catalog."""

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self._flows = flows

    def __call__(self, events: pa.Table) -> pa.Table:
        """Return the rows of ``transactions`` of these events, which are all that their transactions have, in any order.

        Columns of ``events``: flow, transaction_id, milestone, event_id, event_time, failure, keys, facts, cause. Columns returned: all but
        ``revision`` and ``merged_into``.
        """
        history = _History(events, self._flows)
        keys, compared = _keys(history)
        begins = beginnings(history.transaction)
        facts, written = _facts(history, begins)
        last = np.append(begins[1:], len(history.at)) - 1
        return pa.table(
            {
                "flow": history.events["flow"].take(pa.array(begins)),
                "transaction_id": history.events["transaction_id"].take(pa.array(begins)),
                "reference": _as_written(compared, written, history.events["flow"].take(pa.array(begins)), self._flows),
                "keys": keys,
                "stage": _stage(history),
                "started_at": moments(history.at[begins]),
                "updated_at": moments(history.at[last]),
                **_ends(history),
                **_times(history),
                "reached": _reached(history),
                "moments": _moments(history),
                **facts,
                **_failure(history),
                "events": pa.array((last - begins + 1).astype(np.uint32)),
            }
        )


class _History:
    """The events of all transactions, by transaction, event time and id; milestones and types of keys as numbers."""

    def __init__(self, events: pa.Table, flows: Mapping[str, Flow]) -> None:
        events = events.combine_chunks()
        transaction, names = encoded(events["flow"].chunk(0), events["transaction_id"].chunk(0))
        order = sorted_by(transaction=pa.array(transaction), at=events["event_time"].chunk(0), event_id=events["event_id"].chunk(0))
        self.flows = flows
        taken = events.take(pa.array(order)).combine_chunks()
        self.events: dict[str, Array] = {name: taken[name].chunk(0) for name in taken.column_names}
        self.count = len(names)
        self.transaction = transaction[order]
        self.at: Numbers = self.events["event_time"].cast(pa.int64()).to_numpy()
        self.failure: npt.NDArray[np.bool_] = self.events["failure"].to_numpy() != 0
        self.milestone, milestones = encoded(self.events["flow"], self.events["milestone"])
        self.milestones = _Milestones(pairs(milestones), flows)

    @cached_property
    def carried(self) -> _Carried:
        """The keys of the events."""
        event, types, values = flattened(self.events["keys"])
        type_, names = encoded(self.events["flow"].take(pa.array(event)), types)
        value = encoded(values)[0]
        _, first, distinct = np.unique(combined(self.transaction[event], type_, value), return_index=True, return_inverse=True)
        return _Carried(event, type_, value, types, values, first, distinct, _Types(pairs(names), self.flows))


@dataclass(frozen=True)
class _Carried:
    """The keys of all events: of which event, its type and its value as numbers and as texts.

    ``first``: where each key of a transaction stands first; ``distinct``: which of them each one is.
    """

    event: Numbers
    type: Numbers
    value: Numbers
    types: Array
    values: Array
    first: Numbers
    distinct: Numbers
    known: _Types


class _Milestones:
    """What the catalog says about the milestones of a history, by number."""

    def __init__(self, named: list[tuple[str, str]], flows: Mapping[str, Flow]) -> None:
        number = {name: position for position, name in enumerate(named)}
        self.names = [name for _, name in named]
        self.position = np.full(len(named), -1)
        """Its place in its flow; -1: its flow has it no more."""
        self.ends = np.zeros(len(named), dtype=bool)
        """Ends that complete a transaction at once."""
        self.members: dict[int, list[tuple[str, str]]] = {}
        """By end that names keys of relation many, their types: it is reached by each of their values on its own."""
        self.cancels = np.zeros(len(named), dtype=bool)
        self.stages = [""] * len(named)
        """The stage that its failures are failures of."""
        self.stage = np.full(len(named), -1)
        """The number of that stage; -1: the history does not have it."""
        for position, (flow_name, name) in enumerate(named):
            flow = flows.get(flow_name)
            if flow is None or name not in flow.milestones:
                continue
            milestone = flow.milestones[name]
            self.position[position] = list(flow.milestones).index(name)
            self.cancels[position] = name in flow.cancels
            if name in flow.ends and name not in flow.cancels:
                types = [(flow_name, key) for key in milestone.keys if key in flow.keys and flow.keys[key].relation == "many"]
                self.ends[position] = not types
                if types:
                    self.members[position] = types
            self.stages[position] = (milestone.stage or "") if milestone.failure else ""
            self.stage[position] = number.get((flow_name, self.stages[position]), -1)


class _Types:
    """What the catalog says about the types of keys in a history, by number."""

    def __init__(self, named: list[tuple[str, str]], flows: Mapping[str, Flow]) -> None:
        self.number = {name: position for position, name in enumerate(named)}
        keys = [flows[flow].keys if flow in flows else {} for flow, _ in named]
        self.many = np.array([name in of and of[name].relation == "many" for of, (_, name) in zip(keys, named, strict=True)], dtype=bool)
        self.position = np.array([list(of).index(name) if name in of else -1 for of, (_, name) in zip(keys, named, strict=True)], np.int64)
        """Its place in its flow; -1: it is not one of its keys."""


def _times(history: _History) -> dict[str, Array]:
    """Return the earliest and the latest event of each milestone, in the order in which they were reached."""
    first, last = first_and_last(combined(history.transaction, history.milestone))
    names = texts_at(history.milestones.names, history.milestone[first])
    return {
        name: maps(history.transaction[first], history.count, names, moments(history.at[chosen]))
        for name, chosen in (("first_at", first), ("last_at", last))
    }


def _ends(history: _History) -> dict[str, Array]:
    ended, cancelled = (np.full(history.count, _NEVER) for _ in range(2))
    for earliest, decides in ((ended, history.milestones.ends), (cancelled, history.milestones.cancels)):
        chosen = decides[history.milestone]
        np.minimum.at(earliest, history.transaction[chosen], history.at[chosen])
    if history.milestones.members:
        ended = np.minimum(ended, _ended_by_members(history))
    is_cancelled = cancelled < ended
    state = np.where(is_cancelled, 2, np.where(ended < _NEVER, 1, 0))
    return {"state": texts_at(["open", "completed", "cancelled"], state), "ended_at": moments(np.minimum(ended, cancelled), state == 0)}


def _ended_by_members(history: _History) -> Numbers:
    """Return when the last value of the keys that ends name had reached an end; if there are none, when the first end came."""
    carried, count = history.carried, len(history.carried.known.number)
    first_end, last_member = np.full(history.count, _NEVER), np.full(history.count, _ALWAYS)
    names = np.zeros((history.count, count), dtype=bool)  # which types of keys the ends name that a transaction has reached
    reached = np.full(len(carried.first), _NEVER)
    for end, types in history.milestones.members.items():
        events = np.flatnonzero(history.milestone == end)
        np.minimum.at(first_end, history.transaction[events], history.at[events])
        for type_ in (carried.known.number[each] for each in types if each in carried.known.number):
            names[history.transaction[events], type_] = True
            by = np.flatnonzero((carried.type == type_) & (history.milestone[carried.event] == end))
            np.minimum.at(reached, carried.distinct[by], history.at[carried.event[by]])
    transaction = history.transaction[carried.event[carried.first]]
    member = names[transaction, carried.type[carried.first]]
    np.maximum.at(last_member, transaction[member], reached[member])
    return np.where(first_end == _NEVER, _NEVER, np.where(last_member == _ALWAYS, first_end, last_member))


def _stage(history: _History) -> Array:
    """Return the milestone furthest in the flow that was reached, and not failed."""
    reached = np.flatnonzero(~history.failure)
    furthest = np.full(history.count, -1)
    count = len(history.at)
    place = (history.milestones.position[history.milestone[reached]] + 1) * count + reached
    np.maximum.at(furthest, history.transaction[reached], place)
    milestone = np.where(furthest < 0, -1, history.milestone[furthest % count])
    return texts_at(history.milestones.names, milestone)


def _failure(history: _History) -> dict[str, Array]:
    """Return the latest failure that nothing later has overcome."""
    known = history.milestones
    reached, failed = np.flatnonzero(~history.failure), np.flatnonzero(history.failure)
    count = len(known.names)
    of_any, of_stage = np.full(history.count, _ALWAYS), np.full((history.count if len(failed) else 0) * count, _ALWAYS)
    of_any[history.transaction[reached]] = history.at[reached]  # the latest, because a later one replaces it
    if len(failed):
        of_stage[history.transaction[reached] * count + history.milestone[reached]] = history.at[reached]
    transaction, milestone = history.transaction[failed], history.milestone[failed]
    has_stage = np.array([stage != "" for stage in known.stages], dtype=bool)[milestone]
    stage = known.stage[milestone]
    succeeded = np.where(stage < 0, _ALWAYS, of_stage[transaction * count + np.maximum(stage, 0)])
    overcome = np.where(has_stage, succeeded, of_any[transaction]) > history.at[failed]
    latest = np.full(history.count, -1)
    latest[transaction[~overcome]] = failed[~overcome]
    milestone = np.where(latest < 0, -1, history.milestone[latest])
    return {
        "failed_milestone": texts_at(known.names, milestone),
        "failed_stage": texts_at([stage or name for stage, name in zip(known.stages, known.names, strict=True)], milestone),
        "failed_at": moments(history.at[latest], latest < 0),
        "cause": texts_at(history.events["cause"], latest),
    }


def _keys(history: _History) -> tuple[Array, Array]:
    """Return the values of each type of key, and the reference: the smallest of the flow's first type that is there."""
    carried = history.carried
    first = carried.first
    transaction = history.transaction[carried.event[first]]
    types, values = carried.types.take(pa.array(first)), carried.values.take(pa.array(first))
    order = sorted_by(transaction=pa.array(transaction), type=types, value=values)
    transaction, type_ = transaction[order], carried.type[first[order]]
    types, values = types.take(pa.array(order)), values.take(pa.array(order))
    begins = beginnings(transaction, type_)
    keys = maps(transaction[begins], history.count, types.take(pa.array(begins)), lists(begins, values))

    place = carried.known.position[type_[begins]]
    named = np.flatnonzero(place >= 0)
    best = np.full(history.count, _NEVER)
    np.minimum.at(best, transaction[begins[named]], place[named] * len(order) + begins[named])
    reference = np.where(best == _NEVER, -1, best % max(1, len(order)))
    return keys, texts_at(values, reference)


def _reached(history: _History) -> Array:
    """Return for each milestone the values of keys of relation many, with the earliest time of each."""
    carried = history.carried
    many = np.flatnonzero(carried.known.many[carried.type])
    event = carried.event[many]
    whole = combined(history.transaction[event], history.milestone[event], carried.type[many], carried.value[many])
    first = first_and_last(whole)[0]
    event, chosen = event[first], pa.array(many[first])
    transaction, milestone = history.transaction[event], history.milestone[event]
    columns = {
        "milestone": texts_at(history.milestones.names, milestone),
        "type": carried.types.take(chosen),
        "value": carried.values.take(chosen),
    }
    order = sorted_by(transaction=pa.array(transaction), **columns)
    names, types, values = (column.take(pa.array(order)) for column in columns.values())
    begins = beginnings(transaction[order], milestone[order])
    reached = pa.StructArray.from_arrays([types, values, moments(history.at[event[order]])], ["type", "value", "at"])
    return maps(transaction[order][begins], history.count, names.take(pa.array(begins)), lists(begins, reached))


def _moments(history: _History) -> Array:
    """Return the moments of each milestone that was reached at more than two, in the order in which milestones were reached."""
    _, first, group = np.unique(combined(history.transaction, history.milestone), return_index=True, return_inverse=True)
    group = np.argsort(np.argsort(first))[group]
    often = np.flatnonzero(np.bincount(group)[group] > 2)  # most milestones do not repeat
    first = first_and_last(combined(group[often], np.unique(history.at[often], return_inverse=True)[1]))[0]
    order = np.argsort(group[often[first]], kind="stable")
    event = often[first[order]]
    begins = beginnings(group[event])
    sizes = np.diff(np.append(begins, len(event)))
    rank = np.arange(len(event)) - np.repeat(begins, sizes)
    size = np.repeat(sizes, sizes)
    event = event[(size > 2) & (rank >= size - MOMENTS_MAX)]  # the events of a milestone together, by time

    begins = beginnings(group[event])
    owner = event[begins]
    names = texts_at(history.milestones.names, history.milestone[owner])
    return maps(history.transaction[owner], history.count, names, lists(begins, moments(history.at[event])))


def _facts(history: _History, begins: Numbers) -> tuple[dict[str, Array], Array]:
    """Return the latest value of each fact with the company in each role, and the earliest text of the first key (empty: none).

    The text is as it was written. ``begins``: where each transaction's events begin.
    """
    event, names, values = flattened(history.events["facts"])
    own = pc.equal(names, WRITTEN).to_numpy(zero_copy_only=False)
    seen = np.flatnonzero(own)
    earliest = seen[first_and_last(history.transaction[event[seen]])[0]]
    written = np.full(history.count, -1)
    written[history.transaction[event[earliest]]] = earliest

    kept = np.flatnonzero(~own)
    last = kept[first_and_last(combined(history.transaction[event[kept]], encoded(names.take(pa.array(kept)))[0]))[1]]
    transaction, fact, value = history.transaction[event[last]], names.take(pa.array(last)), values.take(pa.array(last))
    order = sorted_by(transaction=pa.array(transaction), name=fact)
    facts = maps(transaction[order], history.count, fact.take(pa.array(order)), value.take(pa.array(order)))
    return {"facts": facts, **_parties(history, begins, transaction, fact, value)}, texts_at(values, written)


def _as_written(compared: Array, written: Array, flow: Array, flows: Mapping[str, Flow]) -> Array:
    """Return each transaction's key in the way it was written, where that is the same key; otherwise in the way it is compared."""
    reference = compared
    for name in pc.unique(flow).to_pylist():
        key = next(iter(flows[name].keys.values()), None) if name in flows else None
        if key is None:
            continue
        plain = pc.utf8_trim_whitespace(written)
        same = pc.utf8_ltrim(plain, characters=key.strip_leading) if key.strip_leading else plain
        same = {"upper": pc.utf8_upper, "lower": pc.utf8_lower}.get(key.case, lambda texts: texts)(same)
        reference = pc.if_else(pc.and_(pc.equal(flow, name), pc.equal(same, compared)), plain, reference)
    return reference


def _parties(history: _History, begins: Numbers, transaction: Numbers, names: Array, values: Array) -> dict[str, Array]:
    name, known = encoded(names)
    number = {text: position for position, text in enumerate(known.to_pylist())}
    flow, flows = encoded(history.events["flow"].take(pa.array(begins)))
    declared = [history.flows[each].parties() if each in history.flows else {} for each in flows.to_pylist()]
    columns: dict[str, Array] = {}
    for role in PARTIES:
        wanted = np.array([number.get(parties.get(role, ""), -1) for parties in declared], np.int64)
        found = np.flatnonzero(name == wanted[flow[transaction]])
        place = np.full(history.count, -1)
        place[transaction[found]] = found
        columns[role] = texts_at(values, place)
    return columns
