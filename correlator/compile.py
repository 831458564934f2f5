"""Catalog → SQL: one ``SELECT`` per signal kind that reads signals as milestone events.

The cost of a signal must not grow with the number of rules that cannot match it. So a rule (one milestone of one flow) is found by its
*discriminator*: the signal's name (or type), else its service, else its source, through hash look-ups. The rest of a rule is data: a row of
the table ``milestone_rules``, joined by its number, with its conditions and the paths of its keys and facts (as text of the SELECT it would
be parsed again for every insert); only expressions and regular expressions of the catalog become branches of their own. A rule without a
discriminator looks at every signal of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.business_key import AROUND, BLANKS, INVISIBLE
from core.catalog.catalog import Catalog
from core.catalog.flow import WRITTEN, Flow, Match, Milestone, Place
from core.statement import literal
from correlator.extraction import condition, moment, rooted, text
from correlator.paths import COLUMNS, Root, Signal, Step, as_expression, is_path, resolve_path
from correlator.statement import statement

KEY_LENGTH_LIMIT = 512
"""Maximum length of a key's value after normalisation, in characters; anything longer is not a business identifier."""

NO_KEY = r"^([{\[]|(?i:true|false|null)$)"
"""Values that identify nothing, as a regular expression: objects, lists within lists, and what a field holds that is a flag or empty."""

BAD_KEY = "bad_correlation_id"
"""Key type that replaces a value that cannot be a key, so that the correlator can report the signal; its value says what is wrong."""

NAME_COLUMN: dict[Signal, str] = {"span": "name", "log": "", "event": "type"}
TABLE: dict[Signal, str] = {"span": "spans", "log": "logs", "event": "events"}
_ROOTS = {Root.ATTRIBUTES: "attributes", Root.RESOURCE: "resource", Root.EXTENSIONS: "extensions"}

_Rooted = list[tuple[Root, list[str]]]
_Own = tuple[tuple[tuple[int, ...], tuple[str, ...]], ...]
"""Expressions of the catalog, with the numbers of the rules that use them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One milestone of one flow, with its number (from 1) in the arrays of its signal kind."""

    number: int
    flow: Flow
    name: str
    milestone: Milestone


@dataclass(frozen=True)
class Compiled:
    """The SELECTs of each signal kind that any flow uses, and the rows of ``milestone_rules`` that they join, by column.

    ``version`` is the catalog's; ``flows`` are those it was compiled from. ``sifted`` has kinds of which few signals are milestones: the
    SELECT of those that some rule may match, and that of the milestone events among them, over ``candidate_<table of the kind>``.
    """

    version: str
    flows: dict[str, Flow]
    selects: dict[str, str]
    sifted: dict[str, tuple[str, str]]
    rules: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Uses:
    """Where the rules of a signal kind look, so that only these places become SQL.

    ``roots``: maps of the signal, with the numbers of their roots; ``depths``: levels of paths into JSON; ``columns``; ``expressions``.
    """

    roots: tuple[tuple[int, str], ...] = ()
    depths: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    expressions: _Own = ()

    def __bool__(self) -> bool:
        return bool(self.roots or self.depths or self.columns or self.expressions)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a column of a milestone event is built from: each rule's row for it, and where that row looks."""

    values: Sequence[Any]
    uses: Uses


def compile_catalog(catalog: Catalog) -> Compiled:
    """Compile all flows. Raises ValueError for a match that its signal kind cannot answer."""
    selects: dict[str, str] = {}
    sifted: dict[str, tuple[str, str]] = {}
    rows: dict[str, list[Any]] = {}
    for kind, table in TABLE.items():
        if rules := _rules(kind, catalog.flows):
            conditions = [_data_conditions(kind, rule.milestone.match) for rule in rules]
            parts = {"keys": _keys(kind, rules), "facts": _facts(kind, rules), "cause": _cause(kind, rules)}
            lookups, always = _candidates(kind, rules)
            milestones = partial(_milestones, kind, rules, [one for each in conditions for one in each], parts)
            selects[kind] = milestones(table)
            if kind != "event" and not always:  # nearly every event is a milestone
                candidates = statement("candidates", table=table, lookups=lookups, always=always)
                sifted[kind] = candidates, milestones(f"candidate_{table}")
            for column, values in _columns(kind, rules, conditions, parts).items():
                rows.setdefault(column, []).extend(values)
    return Compiled(catalog.version, dict(catalog.flows), selects, sifted, rows)


def _rules(kind: Signal, flows: dict[str, Flow]) -> list[Rule]:
    found = [(flow, name, each) for flow in flows.values() for name, each in flow.milestones.items() if signal_of(each.match) == kind]
    return [Rule(number, *rest) for number, rest in enumerate(found, start=1)]


def _columns(
    kind: Signal, rules: Sequence[Rule], conditions: Sequence[Sequence[_Condition]], parts: Mapping[str, _Part]
) -> dict[str, Sequence[Any]]:
    """Return the columns of ``milestone_rules``."""
    return {
        "signal": [kind] * len(rules),
        "rule": [rule.number for rule in rules],
        "flow": [rule.flow.flow for rule in rules],
        "milestone": [rule.name for rule in rules],
        "system": [rule.milestone.system for rule in rules],
        "failure": [int(rule.milestone.failure) for rule in rules],
        "conditions": [[condition.row() for condition in each] for each in conditions],
        **{name: part.values for name, part in parts.items()},
    }


def _milestones(kind: Signal, rules: Sequence[Rule], conditions: Sequence[_Condition], parts: Mapping[str, _Part], table: str) -> str:
    """Return the SELECT whose columns are those of ``milestone_events``, over a table with the columns of the kind's own."""
    lookups, always = _candidates(kind, rules)
    return statement(
        "milestones",
        kind=kind,
        table=table,
        lookups=lookups,
        always=always,
        asked=_uses([(condition.root, condition.path) for condition in conditions if condition.presence >= 0]),
        compared=_uses([(condition.root, condition.path) for condition in conditions if condition.presence < 0]),
        moments=tuple((rule.number, moment(kind, rule.milestone.time)) for rule in rules if rule.milestone.time is not None),
        conditions=_grouped({rule.number: _own_conditions(kind, rule.milestone.match) for rule in rules}),
        strips=_strips(rules),
        any_case=any(key.case != "keep" for rule in rules for key in rule.flow.keys.values()),
        key_length_limit=KEY_LENGTH_LIMIT,
        bad_key=BAD_KEY,
        no_key=NO_KEY,
        elements_alone=(Step((), "all"),),
        invisible=INVISIBLE,
        blanks=BLANKS,
        around=AROUND,
        Root=Root,
        **{name: part.uses for name, part in parts.items()},
    )


def signal_of(match: Match) -> Signal:
    """Return the signal kind a match is about: ``event``, ``log``, or ``span`` (also if none is given)."""
    if match.event is not None:
        return "event"
    return "log" if match.log is not None else "span"


# Candidates: which rules may match, by hash look-up.


def _discriminator(kind: Signal, match: Match) -> tuple[str, list[str]] | None:
    """Return the column and the values (prefixes if they end in ``*``) that decide whether a rule may match at all."""
    named = match.event if kind == "event" else match.span
    for column, value in ((NAME_COLUMN[kind], named), ("service", match.service), ("source", match.source)):
        values = _listed(value)
        if values and "*" not in values:
            if column not in COLUMNS[kind]:
                raise ValueError(f"match: '{column}' cannot be matched on signal kind '{kind}'; use 'source'")
            return column, values
    return None


_Lookup = tuple[str, tuple[str, ...], tuple[int, ...]]
"""What is looked up, the values it may have, and the number of the rule that each value names."""


def _candidates(kind: Signal, rules: Sequence[Rule]) -> tuple[tuple[_Lookup, ...], tuple[int, ...]]:
    """Return the look-ups that give the numbers of the rules that a row may match, and the rules that it may always match."""
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
    return tuple(lookup for (column, length), values in tables.items() for lookup in _lookups(column, length, values)), tuple(always)


def _lookups(column: str, length: int, values: dict[str, list[int]]) -> Iterator[_Lookup]:
    """Yield look-ups for the number of the first rule that a value names, of its second and so on."""
    subject = column if length == 0 else f"substringUTF8({column}, 1, {length})"
    for position in range(max(map(len, values.values()))):
        named = {value: numbers[position] for value, numbers in values.items() if position < len(numbers)}
        yield subject, tuple(named), tuple(named.values())


# Conditions: what else must hold.


@dataclass(frozen=True)
class _Condition:
    """A condition as data. ``presence``: 1 present, 0 absent, -1: the value is one of ``values`` (a prefix if it ends in ``*``)."""

    root: Root
    path: list[str]
    presence: int
    values: list[str]

    def row(self) -> tuple[int, list[str], int, list[str], list[str]]:
        """Return it in the form of ``milestone_rules.conditions``."""
        exact = [value for value in self.values if not value.endswith("*")]
        prefixes = [value[:-1] for value in self.values if value.endswith("*")]
        return int(self.root), self.path, self.presence, exact, prefixes


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
            raise ValueError(f"match: '{column}' cannot be matched on signal kind '{kind}'")
        conditions.append(_Condition(Root.COLUMN, [column], -1, values))
    for path, wanted in match.attributes.items():
        root, parts = resolve_path(kind, rooted(path))
        if root is Root.EXPRESSION and not is_path(kind, rooted(path)):
            raise ValueError(f"match: '{path}' is not a path in signal kind '{kind}'")
        if root is Root.EXPRESSION:
            continue  # into lists or deep JSON: among the rule's own conditions
        presence = int(wanted) if isinstance(wanted, bool) else -1
        conditions.append(_Condition(root, parts, presence, [] if isinstance(wanted, bool) else _listed(wanted)))
    return conditions


def _own_conditions(kind: Signal, match: Match) -> list[str]:
    own = [] if match.log is None else [f"match(body, {literal(match.log)})"]
    for path, wanted in match.attributes.items():
        if resolve_path(kind, rooted(path))[0] is Root.EXPRESSION:
            own.append(condition(kind, rooted(path), wanted if isinstance(wanted, bool) else _listed(wanted)))
    return own if match.where is None else [*own, as_expression(kind, match.where)]


# Values: keys, facts and causes.


def _strips(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return the characters that keys are padded with; a rule's row refers to them by position, from 1."""
    return tuple(dict.fromkeys(key.strip_leading for rule in rules for key in rule.flow.keys.values() if key.strip_leading))


def _keys(kind: Signal, rules: Sequence[Rule]) -> _Part:
    strips = _strips(rules)
    paths = _Paths(kind)
    specs = []
    for rule in rules:
        entries = []
        for type_, path in rule.milestone.keys.items():
            key = rule.flow.keys[type_]
            strip = strips.index(key.strip_leading) + 1 if key.strip_leading else 0
            entries.append((type_, *paths.add(rule, path, several=True), strip, ("keep", "upper", "lower").index(key.case)))
        specs.append(entries)
    return _Part(specs, paths.uses())


def _facts(kind: Signal, rules: Sequence[Rule]) -> _Part:
    paths = _Paths(kind)
    specs = [[(name, *paths.add(rule, path)) for name, path in (rule.milestone.facts | _written(rule)).items()] for rule in rules]
    return _Part(specs, paths.uses())


def _written(rule: Rule) -> dict[str, Place]:
    """Return where the flow's first key is, if this is the milestone that writes it as people do."""
    type_, key = next(iter(rule.flow.keys.items()))
    return {WRITTEN: rule.milestone.keys[type_]} if key.written_by == rule.name else {}


def _cause(kind: Signal, rules: Sequence[Rule]) -> _Part:
    paths = _Paths(kind)
    nothing: tuple[int, list[str]] = (int(Root.NOTHING), [])
    specs = [paths.add(rule, rule.milestone.cause) if rule.milestone.cause else nothing for rule in rules]
    return _Part(specs, paths.uses())


class _Paths:
    """The paths of one column, of all rules."""

    def __init__(self, kind: Signal) -> None:
        self._kind = kind
        self._rooted: _Rooted = []
        self._own: dict[int, list[str]] = {}

    def add(self, rule: Rule, place: Place, *, several: bool = False) -> tuple[int, list[str]]:
        """Return a path's root and parts; for anything else, its position (from 1) among the expressions of the rule."""
        root, parts = resolve_path(self._kind, place) if isinstance(place, str) else (Root.EXPRESSION, [])
        if root is Root.EXPRESSION:
            own = self._own.setdefault(rule.number, [])
            own.append(text(self._kind, place, several=several))
            parts = [str(len(own))]
        self._rooted.append((root, parts))
        return int(root), parts

    def uses(self) -> Uses:
        """Return the places where all of them look."""
        return _uses(self._rooted, self._own)


def _uses(rooted: _Rooted, own: Mapping[int, Sequence[str]] | None = None) -> Uses:
    return Uses(
        tuple((int(root), column) for root, column in _ROOTS.items() if any(used is root for used, _ in rooted)),
        tuple(sorted({len(path) for root, path in rooted if root is Root.DATA})),
        tuple(sorted({path[0] for root, path in rooted if root is Root.COLUMN})),
        _grouped(own or {}),
    )


def _grouped(by_rule: Mapping[int, Sequence[str]]) -> _Own:
    """Return the rules grouped by equal expressions; those without any are left out."""
    grouped: dict[tuple[str, ...], list[int]] = {}
    for number, expressions in by_rule.items():
        if expressions:
            grouped.setdefault(tuple(expressions), []).append(number)
    return tuple((tuple(numbers), expressions) for expressions, numbers in grouped.items())


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
