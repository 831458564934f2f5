"""Which limit and penalty apply to which transaction: facts, contracts by customer or partner, effective dates. Pure and columnar."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from core.catalog.contract import Contract
from core.catalog.sla import Penalty, Sla, Target
from slas.calendar import Milliseconds

Texts = Callable[[str], list[str | None]]
Mask = NDArray[np.bool_]

STANDARD = "standard limit"
"""The label of the limit that applies if no target does."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of some rows and what their lateness costs; ``label`` names the target and the contracts that selected it."""

    label: str
    within: str | None
    due: str | None
    warn: str
    penalty: Penalty | None
    rows: NDArray[np.int64]


def limits_of(sla: Sla, contracts: Iterable[Contract], started: Milliseconds, facts: Texts) -> list[Limit]:
    """Return disjoint groups of rows with the limit of each; the first target that applies wins, else the SLA's standard limit."""
    left = np.ones(len(started), np.bool_)
    found: list[Limit] = []
    known = list(contracts)
    for number, target in enumerate(sla.targets, start=1):
        chosen, names = _applies(target, known, started, facts, left)
        if chosen.any():
            within, due = _limited(sla, target)
            label = " ".join([f"target {number}", *names])
            found.append(Limit(label, within, due, target.warn or sla.warn, target.penalty or sla.penalty, np.flatnonzero(chosen)))
            left &= ~chosen
    if left.any():
        found.append(Limit(STANDARD, sla.within, sla.due, sla.warn, sla.penalty, np.flatnonzero(left)))
    return found


def target_of(sla: Sla, label: str) -> Target | None:
    """Return the target that a clock's label names; None for the standard limit and for a target that is no longer there."""
    word, _, rest = label.partition(" ")
    number = rest.partition(" ")[0]
    if word != "target" or not number.isdecimal() or not 1 <= int(number) <= len(sla.targets):
        return None
    return sla.targets[int(number) - 1]


def limit_of(sla: Sla, label: str) -> tuple[str | None, str | None]:
    """Return ``within`` and ``due`` of the limit that a clock's label names; one of them is None."""
    return _limited(sla, target_of(sla, label))


def target_text(sla: Sla, label: str) -> str:
    """Return which target won, why and by which contracts: ``target 1: customer.tier gold (contract gold-customers)``.

    An SLA without targets has nothing to say; if none of its targets applied, the standard limit did.
    """
    target = target_of(sla, label)
    if target is None:
        return "standard limit: no target applies" if sla.targets and label == STANDARD else ""
    _, number, *contracts = label.split(" ")
    chosen = " and ".join(f"{name} {' or '.join(wanted) if isinstance(wanted, list) else wanted}" for name, wanted in target.when.items())
    by = f" (contract {' and '.join(contracts)})" if contracts else ""
    return f"target {number}{f': {chosen}' if chosen else ''}{by}"


def _limited(sla: Sla, target: Target | None) -> tuple[str | None, str | None]:
    if target is None or (target.within is None and target.due is None):
        return sla.within, sla.due
    return target.within, target.due


def effective(since: date | None, until: date | None, started: Milliseconds) -> Mask:
    """Return which starts are in ``[since, until)``, both at 00:00 UTC."""
    mask = np.ones(len(started), np.bool_)
    if since is not None:
        mask &= started >= _midnight(since)
    if until is not None:
        mask &= started < _midnight(until)
    return mask


def _applies(target: Target, contracts: list[Contract], started: Milliseconds, facts: Texts, left: Mask) -> tuple[Mask, list[str]]:
    chosen = left & effective(target.since, target.until, started)
    used: list[str] = []
    for name, wanted in target.when.items():
        if not chosen.any():
            break
        wishes = set(wanted) if isinstance(wanted, list) else {wanted}
        party, _, attribute = name.partition(".")
        if attribute:
            values, by = _from_contracts(party, attribute, contracts, started, facts)
            hits = np.array([value in wishes for value in values], np.bool_)
            used += sorted({by[index] for index in np.flatnonzero(chosen & hits)} - set(used))
        else:
            hits = np.array([value in wishes for value in facts(name)], np.bool_)
        chosen = chosen & hits
    return chosen, used


def _from_contracts(
    party: str, attribute: str, contracts: list[Contract], started: Milliseconds, facts: Texts
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return ``party.attribute`` per row and the contract that says so; the one that began last wins."""
    values = np.full(len(started), None, dtype=object)
    by = np.full(len(started), "", dtype=object)
    for contract in sorted(contracts, key=lambda c: (c.since or date.min, c.contract)):
        if party not in contract.for_ or attribute not in contract.facts:
            continue
        mask = effective(contract.since, contract.until, started)
        for fact, wanted in contract.for_.items():
            wishes = set(wanted) if isinstance(wanted, list) else {wanted}
            mask &= np.array([value in wishes for value in facts(fact)], np.bool_)
        values[mask] = contract.facts[attribute]
        by[mask] = contract.contract
    return values, by


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
