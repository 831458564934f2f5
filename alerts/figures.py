"""The figures of incidents, from their members: counts, money, who and what is affected. Pure.

On arrays: an incident's members are looked at again whenever one of them changes, and for a few of them a data frame takes longer to make
than the figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from alerts.members import LATE, SEVERITIES, naive
from core.clock import from_milliseconds

_Numbers = npt.NDArray[np.int64]
_Texts = npt.NDArray[np.object_]
_NEVER = np.iinfo(np.int64).max


def figures_of(members: pd.DataFrame, now: datetime) -> dict[str, dict[str, Any]]:
    """Return the figures of each incident that has members, by the names of its fields.

    A transaction counts once, with its largest value. Penalties add up: each of its SLAs owes its own.
    """
    if members.empty:
        return {}
    incident, names = _encoded(members["incident_id"])
    transaction, width = _transactions(members)
    pair = incident * width + transaction
    rank, value = members["rank"].to_numpy(np.int64), members["value"].to_numpy(np.float64)
    order = np.lexsort((rank, value, pair))
    once = order[np.append(pair[order][1:] != pair[order][:-1], True)]
    late = np.unique(pair[members["verdict"].isin(LATE).to_numpy()]) // width
    by_rank = np.lexsort((-rank, incident))
    worst = by_rank[np.unique(incident[by_rank], return_index=True)[1]]
    due = _next_due(incident, len(names), members["due_at"].to_numpy("datetime64[ms]"), naive(now))
    found: list[dict[str, Any]] = [
        {
            "members": count,
            "breached": breached,
            "severity": SEVERITIES[gravity],
            "next_due_at": None if at == _NEVER else from_milliseconds(at),
            "owner": str(owner),
            "runbook": "",
            "value": {},
            "penalty": {},
            "customers": [],
            "plants": [],
        }
        for count, breached, gravity, owner, at in zip(
            np.bincount(incident[once]).tolist(),
            np.bincount(late, minlength=len(names)).tolist(),
            rank[worst].tolist(),
            members["owner"].iloc[worst],
            due,
            strict=True,
        )
    ]
    for name, rows in (("value", once), ("penalty", np.arange(len(incident)))):
        money = members[name].to_numpy(np.float64)[rows]
        some = rows[money != 0]
        for which, text, amounts in _groups(incident[some], members["currency"].iloc[some], money[money != 0]):
            found[which][name][text] = fsum(amounts)
    for name, column in (("customers", "customer"), ("plants", "plant")):
        _most_money_first(found, name, incident[once], members[column].iloc[once], value[once])
    _first_runbook(found, incident, members["runbook"])
    return dict(zip(map(str, names), found, strict=True))


def _transactions(members: pd.DataFrame) -> tuple[_Numbers, int]:
    """Return the transaction of each member as a number, and a number above all of these. Ids are unique within a flow."""
    transaction, ids = _encoded(members["transaction_id"])
    flow, flows = _encoded(members["flow"])
    return transaction * len(flows) + flow, len(ids) * len(flows)


def _first_runbook(found: list[dict[str, Any]], incident: _Numbers, runbooks: pd.Series) -> None:
    """Set the runbook of the first member of each incident that has one."""
    named = np.flatnonzero((runbooks != "").to_numpy())
    firsts = named[np.unique(incident[named], return_index=True)[1]]
    for which, runbook in zip(incident[firsts].tolist(), runbooks.iloc[firsts], strict=True):
        found[which]["runbook"] = str(runbook)


def _encoded(texts: pd.Series) -> tuple[_Numbers, _Texts]:
    """Return texts as numbers from 0, and the texts that these stand for."""
    codes, names = pd.factorize(texts)
    return codes.astype(np.int64), names.to_numpy(object)


def _next_due(incident: _Numbers, count: int, due_at: npt.NDArray[np.datetime64], now: np.datetime64) -> list[int]:
    """Return by incident the earliest moment to come, in milliseconds since 1970."""
    due = np.full(count, _NEVER)
    to_come = due_at > now
    np.minimum.at(due, incident[to_come], due_at[to_come].astype(np.int64))
    return due.tolist()


def _groups(incident: _Numbers, texts: pd.Series, amounts: npt.NDArray[np.float64]) -> Iterator[tuple[int, str, list[float]]]:
    """Yield for each incident and text its amounts."""
    if not len(incident):
        return
    code, names = _encoded(texts)
    pair = incident * len(names) + code
    order = np.argsort(pair, kind="stable")
    begins = np.flatnonzero(np.append(True, pair[order][1:] != pair[order][:-1])).tolist()
    sorted_amounts = amounts[order].tolist()
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        first = order[begin]
        yield int(incident[first]), str(names[code[first]]), sorted_amounts[begin:end]


def _most_money_first(found: list[dict[str, Any]], name: str, incident: _Numbers, texts: pd.Series, value: npt.NDArray[np.float64]) -> None:
    """Set the distinct texts of each incident, those with the most money first."""
    named = (texts != "").to_numpy()
    totals = [(which, -fsum(amounts), text) for which, text, amounts in _groups(incident[named], texts[named], value[named])]
    for which, _, text in sorted(totals):
        found[which][name].append(text)
