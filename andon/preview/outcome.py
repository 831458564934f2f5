"""What each signal becomes by a catalog, and why it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from andon.wiring.pipeline import match_signals
from core.catalog.catalog import Catalog
from core.catalog.flow import WRITTEN, FactType, Milestone, is_named
from core.catalog.reading import reading_of
from core.catalog.review import listed
from core.catalog.validation_errors import suggestion
from core.signal import Record, SignalKind
from core.time_text import read_time
from correlator import extraction
from correlator.compile import BAD_KEY, signal_of
from correlator.paths import Signal, as_expression
from store.client import Store
from store.loading.slice import SliceWriter
from store.reads import preview

_SLICE = 1
_WHY_TEXT = ": the data is text or bytes, not JSON; give the source its format"
_NEAR = 3
"""How many milestones that almost match are named."""


@dataclass(frozen=True)
class Reached:
    """A milestone that a signal becomes. ``lacking``: keys and facts that it should have, by name, and why it has not."""

    flow: str
    milestone: str
    at: datetime
    time_suspect: bool
    keys: list[tuple[str, str]]
    facts: dict[str, str]
    lacking: dict[str, str]
    cause: str


@dataclass(frozen=True)
class Outcome:
    """A signal and what it becomes; without any milestone ``why_not`` says why. ``kind``: event, span, log or quarantine."""

    kind: str
    name: str
    signal_id: str
    at: datetime | None
    milestones: list[Reached] = field(default_factory=list)
    why_not: list[str] = field(default_factory=list)


def outcomes(store: Store, catalog: Catalog, *, records: Sequence[Record] = (), rows: Mapping[str, list[dict[str, Any]]]) -> list[Outcome]:
    """Return what becomes of records, and of ``rows`` as the store has them, by kind. ``store`` is an empty, migrated one."""
    match_signals(store, catalog)
    refused = SliceWriter(store).write(records, _SLICE)
    for kind, found in rows.items():
        if found:
            store.insert(preview.TABLES[kind], {name: [row[name] for row in found] for name in preview.COLUMNS[kind]})
    unusable = [json.loads(record.detail) for record in records if record.kind is SignalKind.QUARANTINE]
    unusable += [{"reason": "store_refused", "message": "the store cannot read it", "kind": record.kind.value} for record in refused]
    quarantined = [Outcome("quarantine", each["kind"], each["reason"], None, why_not=[each["message"]]) for each in unusable]
    became: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in preview.milestones(store.reader):
        became.setdefault((row["signal"], row["signal_id"]), []).append(row)
    told = []
    for kind in ("event", "span", "log"):
        reasons = _Reasons(store, catalog, cast("Signal", kind))
        for signal in preview.signals(store.reader, kind=kind):
            is_text = bool(signal["is_text"])
            reached = [_reached(catalog, row, is_text=is_text) for row in became.get((kind, signal["signal_id"]), ())]
            why_not = [] if reached else reasons.of(signal)
            told.append(Outcome(kind, signal["name"], signal["signal_id"], signal["at"], reached, why_not))
    return [*told, *quarantined]


def _reached(catalog: Catalog, row: Mapping[str, Any], *, is_text: bool) -> Reached:
    flow = catalog.flows[row["flow"]]
    milestone = flow.milestones[row["milestone"]]
    keys = list(zip(row["key_types"], row["key_values"], strict=True))
    facts = {name: value for name, value in dict(row["facts"]).items() if name != WRITTEN}
    lacking = {value.partition(": ")[0]: value.partition(": ")[2] for type_, value in keys if type_ == BAD_KEY}
    for name, place in [*milestone.keys.items(), *milestone.facts.items()]:
        if name not in facts and name not in dict(keys) and name not in lacking:
            paths = reading_of(place).paths
            why = _WHY_TEXT if is_text and any(path.startswith("data.") for path in paths) else ""
            lacking[name] = f"nothing at {', '.join(paths)}{why}"
    lacking |= {
        name: f"'{value}' is no {flow.facts[name].type}"
        for name, value in facts.items()
        if name in flow.facts and not _is(flow.facts[name].type, value)
    }
    good = [(type_, value) for type_, value in keys if type_ != BAD_KEY]
    shown = {name: value for name, value in facts.items() if name not in lacking}
    return Reached(flow.flow, row["milestone"], row["event_time"], bool(row["time_suspect"]), good, shown, lacking, row["cause"])


def _is(type_: FactType, text: str) -> bool:
    reads: dict[str, Callable[[str], object]] = {"decimal": float, "integer": float, "time": read_time}
    try:
        if type_ in reads:
            reads[type_](text)
    except (ValueError, OverflowError):
        return False
    return True


class _Reasons:
    """Says why a signal of one kind is no milestone. Each condition is asked of the store once, for all signals."""

    def __init__(self, store: Store, catalog: Catalog, kind: Signal) -> None:
        self._store = store
        self._kind = kind
        self._asked: dict[str, dict[str, str]] = {}
        self._milestones = [
            (f"{flow.flow}: {name}", milestone)
            for flow in catalog.flows.values()
            for name, milestone in flow.milestones.items()
            if signal_of(milestone.match) == kind
        ]

    def of(self, signal: Mapping[str, Any]) -> list[str]:
        """Return a sentence for each milestone that means signals of this name, or one that none does."""
        near = [(name, milestone) for name, milestone in self._milestones if self._named(milestone, signal["name"])]
        if near:
            return [f"{name}: {self._against(milestone, signal)}" for name, milestone in near[:_NEAR]]
        if self._kind == "log":
            return ["no milestone's 'log' is found in this body"]
        what = "type" if self._kind == "event" else "name"
        known = [name for _, each in self._milestones for name in listed(each.match.event if self._kind == "event" else each.match.span)]
        return [f"no milestone matches the {what} '{signal['name']}'{suggestion(signal['name'], known)}"]

    def _named(self, milestone: Milestone, name: str) -> bool:
        match = milestone.match
        if match.log is not None:
            return True
        wanted = listed(match.event if self._kind == "event" else match.span)
        return not wanted or is_named(name, wanted)

    def _against(self, milestone: Milestone, signal: Mapping[str, Any]) -> str:
        match, id_ = milestone.match, str(signal["signal_id"])
        for column in ("service", "source", "status"):
            wanted = listed(getattr(match, column))
            if wanted and not is_named(str(signal[column]), wanted):
                return f"{column} is '{signal[column]}', not {_or(wanted)}"
        if match.log is not None and not self._holds(extraction.text(self._kind, f"match(body, {_quoted(match.log)})"), id_):
            return f"'{match.log}' is not found in the body"
        for path, asked in match.attributes.items():
            rooted = extraction.rooted(path)
            is_wanted = asked if isinstance(asked, bool) else listed(asked)
            if not self._holds(extraction.condition(self._kind, rooted, is_wanted), id_):
                there = self._answer(extraction.text(self._kind, rooted, several=True), id_)
                if isinstance(asked, bool):
                    return f"{path} is {'missing' if asked else f'there: {there}'}"
                return f"{path} is '{there}', not {_or(listed(asked))}" if there else f"{path} is missing; wanted {_or(listed(asked))}"
        if match.where is not None and not self._holds(as_expression(self._kind, match.where), id_):
            return f"'where' does not hold: {match.where}"
        return "it matches, but another signal of the same id came first"

    def _holds(self, expression: str, signal_id: str) -> bool:
        return self._answer(expression, signal_id) not in {"", "0", "false"}

    def _answer(self, expression: str, signal_id: str) -> str:
        if expression not in self._asked:
            self._asked[expression] = preview.asked(self._store.reader, kind=self._kind, expression=expression)
        return self._asked[expression].get(signal_id, "")


def _or(wanted: Sequence[str]) -> str:
    return " or ".join(f"'{each}'" for each in wanted)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
