"""What transactions are, said again in the plainest way: all events at once, nested loops, no code shared with the product."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heard:
    """One milestone event: what the model is given. Times are in milliseconds."""

    event_id: str
    milestone: str
    at: int
    keys: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...] = ()
    failure: bool = False
    cause: str = ""


@dataclass(frozen=True)
class Rules:
    """What the model knows of a flow."""

    key_types: tuple[str, ...]
    many: frozenset[str]
    loose: frozenset[str]
    order: tuple[str, ...]
    ends: frozenset[str]
    cancels: frozenset[str]
    stages: dict[str, str] = field(default_factory=dict)
    end_keys: dict[str, frozenset[str]] = field(default_factory=dict)
    """By end, the keys of relation many that it names."""


def transactions(rules: Rules, heard: list[Heard]) -> list[dict[str, object]]:
    """Return the transactions of these events, in the order of their smallest exclusive key."""
    events = list({event.event_id: event for event in heard if event.keys}.values())
    groups: list[set[str]] = []
    exclusive = {event.event_id: {key for key in event.keys if key[0] not in rules.loose} for event in events}
    for event in events:
        if not exclusive[event.event_id]:
            continue
        merged = {event.event_id}
        rest = []
        for group in groups:
            if any(exclusive[member] & key_set for member in group for key_set in [exclusive[event.event_id]]):
                merged |= group
            else:
                rest.append(group)
        groups = [*rest, merged]
    by_id = {event.event_id: event for event in events}
    found = []
    for group in groups:
        members = [by_id[one] for one in group]
        attached = {key for event in members for key in event.keys if key[0] in rules.loose}
        members += [event for event in events if not exclusive[event.event_id] and attached & set(event.keys)]
        first_key = min(key for one in group for key in exclusive[one])
        found.append((first_key, _state(rules, sorted(members, key=lambda event: (event.at, event.event_id)))))
    return [state for _, state in sorted(found, key=lambda pair: pair[0])]


def orphans(rules: Rules, heard: list[Heard]) -> int:
    """Return how many events have only many-to-many keys that no transaction is attached to."""
    events = {event.event_id: event for event in heard if event.keys}.values()
    held = {key for event in events if any(key[0] not in rules.loose for key in event.keys) for key in event.keys}
    return sum(1 for event in events if all(key[0] in rules.loose for key in event.keys) and not held & set(event.keys))


def _state(rules: Rules, events: list[Heard]) -> dict[str, object]:
    times: dict[str, list[int]] = {}
    reached: dict[str, dict[tuple[str, str], int]] = {}
    facts: dict[str, str] = {}
    keys: dict[str, set[str]] = {}
    for event in events:  # earliest first
        times.setdefault(event.milestone, []).append(event.at)
        facts.update(event.facts)
        for key in event.keys:
            keys.setdefault(key[0], set()).add(key[1])
            if key[0] in rules.many:
                reached.setdefault(event.milestone, {}).setdefault(key, event.at)
    ended = _ended(rules, {name: min(found) for name, found in times.items()}, keys, reached)
    cancelled = [min(times[name]) for name in rules.cancels if name in times]
    state, at = "open", None
    if ended:
        state, at = "completed", min(ended)
    if cancelled and (not ended or min(cancelled) < min(ended)):
        state, at = "cancelled", min(cancelled)
    failed = ("", "", None, "")
    for event in events:
        if not event.failure:
            continue
        stage = rules.stages.get(event.milestone, "")
        over = any(not other.failure and other.at > event.at and stage in {"", other.milestone} for other in events)
        if not over:
            failed = (event.milestone, stage or event.milestone, event.at, event.cause)
    successes = [event.milestone for event in events if not event.failure]
    return {
        "reference": next(min(keys[name]) for name in rules.key_types if name in keys),
        "keys": {name: sorted(values) for name, values in keys.items()},
        "state": state,
        "ended_at": at,
        "stage": max(successes, key=rules.order.index) if successes else "",
        "first_at": {name: min(found) for name, found in times.items()},
        "last_at": {name: max(found) for name, found in times.items()},
        "moments": {name: sorted(set(found)) for name, found in times.items() if len(set(found)) > 2},
        "reached": {name: sorted((*key, when) for key, when in values.items()) for name, values in reached.items()},
        "facts": facts,
        "failed": failed,
        "events": len(events),
    }


def _ended(rules: Rules, first: dict[str, int], keys: dict[str, set[str]], reached: dict[str, dict[tuple[str, str], int]]) -> list[int]:
    """Return when ends came: one that names members has come when every member has reached one."""
    ends = [name for name in rules.ends - rules.cancels if name in first]
    shared = [name for name in ends if rules.end_keys.get(name)]
    found = [first[name] for name in ends if name not in shared]
    if not shared:
        return found
    at: list[int] = []
    for key in set().union(*(rules.end_keys[name] for name in shared)):
        for value in keys.get(key, ()):
            its = [reached.get(name, {}).get((key, value)) for name in shared if key in rules.end_keys[name]]
            known = [moment for moment in its if moment is not None]
            if not known:
                return found
            at.append(min(known))
    return [*found, max(at) if at else min(first[name] for name in shared)]
