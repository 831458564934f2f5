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
            limited = target.within is not None or target.due is not None
            within, due = (target.within, target.due) if limited else (sla.within, sla.due)
            label = " ".join([f"target {number}", *names])
            found.append(Limit(label, within, due, target.warn or sla.warn, target.penalty or sla.penalty, np.flatnonzero(chosen)))
            left &= ~chosen
    if left.any():
        found.append(Limit("standard limit", sla.within, sla.due, sla.warn, sla.penalty, np.flatnonzero(left)))
    return found


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
