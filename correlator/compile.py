"""Catalog → SQL: one ``SELECT`` per signal kind that reads signals as milestone events.

The cost of a signal must not grow with the number of rules that cannot match it. So a rule (one milestone of one flow) is found by
its *discriminator*: the signal's name (or type), else its service, else its source, through hash look-ups. What is left of a rule
is data: a row of the table ``milestone_rules``, joined by its number, with its conditions and the paths of its keys and facts (as text of
the SELECT it would be parsed again for every insert); only expressions and regular expressions of the catalog become branches of their
own. A rule without a discriminator looks at every signal of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalog.catalog import Catalog
from core.catalog.flow import Flow, Match, Milestone
from correlator.paths import COLUMNS, Place, Signal, as_expression, place_of
from correlator.sql_text import array, text

KEY_LENGTH_LIMIT = 512
"""Characters of a key's value after normalisation; longer ones are no business identifiers."""

BAD_KEY = "bad_correlation_id"
"""Key type that stands in for a value over the limit, so that the correlator can report the signal."""

NAME_COLUMN: dict[Signal, str] = {"span": "name", "log": "", "event": "type"}
TABLE: dict[Signal, str] = {"span": "spans", "log": "logs", "event": "events"}
CONTENT_KEY: dict[Signal, str] = {
    "span": "concat(trace_id, '/', span_id)",
    "log": "log_id",
    "event": "concat(event_source, ' ', id)",
}
_ROOTS = {Place.ATTRIBUTES: "attributes", Place.RESOURCE: "resource", Place.EXTENSIONS: "extensions"}
OWN_TIME: dict[Signal, str] = {"span": "start_time", "log": "time", "event": "time"}
SUSPECT: dict[Signal, str] = {
    "span": "implausible OR end_time < start_time AND end_time != toDateTime64(0, 9, 'UTC')",
    "log": "implausible",
    "event": "implausible",
}
"""When a signal's time is suspect. A span that ends before it starts still counts from its start: no end (zero) is none."""


_Places = list[tuple[Place, list[str]]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One milestone of one flow, with its number (from 1) in the arrays of its signal kind."""

    number: int
    flow: Flow
    name: str
    milestone: Milestone


@dataclass(frozen=True)
class Compiled:
    """The SELECT of each signal kind that any flow uses, and the rows of ``milestone_rules`` that it joins, by column.

    ``version`` is the catalog's, ``flows`` those it was made of.
    """

    version: str
    flows: dict[str, Flow]
    selects: dict[Signal, str]
    rules: dict[str, list[Any]]


def compile_catalog(catalog: Catalog) -> Compiled:
    """Compile all flows. Raises ValueError for a match that its signal kind cannot answer."""
    selects: dict[Signal, str] = {}
    rows: dict[str, list[Any]] = {}
    for kind in TABLE:
        if rules := _rules(kind, catalog.flows):
            parts = {
                "conditions": _conditions(kind, rules),
                "keys": _keys(kind, rules),
                "facts": _facts(kind, rules),
                "cause": _cause(kind, rules),
            }
            selects[kind] = _select(kind, rules, parts)
            for column, values in _columns(kind, rules, parts).items():
                rows.setdefault(column, []).extend(values)
    return Compiled(catalog.version, dict(catalog.flows), selects, rows)


def _rules(kind: Signal, flows: dict[str, Flow]) -> list[Rule]:
    found = [(flow, name, each) for flow in flows.values() for name, each in flow.milestones.items() if signal_of(each.match) == kind]
    return [Rule(number, *rest) for number, rest in enumerate(found, start=1)]


@dataclass(frozen=True, slots=True)
class _Part:
    """What a column of a milestone event is made of: ``sql`` over a signal and its rule, and what each rule's row holds for it."""

    sql: str
    values: Sequence[Any]


def _columns(kind: Signal, rules: Sequence[Rule], parts: Mapping[str, _Part]) -> dict[str, Sequence[Any]]:
    """Return the columns of ``milestone_rules``."""
    return {
        "signal": [kind] * len(rules),
        "rule": [rule.number for rule in rules],
        "flow": [rule.flow.flow for rule in rules],
        "milestone": [rule.name for rule in rules],
        "system": [rule.milestone.system for rule in rules],
        "failure": [int(rule.milestone.failure) for rule in rules],
        **{name: part.values for name, part in parts.items()},
    }


def _select(kind: Signal, rules: Sequence[Rule], parts: Mapping[str, _Part]) -> str:
    """Return the SELECT whose columns are those of ``milestone_events``, over the table named in TABLE."""
    rows = ", ".join(f"{column} AS rule_{column}" for column in ("flow", "milestone", "system", "failure", *parts))
    return "\n".join(
        [
            f"WITH toDateTime64({OWN_TIME[kind]}, 3, 'UTC') AS own_time,",
            "    own_time < toDateTime64('2000-01-01', 3, 'UTC') OR own_time > received_at + INTERVAL 5 MINUTE AS implausible",
            "SELECT",
            "    slice,",
            "    rule_flow AS flow,",
            "    rule_milestone AS milestone,",
            f"    lower(hex(sipHash128(flow, milestone, '{kind}', signal_id))) AS event_id,",
            "    if(implausible, received_at, own_time) AS event_time,",
            "    received_at,",
            f"    {SUSPECT[kind]} AS time_suspect,",
            f"    '{kind}' AS signal,",
            f"    {CONTENT_KEY[kind]} AS signal_id,",
            "    trace_id,",
            "    source,",
            "    rule_system AS system,",
            f"    {parts['keys'].sql} AS keys,",
            f"    {parts['facts'].sql} AS facts,",
            "    rule_failure AS failure,",
            f"    {parts['cause'].sql} AS cause,",
            f"    {'content_hash' if kind == 'event' else text('')} AS content_hash",
            f"FROM (SELECT *, arrayJoin({_candidates(kind, rules)}) AS rule FROM {TABLE[kind]}) AS signals",
            f"INNER JOIN (SELECT rule, {rows} FROM milestone_rules WHERE signal = '{kind}') AS rules USING rule",
            f"WHERE {parts['conditions'].sql}",
        ]
    )


def signal_of(match: Match) -> Signal:
    """Return the signal kind a match speaks of: its ``event``, ``log`` or (also when neither is given) ``span``."""
    if match.event is not None:
        return "event"
    return "log" if match.log is not None else "span"


# Candidates: which rules may match, by hash look-up.


def _discriminator(kind: Signal, match: Match) -> tuple[str, list[str]] | None:
    """Return the column and the values (those that end in ``*`` are prefixes) that decide whether a rule may match at all."""
    named = match.event if kind == "event" else match.span
    for column, value in ((NAME_COLUMN[kind], named), ("service", match.service), ("source", match.source)):
        values = _listed(value)
        if values and "*" not in values:
            if column not in COLUMNS[kind]:
                raise ValueError(f"match: '{column}' cannot be matched on an {kind}; use 'source'")
            return column, values
    return None


def _candidates(kind: Signal, rules: Sequence[Rule]) -> str:
    """Return an expression: the array of the numbers of the rules that a row may match."""
    tables: dict[tuple[str, int], dict[str, list[int]]] = {}  # (column, prefix length or 0) → value → rules
    always: list[int] = []
    for rule in rules:
        found = _discriminator(kind, rule.milestone.match)
        if found is None:
            always.append(rule.number)
            continue
        column, values = found
        for value in dict.fromkeys(values):
            exact = not value.endswith("*")
            wanted = value if exact else value[:-1]
            tables.setdefault((column, 0 if exact else len(wanted)), {}).setdefault(wanted, []).append(rule.number)
    numbers = [look_up for (column, length), values in tables.items() for look_up in _lookups(column, length, values)]
    numbers += map(str, always)
    listed = f"CAST({array(numbers)}, 'Array(UInt16)')"
    return f"arrayFilter(n -> n != 0, {listed if len(numbers) == 1 else f'arrayDistinct({listed})'})"


def _lookups(column: str, length: int, values: dict[str, list[int]]) -> Iterator[str]:
    """Yield expressions for the number of the first rule that a value names, of its second and so on; 0: none."""
    subject = column if length == 0 else f"substringUTF8({column}, 1, {length})"
    for place in range(max(map(len, values.values()))):
        named = {value: numbers[place] for value, numbers in values.items() if place < len(numbers)}
        yield f"transform({subject}, {_texts(named)}, {array(map(str, named.values()))}, 0)"


# Conditions: what else must hold.


def _conditions(kind: Signal, rules: Sequence[Rule]) -> _Part:
    """Return a boolean expression over a signal and its rule."""
    data = [_data_conditions(kind, rule.milestone.match) for rule in rules]
    own = {
        rule.number: " AND ".join(f"({part})" for part in parts)
        for rule in rules
        if (parts := [*_own_conditions(kind, rule.milestone.match)])
    }
    branches = [_branches(own, "1")] if own else []
    flat = [condition for each in data for condition in each]
    listed = [[condition.row() for condition in each] for each in data]
    if not flat:
        return _Part(" AND ".join(branches) or "1", listed)
    asked = [(condition.place, condition.path) for condition in flat if condition.presence >= 0]
    compared = [(condition.place, condition.path) for condition in flat if condition.presence < 0]
    value = f"arrayExists(v -> has(c.4, v) OR arrayExists(p -> startsWith(v, p), c.5), [{_value('c.1', 'c.2', compared)}])"
    held = f"if(c.3 >= 0, c.3 = {_present('c.1', 'c.2', asked)}, {value})" if asked else value
    return _Part(" AND ".join([f"arrayAll(c -> {held}, rule_conditions)", *branches]), listed)


@dataclass(frozen=True)
class _Condition:
    """A condition as data. ``presence``: 1 present, 0 absent, -1: the value is one of ``values`` (``*`` at the end: a prefix)."""

    place: Place
    path: list[str]
    presence: int
    values: list[str]

    def row(self) -> tuple[int, list[str], int, list[str], list[str]]:
        """Return it as ``milestone_rules.conditions`` holds it."""
        exact = [value for value in self.values if not value.endswith("*")]
        prefixes = [value[:-1] for value in self.values if value.endswith("*")]
        return int(self.place), self.path, self.presence, exact, prefixes


def _data_conditions(kind: Signal, match: Match) -> list[_Condition]:
    discriminator = _discriminator(kind, match)
    named = match.event if kind == "event" else match.span
    columns = (
        (NAME_COLUMN[kind], _listed(named)),
        ("service", _listed(match.service)),
        ("source", _listed(match.source)),
        ("status", _listed(match.status)),
    )
    conditions = []
    for column, values in columns:
        if not values or (discriminator and discriminator[0] == column):
            continue
        if column not in COLUMNS[kind]:
            raise ValueError(f"match: '{column}' cannot be matched on an {kind}")
        conditions.append(_Condition(Place.COLUMN, [column], -1, values))
    for path, wanted in match.attributes.items():
        rooted = path if path.split(".")[0] in {"attributes", "resource", "data", "extensions"} else f"attributes.{path}"
        place, parts = place_of(kind, rooted)
        if place is Place.EXPRESSION:
            raise ValueError(f"match: '{path}' is no path of an {kind}")
        presence = int(wanted) if isinstance(wanted, bool) else -1
        conditions.append(_Condition(place, parts, presence, [] if isinstance(wanted, bool) else _listed(wanted)))
    return conditions


def _own_conditions(kind: Signal, match: Match) -> list[str]:
    own = [] if match.log is None else [f"match(body, {text(match.log)})"]
    return own if match.where is None else [*own, as_expression(kind, match.where)]


# Values: keys, facts and causes.


def _keys(kind: Signal, rules: Sequence[Rule]) -> _Part:
    specs, own, places = [], {}, []
    strips = list(dict.fromkeys(key.strip_leading for rule in rules for key in rule.flow.keys.values() if key.strip_leading))
    for rule in rules:
        entries, expressions = [], []
        for type_, path in rule.milestone.keys.items():
            key = rule.flow.keys[type_]
            place, parts = place_of(kind, path)
            if place is Place.EXPRESSION:
                expressions.append(f"toString({as_expression(kind, path)})")
                parts = [str(len(expressions))]
            strip = strips.index(key.strip_leading) + 1 if key.strip_leading else 0
            case = ("keep", "upper", "lower").index(key.case)
            places.append((place, parts))
            entries.append((type_, int(place), parts, strip, case))
        specs.append(entries)
        if expressions:
            own[rule.number] = array(expressions)
    value = _value("k.2", "k.3", places, own)
    value = f"normalizeUTF8NFC(trimBoth(toValidUTF8({value})))"
    cased = any(key.case != "keep" for rule in rules for key in rule.flow.keys.values())
    if strips:
        stripped = ", ".join(f"k.4 = {number}, {_stripped(strip)}" for number, strip in enumerate(strips, start=1))
        value = f"arrayMap(v -> multiIf({stripped}, v), [{value}])[1]"
    if cased:
        value = f"arrayMap(v -> multiIf(k.5 = 1, upperUTF8(v), k.5 = 2, lowerUTF8(v), v), [{value}])[1]"
    pairs = f"arrayMap(k -> (k.1, {value}), rule_keys)"
    marked = f"arrayMap(k -> if(lengthUTF8(k.2) > {KEY_LENGTH_LIMIT}, ({text(BAD_KEY)}, k.1), k), {pairs})"
    sql = f"CAST(arrayFilter(k -> k.2 != '', {marked}), 'Array(Tuple(type LowCardinality(String), value String))')"
    return _Part(sql, specs)


def _stripped(strip: str) -> str:
    """Return ``v`` without the characters it is padded with; of a value that is nothing else the last one stays, as order 000 is order 0."""
    return f"if(empty(trimLeft(v, {text(strip)})), rightUTF8(v, 1), trimLeft(v, {text(strip)}))"


def _facts(kind: Signal, rules: Sequence[Rule]) -> _Part:
    specs, own, places = [], {}, []
    for rule in rules:
        entries, expressions = [], []
        for name, path in rule.milestone.facts.items():
            place, parts = place_of(kind, path)
            if place is Place.EXPRESSION:
                expressions.append(f"toString({as_expression(kind, path)})")
                parts = [str(len(expressions))]
            places.append((place, parts))
            entries.append((name, int(place), parts))
        specs.append(entries)
        if expressions:
            own[rule.number] = array(expressions)
    if not any(rule.milestone.facts for rule in rules):
        return _Part("CAST(map(), 'Map(LowCardinality(String), String)')", specs)
    value = _value("f.2", "f.3", places, own)
    pairs = f"arrayFilter(f -> f.2 != '', arrayMap(f -> (f.1, {value}), rule_facts))"
    sql = f"CAST({pairs}, 'Map(LowCardinality(String), String)')"
    return _Part(sql, specs)


def _cause(kind: Signal, rules: Sequence[Rule]) -> _Part:
    specs, own, places = [], {}, []
    for rule in rules:
        place, parts = place_of(kind, rule.milestone.cause) if rule.milestone.cause else (Place.NOTHING, [])
        if place is Place.EXPRESSION and rule.milestone.cause:
            own[rule.number] = array([f"toString({as_expression(kind, rule.milestone.cause)})"])
            parts = ["1"]
        places.append((place, parts))
        specs.append((int(place), parts))
    if not any(rule.milestone.cause for rule in rules):
        return _Part("''", specs)
    value = _value("c.1", "c.2", places, own)
    return _Part(f"arrayMap(c -> {value}, [rule_cause])[1]", specs)


def _value(place: str, parts: str, places: _Places, own: dict[int, str] | None = None) -> str:
    """Return the text a (place, path) names in a row, empty where there is nothing. Only ``places`` in use become branches."""
    branches = []
    used = sorted({used for used, _ in places})
    for each in used:
        if each in _ROOTS:
            branches.append(f"{place} = {int(each)}, {_ROOTS[each]}[{parts}[1]]")
        elif each is Place.DATA:
            branches.append(f"{place} = {int(each)}, {_by_depth('JSONExtract', parts, places, chr(39) * 2, ', ' + text('String'))}")
        elif each is Place.COLUMN:
            columns = sorted({path[0] for used, path in places if used is each})
            named = ", ".join(f"{parts}[1] = {text(column)}, toString({column})" for column in columns)
            branches.append(f"{place} = {int(each)}, multiIf({named}, '')")
        elif each is Place.EXPRESSION:
            values = _branches(own or {}, "CAST([], 'Array(String)')")
            branches.append(f"{place} = {int(each)}, {values}[toUInt8OrZero({parts}[1])]")
    return f"multiIf({', '.join(branches)}, '')" if branches else "''"


def _present(place: str, parts: str, places: _Places) -> str:
    branches = []
    for each in sorted({used for used, _ in places}):
        if each in _ROOTS:
            branches.append(f"{place} = {int(each)}, mapContains({_ROOTS[each]}, {parts}[1])")
        elif each is Place.DATA:
            branches.append(f"{place} = {int(each)}, {_by_depth('JSONHas', parts, places, '0', '')}")
    return f"multiIf({', '.join(branches)}, 0)" if branches else "0"


def _by_depth(function: str, parts: str, places: _Places, otherwise: str, more: str) -> str:
    """Return a JSON look-up whose path is data: its number of levels is not, so each depth in use is a call of its own."""
    depths = sorted({len(path) for used, path in places if used is Place.DATA})
    calls = {depth: f"{function}(data, {', '.join(f'{parts}[{n}]' for n in range(1, depth + 1))}{more})" for depth in depths}
    if len(calls) == 1:
        return calls[depths[0]]
    return f"multiIf({', '.join(f'length({parts}) = {depth}, {call}' for depth, call in calls.items())}, {otherwise})"


def _branches(by_rule: dict[int, str], otherwise: str) -> str:
    grouped: dict[str, list[int]] = {}
    for number, expression in by_rule.items():
        grouped.setdefault(expression, []).append(number)
    arms = ", ".join(f"rule IN ({', '.join(map(str, numbers))}), {expression}" for expression, numbers in grouped.items())
    return f"multiIf({arms}, {otherwise})"


def _texts(values: object) -> str:
    return array(text(str(value)) for value in values)  # type: ignore[attr-defined]


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
