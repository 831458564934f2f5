"""Cross-checks of a flow: its names, what its milestones match, and what they refer to."""

from __future__ import annotations

from core.catalog.check_reading import check_expression, check_place, check_regex, finds_several
from core.catalog.check_sla import check_sla
from core.catalog.contract import Contract
from core.catalog.flow import HEARTBEAT, OWN_FLOW, Flow, Match, Milestone
from core.catalog.positions import Document, Path
from core.catalog.review import Review, listed

_SIGNALS = ("event", "span", "log")
_NOT_MATCHED = {"event": ("service", "status"), "log": ("status",)}


def check_flow(review: Review, document: Document, flow: Flow, contracts: dict[str, Contract]) -> None:
    """Report every error in one valid flow file."""
    if flow.flow in {HEARTBEAT, OWN_FLOW}:
        review.wrong(document, ("flow",), f"'{flow.flow}' is reserved for Andon's own flow; choose another name")
    for part, noun in (("keys", "key"), ("facts", "fact"), ("milestones", "milestone"), ("slas", "SLA")):
        review.names(document, (part,), getattr(flow, part), noun)
    review.refers(document, ("owner",), "owner", flow.owner, " in owners.yaml")
    facts = fact_types(flow)
    for part in ("ends", "cancels"):
        for index, name in enumerate(getattr(flow, part)):
            refers_to_milestone(review, document, (part, index), flow, name)
            if part == "cancels" and name in flow.ends:
                review.wrong(
                    document, (part, index), f"milestone '{name}' both ends and cancels the flow; keep it in only one of the lists"
                )
    for position, (type_, key) in enumerate(flow.keys.items()):
        _check_written_by(review, document, flow, type_, key.written_by, first=position == 0)
    _check_parties(review, document, flow)
    for name, milestone in flow.milestones.items():
        _check_milestone(review, document, flow, name, milestone, facts)
    for name, sla in flow.slas.items():
        check_sla(review, document, flow, name, sla, facts, contracts)


def fact_types(flow: Flow) -> dict[str, str]:
    """Return the type of every fact of a flow; a fact that serves only as a currency is text."""
    currencies = {fact.currency: "text" for fact in flow.facts.values() if fact.currency}
    return {**currencies, **{name: fact.type for name, fact in flow.facts.items()}}


def _check_parties(review: Review, document: Document, flow: Flow) -> None:
    """Each role is one fact's, and a company is named by a text."""
    holders: dict[str, str] = {}
    for name, fact in flow.facts.items():
        if fact.party is None:
            continue
        at = ("facts", name, "party")
        if fact.type != "text":
            review.wrong(document, at, f"fact '{name}' is a {fact.type}, which names no {fact.party}; give 'party' to a fact of type text")
        elif (other := holders.setdefault(fact.party, name)) != name:
            review.wrong(document, at, f"fact '{other}' is the {fact.party} already; keep 'party: {fact.party}' at one of them")


def refers_to_milestone(review: Review, document: Document, path: Path, flow: Flow, name: str | None) -> None:
    """Report an error if ``name`` is not a milestone of ``flow``."""
    if name is not None and name not in flow.milestones:
        review.unknown(document, path, f"milestone '{name}' is not defined in flow '{flow.flow}'", name, flow.milestones)


def _check_written_by(review: Review, document: Document, flow: Flow, type_: str, milestone: str | None, *, first: bool) -> None:
    path: Path = ("keys", type_, "written_by")
    refers_to_milestone(review, document, path, flow, milestone)
    if milestone in flow.milestones and finds_several(flow.milestones[milestone].keys.get(type_, "")):
        message = f"milestone '{milestone}' may have several of '{type_}', and none of them is how people write it; name one that has one"
        review.wrong(document, path, message)
    elif milestone in flow.milestones and type_ not in flow.milestones[milestone].keys:
        review.wrong(document, path, f"milestone '{milestone}' does not have the key '{type_}'; name one that has it")
    elif milestone is not None and not first:
        review.wrong(
            document, path, f"transactions are shown by the first key, '{next(iter(flow.keys))}'; move this there, or leave it out"
        )


def _check_milestone(review: Review, document: Document, flow: Flow, name: str, milestone: Milestone, facts: dict[str, str]) -> None:
    path: Path = ("milestones", name)
    signal = _check_match(review, document, (*path, "match"), milestone.match)
    if not milestone.keys:
        review.wrong(document, (*path, "keys"), f"milestone '{name}' has no keys; give it at least one, or nothing can be linked to it")
    for key in milestone.keys:
        if key not in flow.keys:
            message = f"key '{key}' is not declared under 'keys' of flow '{flow.flow}'"
            review.unknown(document, (*path, "keys", key), message, key, flow.keys, at_key=True)
    for fact in milestone.facts:
        if fact not in facts:
            message = f"fact '{fact}' is not declared under 'facts' of flow '{flow.flow}'"
            review.unknown(document, (*path, "facts", fact), message, fact, facts, at_key=True)
    _check_expected(review, document, (*path, "expected"), flow, milestone.expected, facts)
    review.refers(document, (*path, "runbook"), "runbook", milestone.runbook, " in runbooks/")
    _check_failure(review, document, path, flow, name, milestone)
    _check_expressions(review, document, path, signal, milestone, facts)


def _check_expected(review: Review, document: Document, path: Path, flow: Flow, name: str | None, facts: dict[str, str]) -> None:
    if name is None:
        return
    if name not in facts:
        review.unknown(document, path, f"fact '{name}' is not declared under 'facts' of flow '{flow.flow}'", name, facts)
    elif facts[name] != "time":
        review.wrong(document, path, f"fact '{name}' is a {facts[name]}, which says no moment; declare it with 'type: time'")


def _check_expressions(review: Review, document: Document, path: Path, signal: str, milestone: Milestone, facts: dict[str, str]) -> None:
    for key, place in milestone.keys.items():
        check_place(review, document, (*path, "keys", key), signal, place, "key")
    for fact, place in milestone.facts.items():
        check_place(review, document, (*path, "facts", fact), signal, place, facts.get(fact, "text"))
    if milestone.cause is not None:
        check_place(review, document, (*path, "cause"), signal, milestone.cause, "text")
    if milestone.time is not None:
        check_place(review, document, (*path, "time"), signal, milestone.time, "time")
    if milestone.match.where is not None:
        check_expression(review, document, (*path, "match", "where"), signal, milestone.match.where)


def _check_failure(review: Review, document: Document, path: Path, flow: Flow, name: str, milestone: Milestone) -> None:
    if not milestone.failure:
        for key in ("stage", "cause"):
            if getattr(milestone, key) is not None:
                review.wrong(
                    document, (*path, key), f"'{key}' is only allowed for a failure; add 'failure: true' or remove it", at_key=True
                )
        return
    at = (*path, "stage")
    refers_to_milestone(review, document, at, flow, milestone.stage)
    if milestone.stage == name:
        review.wrong(document, at, f"milestone '{name}' names itself as its stage; name the milestone that did not happen")
    elif milestone.stage in flow.milestones and flow.milestones[milestone.stage].failure:
        chain = _stages(flow, name)
        if name in chain[1:]:
            review.wrong(document, at, f"the stages form a cycle: {' → '.join(chain)}; name a milestone that is not a failure")
        else:
            review.wrong(document, at, f"stage '{milestone.stage}' is itself a failure; name the milestone that did not happen")


def _stages(flow: Flow, name: str) -> list[str]:
    """Return the chain of stages from a milestone to its end or its first repetition."""
    chain = [name]
    while (following := flow.milestones[chain[-1]].stage) is not None and following in flow.milestones:
        chain.append(following)
        if following in chain[:-1]:
            break
    return chain


def _check_match(review: Review, document: Document, path: Path, match: Match) -> str:
    """Return the signal kind that a match is about."""
    given = [kind for kind in _SIGNALS if getattr(match, kind) is not None]
    if not (match.model_fields_set - {"attributes"} or match.attributes):
        review.wrong(document, path, "the match has no condition and would accept every signal; write 'event:', 'span:' or 'log:'")
        return "span"
    if len(given) > 1:
        names = " and ".join(f"'{kind}'" for kind in given)
        review.wrong(document, path, f"{names} are different kinds of signal; a milestone matches only one kind, so write two milestones")
    kind = given[0] if given else "span"
    for name in _NOT_MATCHED.get(kind, ()):
        if getattr(match, name) is not None:
            instead = "; use 'source' instead" if name == "service" else ""
            article = "an event" if kind == "event" else "a log record"
            review.wrong(document, (*path, name), f"{article} has no {name} to match{instead}", at_key=True)
    if match.log is not None:
        check_regex(review, document, (*path, "log"), match.log)
    for name in ("event", "span", "service", "source"):
        values = listed(getattr(match, name))
        if getattr(match, name) is not None and (not values or "" in values):
            review.wrong(document, (*path, name), f"'{name}' is empty; write a value, a list, or a prefix such as 'order.*'")
    if not any(set(listed(getattr(match, name))) - {"*"} for name in ("event", "span", "service", "source")):
        review.doubtful(
            document, path, "this match has to inspect every signal; add 'event', 'span', 'service' or 'source' to make it cheap"
        )
    return kind
