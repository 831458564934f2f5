"""Cross-checks of an SLA: its milestones, its limit, its calendar, its money, its targets."""

from __future__ import annotations

import re

from core.catalog.contract import Contract
from core.catalog.flow import Fact, Flow
from core.catalog.positions import Document, Path
from core.catalog.review import Review, listed
from core.catalog.sla import Pause, Penalty, Sla, Target
from core.duration import DURATION_PATTERN, PERCENTAGE_PATTERN

_WORKING = re.compile(r"\bworking\b")
_WORKING_DAY = re.compile(r"\bworking\s+days?\b")
_BARE_CUT_OFF = re.compile(r"next\s+cut-?off\b(?!\s*\d)")
_MONEY = {"decimal", "integer"}
_WHOLE = 100


def check_sla(
    review: Review, document: Document, flow: Flow, name: str, sla: Sla, facts: dict[str, str], contracts: dict[str, Contract]
) -> None:
    """Report every error in one SLA."""
    path: Path = ("slas", name)
    for end, milestone in (("from", sla.from_), ("to", sla.to)):
        _milestone(review, document, (*path, end), flow, milestone)
    _after_the_end(review, document, (*path, "to"), flow, sla)
    if sla.from_ == sla.to:
        review.wrong(document, (*path, "to"), f"the SLA '{name}' starts and ends with '{sla.to}'; name the milestone it waits for")
    _of_all(review, document, (*path, "of"), flow, sla)
    if (sla.within is None) == (sla.due is None):
        what = "has both 'within' and 'due'; keep one" if sla.within else "has no limit; add 'within: 15 minutes' or 'due: promised_at'"
        review.wrong(document, (*path, "due") if sla.within else path, f"the SLA '{name}' {what}", at_key=True)
    review.calendars(document, (*path, "calendar"), sla.calendar)
    review.refers(document, (*path, "owner"), "owner", sla.owner, " in owners.yaml")
    review.refers(document, (*path, "runbook"), "runbook", sla.runbook, " in runbooks/")
    if not sla.runbook:
        review.doubtful(document, path, f"the SLA '{name}' has no runbook; people will learn that it is late, but not what to do")
    _limits(review, document, path, sla, sla, facts)
    pauses = sla.pause if isinstance(sla.pause, list) else [sla.pause] if sla.pause else []
    for index, pause in enumerate(pauses):
        _pause(review, document, (*path, "pause", index) if isinstance(sla.pause, list) else (*path, "pause"), flow, pause)
    if sla.impact:
        _money(review, document, (*path, "impact", "value"), sla.impact.value, facts, flow)
    _penalty(review, document, path, sla, sla.penalty, facts, flow)
    for index, target in enumerate(sla.targets):
        _target(review, document, (*path, "targets", index), sla, target, facts, flow, contracts)


def _milestone(review: Review, document: Document, path: Path, flow: Flow, name: str) -> None:
    if name not in flow.milestones:
        review.unknown(document, path, f"milestone '{name}' is not defined in flow '{flow.flow}'", name, flow.milestones)


def _after_the_end(review: Review, document: Document, path: Path, flow: Flow, sla: Sla) -> None:
    """Warn of an SLA that waits for what comes after every end: its transactions count as complete while it still runs."""
    order = {name: position for position, name in enumerate(flow.milestones)}
    ends = [name for name in flow.ends if name not in flow.cancels and name in order]
    if sla.to in order and ends and sla.to not in flow.cancels and all(order[end] < order[sla.to] for end in ends):
        named = " and ".join(f"'{end}'" for end in ends)
        message = (
            f"'{sla.to}' comes after {named}, with which the flow ends: its transactions are complete before; add '{sla.to}' to 'ends'"
        )
        review.doubtful(document, path, message)


def _of_all(review: Review, document: Document, path: Path, flow: Flow, sla: Sla) -> None:
    """Report ``of: all`` where nothing says how many there are: an invoice over several orders is seen whole by none of them."""
    named = flow.milestones[sla.to].keys if sla.to in flow.milestones else {}
    relations = {key: flow.keys[key].relation for key in named if key in flow.keys}
    shared = [key for key, relation in relations.items() if relation == "many-to-many"]
    if sla.of == "all" and "of" in sla.model_fields_set and shared and "many" not in relations.values():
        message = (
            f"'of: all' cannot wait for every '{shared[0]}': its relation is many-to-many, so no transaction knows all of them; remove 'of'"
        )
        review.wrong(document, path, message, at_key=True)


def _pause(review: Review, document: Document, path: Path, flow: Flow, pause: Pause) -> None:
    _milestone(review, document, (*path, "from"), flow, pause.from_)
    _milestone(review, document, (*path, "to"), flow, pause.to)
    if pause.from_ == pause.to:
        review.wrong(document, (*path, "to"), f"the pause starts and ends with '{pause.to}'; name the milestone that restarts the clock")


def _limits(review: Review, document: Document, path: Path, sla: Sla, limits: Sla | Target, facts: dict[str, str]) -> None:
    """Check ``within``, ``due`` and ``warn`` of an SLA or one of its targets."""
    for key in ("within", "due", "warn"):
        text = getattr(limits, key)
        if text is None:
            continue
        at = (*path, key)
        if _WORKING_DAY.search(text):
            review.wrong(document, at, f"'{text}': a working day has no fixed length; use working hours")
        elif _WORKING.search(text) and not sla.calendar:
            review.wrong(document, at, f"'{text}' counts working time, but the SLA has no calendar; add 'calendar:' or remove 'working'")
    if limits.due is not None:
        if _BARE_CUT_OFF.search(limits.due) and not sla.calendar:
            review.wrong(
                document,
                (*path, "due"),
                "'next cut-off' needs a calendar that has a cut-off; add 'calendar:' or write 'next cut-off 16:00'",
            )
        if review.validators.due is not None:
            times = [name for name, type_ in facts.items() if type_ == "time"]
            review.validated(document, (*path, "due"), review.validators.due(limits.due, times))
    if limits.warn is not None and not re.fullmatch(f"{PERCENTAGE_PATTERN}|{DURATION_PATTERN}", limits.warn):
        message = f"'{limits.warn}' is neither a percentage nor a time before the due time; {_instead_of(limits.warn)}"
        review.wrong(document, (*path, "warn"), message)
    elif limits.warn is not None and limits.warn.endswith("%") and float(limits.warn.rstrip("%")) > _WHOLE:
        message = f"'{limits.warn}' of the time is after the due time; write a share of at most 100%, for example '60%'"
        review.wrong(document, (*path, "warn"), message)


def _instead_of(warn: str) -> str:
    meant = warn.replace("business", "working")
    if warn.strip().isdecimal():
        return f"write '{warn.strip()}%' or a duration such as '2 hours'"
    return f"did you mean '{meant}'?" if re.fullmatch(DURATION_PATTERN, meant) else "write, for example, '60%' or '10 minutes'"


def _money(review: Review, document: Document, path: Path, name: str, facts: dict[str, str], flow: Flow) -> None:
    if name not in facts:
        review.unknown(document, path, f"fact '{name}' is not declared under 'facts' of flow '{flow.flow}'", name, facts)
    elif facts[name] not in _MONEY:
        review.wrong(document, path, f"fact '{name}' is a {facts[name]}, not an amount; declare it with 'type: decimal'")


def _penalty(review: Review, document: Document, path: Path, sla: Sla, penalty: Penalty | None, facts: dict[str, str], flow: Flow) -> None:
    """Check the penalty of an SLA or one of its targets: what is at risk and what is owed must have the same currency."""
    if penalty is None:
        return
    at = (*path, "penalty", "of")
    _money(review, document, at, penalty.of, facts, flow)
    mine, theirs = (flow.facts.get(name) for name in (penalty.of, sla.impact.value if sla.impact else penalty.of))
    if mine and theirs and mine.currency != theirs.currency:
        message = (
            f"the currency of '{penalty.of}' is {_currency(mine)}, that of the impact is {_currency(theirs)}; a clock has only one currency"
        )
        review.wrong(document, at, message)


def _currency(fact: Fact) -> str:
    return f"in '{fact.currency}'" if fact.currency else "not said"


def _target(
    review: Review,
    document: Document,
    path: Path,
    sla: Sla,
    target: Target,
    facts: dict[str, str],
    flow: Flow,
    contracts: dict[str, Contract],
) -> None:
    if target.within is not None and target.due is not None:
        review.wrong(document, (*path, "due"), "the target has both 'within' and 'due'; keep one", at_key=True)
    if target.within is None and target.due is None and target.warn is None and target.penalty is None:
        review.wrong(document, path, "the target changes nothing; add 'within', 'due', 'warn' or 'penalty'")
    if target.since and target.until and target.since >= target.until:
        review.wrong(
            document, (*path, "until"), f"the target ends on {target.until}, which is not after its start on {target.since}; swap the dates"
        )
    _limits(review, document, path, sla, target, facts)
    _penalty(review, document, path, sla, target.penalty, facts, flow)
    for name, values in target.when.items():
        fact, _, attribute = name.partition(".")
        at = (*path, "when", name)
        if not listed(values):
            review.wrong(document, at, f"'{name}' has no value to compare with; write at least one")
        if name in facts:
            continue
        if fact not in facts:
            review.unknown(document, at, f"fact '{fact}' is not declared under 'facts' of flow '{flow.flow}'", fact, facts)
        elif "contract" not in review.incomplete and attribute not in (
            known := {each for contract in contracts.values() if fact in contract.for_ for each in contract.facts}
        ):
            review.unknown(document, at, f"no contract gives '{attribute}' for a {fact}", attribute, known)
