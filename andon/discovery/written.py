"""A proposal as the files of a catalog, with how often each thing was seen as comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import ceil

from andon.discovery.proposal import Fact, Field, Flow, Key, Milestone, Proposal, Sort, Source, Step
from andon.discovery.yaml_text import comment, scalar
from core.catalog.definition import readable
from core.duration import format_duration
from core.plural import counted
from core.statement import literal

OWNER = "integration"
_SLOWEST = 3
_WORD = r"[\w./-]+"
_NOT_SHOWN = r"(?s:.+?)"
_UNITS = ((86_400_000, 172_800_000, "days"), (3_600_000, 7_200_000, "hours"), (60_000, 120_000, "minutes"), (1_000, 0, "seconds"))


def files_of(proposal: Proposal) -> dict[str, str]:
    """Return the text of each file of the catalog by its path."""
    files = {f"flows/{flow.name}.yaml": _flow(flow) for flow in proposal.flows}
    files |= {f"sources/{source.name}.yaml": _source(source) for source in proposal.sources}
    files["owners.yaml"] = f"owners:\n  {OWNER}:\n    title: Integration\n    email: integration@example.com # yours\n"
    files["README.md"] = _readme(proposal)
    return files


def _flow(flow: Flow) -> str:
    return "\n".join([*_head(flow), *_facts(flow), *_milestones(flow), *_ends(flow), *_slas(flow)]) + "\n"


def _head(flow: Flow) -> Iterator[str]:
    yield f"# Proposed by 'andon discover' after {counted(flow.transactions, 'transaction')}. Names, titles and order are guesses: edit them."
    yield f"flow: {scalar(flow.name)}"
    yield f"title: {scalar(readable(flow.name))}"
    yield f"owner: {OWNER}"
    yield ""
    yield "keys:"
    for name, key in flow.keys.items():
        settings = [] if not key.padded else ['strip_leading: "0"']
        if flow.relations[name] != "one":
            settings.append(f"relation: {flow.relations[name]}")
        shape = comment(max(key.fields, key=lambda field: field.signals).shape)
        where = counted(key.sorts, "sort")
        yield f"  {scalar(name)}: {{{', '.join(settings)}}} # like {shape}; in {where} of signals"


def _facts(flow: Flow) -> Iterator[str]:
    if not flow.facts:
        return
    yield ""
    yield "facts:"
    names = {fact.name for fact in flow.facts}
    for fact in flow.facts:
        settings = [] if fact.type == "text" else [f"type: {fact.type}"]
        if fact.name == "amount" and "currency" in names:
            settings.append("currency: currency")
        yield f"  {fact.name}: {{{', '.join(settings)}}} # {_look(fact)}; the same all through {fact.constant:.0%} of them"


def _look(fact: Fact) -> str:
    return f"like {comment(fact.field.shape)}, {fact.field.distinct_values} different in {fact.field.values}"


def _milestones(flow: Flow) -> Iterator[str]:
    yield ""
    yield "milestones: # in the order in which most transactions reached them"
    for milestone in flow.milestones:
        yield f"  {scalar(milestone.name)}: # {_seen(milestone)}"
        yield f"    system: {scalar(_system(milestone.sort))}"
        yield f"    match: {_match(milestone.sort)}"
        keys = ", ".join(f"{scalar(name)}: {_place(field)}" for name, field in milestone.keys.items())
        yield f"    keys: {{{keys}}}"
        if facts := [fact for fact in flow.facts if fact.field.sort == milestone.sort]:
            yield f"    facts: {{{', '.join(f'{fact.name}: {scalar(_first(fact.field))}' for fact in facts)}}}"
        if milestone.sort.failed:
            yield "    failure: true"
        if milestone.stage is not None:
            yield f"    stage: {scalar(milestone.stage)}"
        if milestone.cause is not None:
            yield f"    cause: {scalar(_first(milestone.cause))}"
        if milestone.optional:
            yield "    optional: true"


def _seen(milestone: Milestone) -> str:
    parts = [f"seen {milestone.sort.seen} times", f"in {milestone.share:.0%} of those that came so far"]
    if milestone.times > 1:
        parts.append(f"usually {milestone.times} times each")
    if milestone.step is not None and not milestone.step.most:
        parts.append("at the moment of the one before")
    elif milestone.step is not None:
        parts.append(
            f"usually {format_duration(milestone.step.usual)} after the one before, 90 % within {format_duration(milestone.step.most)}"
        )
    return "; ".join(parts)


def _system(sort: Sort) -> str:
    name = sort.service or (sort.sources[0] if sort.sources and sort.sources[0] != "default" else "") or sort.name.split(".")[0]
    return readable(name.strip("*/ ")) or "System"


def _match(sort: Sort) -> str:
    parts = []
    if sort.told_by:
        parts.append('log: ".*"')
    elif sort.kind == "log":
        parts.append(f"log: {scalar(log_pattern(sort.name))}")
    elif sort.name:
        parts.append(f"{sort.kind}: {scalar(sort.name)}")
    if sort.service:
        parts.append(f"service: {scalar(sort.service)}")
    if sort.destination:
        operation = "messaging.operation.type" if sort.conventional else "messaging.operation"
        asked = {"messaging.destination.name": sort.destination, operation: sort.operation}
        parts.append(f"attributes: {{{', '.join(f'{name}: {scalar(value)}' for name, value in asked.items())}}}")
    if sort.told_by.startswith("body."):
        parts.append(f"attributes: {{{sort.told_by}: {scalar(sort.name)}}}")
    elif sort.told_by:
        name, whole = literal(sort.name.removesuffix("*")), not sort.name.endswith("*")
        parts.append(f"where: {scalar(f'{sort.told_by} = {name}' if whole else f'startsWith({sort.told_by}, {name})')}")
    if sort.kind == "span":
        parts.append("status: error" if sort.failed else "status: [ok, unset]")
    return f"{{{', '.join(parts)}}}"


def log_pattern(template: str, word: int = 0) -> str:
    """Return a regular expression (RE2) for the text of log records; the word of this number, from 1, is its only group."""
    pieces = re.split(r"([\x01\x02])", template.rstrip())
    number, parts = 0, []
    for piece in pieces:
        number += piece == "\x01"
        whole = rf"({_WORD})" if number == word else _WORD
        parts.append(whole if piece == "\x01" else _NOT_SHOWN if piece == "\x02" else re.sub(r"([\\.^$|?*+()\[\]{}])", r"\\\1", piece))
    one_line = "".join(character if character.isprintable() else "\n" for character in "".join(parts))
    return "^" + re.sub(r"\n+", _NOT_SHOWN, one_line)


def _place(field: Field) -> str:
    if not field.path.startswith("body#"):
        return scalar(field.path)
    return f"{{path: body, pattern: {scalar(log_pattern(field.sort.name, int(field.path.removeprefix('body#'))))}}}"


def _first(field: Field) -> str:
    """Return the path of one value, of the first if there may be several."""
    return field.path.replace("[]", "[0]")


def _ends(flow: Flow) -> Iterator[str]:
    yield ""
    yield f"ends: [{', '.join(map(scalar, flow.ends))}] # what was mostly last"
    if flow.cancels:
        yield f"cancels: [{', '.join(map(scalar, flow.cancels))}]"


def _slas(flow: Flow) -> Iterator[str]:
    """Yield what could be promised: as long as 95 % took, for the slowest steps and for the whole."""
    previous: Milestone | None = None
    steps: list[tuple[str, str, Step]] = []
    for milestone in flow.milestones:
        if milestone.optional:
            continue
        if previous is not None and milestone.step is not None:
            steps.append((previous.name, milestone.name, milestone.step))
        previous = milestone
    slowest = sorted(steps, key=lambda step: -step[2].nearly_all)[:_SLOWEST]
    chosen = [step for step in steps if step in slowest and step[2].nearly_all]
    if flow.whole is not None and previous is not None and flow.whole.nearly_all:
        chosen.append((next(each.name for each in flow.milestones if not each.optional), flow.ends[0], flow.whole))
    if chosen:
        yield ""
        yield "# What could be promised, as long as 95 % of them took. Take the # away from those that somebody relies on."
        yield "# slas:"
    for begin, end, step in dict.fromkeys(chosen):
        yield f"#   {end}-after-{begin}:"[:70].rstrip(":").rstrip("-") + ":"
        yield f"#     from: {scalar(begin)}"
        yield f"#     to: {scalar(end)}"
        yield f"#     within: {_within(step.nearly_all)} # 95 % of {step.count}; half took {format_duration(step.usual)}"


def _within(milliseconds: int) -> str:
    size, unit = next((size, unit) for size, least, unit in _UNITS if milliseconds >= least)
    return f"{max(1, ceil(milliseconds / size))} {unit}"


def _source(source: Source) -> str:
    lines = [f"# Sent {source.seen} of the signals looked at."]
    if source.configured:
        lines.append("# It is configured already: keep its own file, with its receiver and tokens, instead of this one.")
    elif source.origins:
        lines.append("# Its events are told apart from others by a token of their own, or by the receiver that reads them.")
    lines += [f"# Events of {comment(origin)}" for origin in source.origins]
    lines += [f"source: {scalar(source.name)}", f"title: {scalar(readable(source.name))}", f"owner: {OWNER}"]
    if source.services:
        lines.append(f"services: [{', '.join(map(scalar, source.services))}]")
    if source.origins and not source.configured:
        lines.append(f'# tokens: ["env:{re.sub("[^A-Z0-9]", "_", source.name.upper())}_TOKEN"]')
    return "\n".join(lines) + "\n"


def _readme(proposal: Proposal) -> str:
    lines = [
        "# A catalog proposed by `andon discover`",
        "",
        f"Made after {proposal.made_after or 'nothing'}. It is a beginning to edit: Andon knows no business.",
    ]
    for flow in proposal.flows:
        lines += [
            "",
            f"- `flows/{flow.name}.yaml`: {counted(len(flow.milestones), 'milestone')} of {counted(flow.transactions, 'transaction')}.",
        ]
    lines += ["", _HOW]
    if proposal.alone:
        lines += ["", "Identifiers that only one sort of signals has, so that nothing hangs together by them:", ""]
        lines += [f"- {_alone(key)}" for key in proposal.alone[:20]]
    return "\n".join(lines) + "\n"


def _alone(key: Key) -> str:
    field = key.fields[0]
    return f"`{comment(field.path)}` of `{comment(field.sort.name or field.sort.destination)}`, like `{comment(field.shape)}`"


_HOW = """How it was made:

- keys are fields whose values meet in several sorts of signals; what lies beside them in one signal belongs together;
- milestones are the sorts of signals that have keys, in the order that most transactions took. Remove those that nobody waits for;
- `optional` is what fewer than 80 % of those that came so far were seen in; the last of the others ends the flow;
- shapes stand for values, letters as `A` and digits as `9`: no value is written here.

Then name owners and routes, take the promises that somebody relies on, write a test, and run `andon check` and `andon sla test` on it."""
