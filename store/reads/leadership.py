"""KPIs for leadership, over a period and in comparison, and what is behind each figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from core.catalog.flow import HEARTBEAT, OWN_FLOW
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

Dimension = Literal["all", "flow", "plant", "customer", "supplier", "carrier"]
Breakdown = Literal[Dimension, "sla", "cause"]
Promises = tuple[tuple[str, str], ...]
"""(flow, SLA) of the promises that customers were given."""

_PARTIES = ("plant", "customer", "supplier", "carrier")
_FLOWS = {"own": OWN_FLOW, "heartbeat": HEARTBEAT}
_KEY = ["by", "name", "before"]
_COUNTED = frozenset({"all", "day", "flow", "plant", "customer"})
_BASE = 1 << 16
"""More than a catalog has SLAs."""
_COUNTS = ("decided", "met", "transactions", "exceptions", "promised", "kept")
_COLUMNS = [*_KEY, *_COUNTS, "completed", "cycle_seconds", "cycle_p90_seconds"]
_MONEY = [*_KEY, "currency", "penalty", "missed", "protected", "missed_clocks", "protected_transactions"]


@dataclass(frozen=True)
class Selected:
    """What a list behind a figure is narrowed to; '' is everything. ``promised``: 'customer' or 'internal'."""

    flow: str = ""
    sla: str = ""
    plant: str = ""
    customer: str = ""
    supplier: str = ""
    carrier: str = ""
    cause: str = ""
    promised: str = ""

    def named(self, *columns: str) -> tuple[str, ...]:
        """Return those of the columns for which a value is given."""
        return tuple(column for column in columns if getattr(self, column))

    def parameters(self) -> dict[str, Any]:
        """Return the values as parameters of a statement."""
        return {"flow": self.flow or HEARTBEAT, **{name: getattr(self, name) for name in self.named("sla", "cause", *_PARTIES)}}


@dataclass(frozen=True)
class Figures:
    """The figures of a period and, with ``before`` = 1, of the one before; a row a value (``name``) of each dimension (``by``).

    ``counted``: by all, by day, and by flow, plant or customer where that is asked for: decided and met (clocks), transactions (that had a
    clock decided), exceptions (those of them with a missed one), promised (that had a promise to the customer decided), kept (those of them
    with none missed), completed, cycle_seconds (median) and cycle_p90_seconds of what ended. By day, ``promised`` and ``kept`` are not
    counted. ``slas``: flow, sla, met and missed clocks. ``money``: by all and by what is asked for (an SLA is ``flow/sla``, a cause
    ``flow/sla/cause``), and by currency: penalty, what lateness cost so far; missed, the value of transactions with a missed clock;
    protected, that of transactions with a clock that was met after its warning, and none missed. A transaction counts once, with its
    largest value. missed_clocks, protected_transactions: how many they are. The worst come first.
    """

    counted: pd.DataFrame
    slas: pd.DataFrame
    money: pd.DataFrame


def figures(
    client: Reader, *, start: datetime, end: datetime, earlier: datetime, zone: str, flow: str = "", promises: Promises = (),
    by: Breakdown = "all",
) -> Figures:  # fmt: skip
    """Return the figures of [start, end) and of [earlier, start), of one flow or of all. Days are those of ``zone``.

    ``by``: the one dimension to break them down by besides; each more would have to be read and grouped.
    """
    parameters: dict[str, Any] = {"start": start, "end": end, "earlier": earlier, "flow": flow or HEARTBEAT}
    transactions, clocks, cycle = (
        frame(client, statement(f"leadership/{name}", one_flow=bool(flow), **asked), parameters={**parameters, **more})
        for name, asked, more in (
            ("by_transaction", {"column": by if by in {"flow", *_PARTIES} else ""}, _numbered(promises)),
            ("by_clock", {"by": by if by in {"sla", "cause"} else ""}, {"zone": zone}),
            ("cycle", {"column": by if by in _COUNTED - {"all"} else ""}, {"zone": zone}),
        )
    )
    found = pd.concat([part for part in (transactions, clocks) if len(part)] or [pd.DataFrame(columns=_KEY)])
    counted = found[found["by"].isin(_COUNTED)].groupby(_KEY, as_index=False)[[*_COUNTS]].sum(min_count=1) if len(found) else found
    counted = counted.merge(cycle if len(cycle) else pd.DataFrame(columns=_KEY), on=_KEY, how="outer").reindex(columns=_COLUMNS)
    return Figures(counted, _slas(found), _money(found, by))


def _slas(found: pd.DataFrame) -> pd.DataFrame:
    mine = found[found["by"] == "sla"]
    if mine.empty:
        return pd.DataFrame(columns=["flow", "sla", "before", "met", "missed"])
    summed = (
        mine.groupby(["name", "before"], as_index=False)[["met", "missed_clocks"]].sum().astype({"met": "int64", "missed_clocks": "int64"})
    )
    summed[["flow", "sla"]] = summed["name"].str.split("/", n=1, expand=True)
    return summed.rename(columns={"missed_clocks": "missed"})[["flow", "sla", "before", "met", "missed"]]


def _money(found: pd.DataFrame, by: Breakdown) -> pd.DataFrame:
    money = found.reindex(columns=_MONEY)
    costs = money[found["by"].isin({"all", by}) & ((money["missed_clocks"] > 0) | (money["protected_transactions"] > 0))]
    return costs.sort_values(["penalty", "missed", "name"], ascending=[False, False, True], ignore_index=True)


def _numbered(promises: Promises) -> dict[str, list[Any]]:
    """Return numbers for the flows and SLAs of promises, and each promise as the sum of its two: numbers compare faster than words."""
    flows, slas = (list(dict.fromkeys(promise[part] for promise in promises)) for part in (0, 1))
    bases, places = ([step * number for number, _ in enumerate(names, 1)] for names, step in ((flows, _BASE), (slas, 1)))
    base, place = dict(zip(flows, bases, strict=True)), dict(zip(slas, places, strict=True))
    numbers = [base[flow] + place[sla] for flow, sla in promises]
    return {"promising": flows, "bases": bases, "promised": slas, "places": places, "promises": numbers}


def value_at_risk(client: Reader, *, by: Dimension, flow: str = "") -> pd.DataFrame:
    """Return name, currency, value and transactions of what open incidents hold, each transaction once, with its largest value."""
    sql = statement("leadership/value_at_risk", column="''" if by == "all" else by, one_flow=bool(flow))
    return frame(client, sql, parameters={**_FLOWS, "flow": flow or HEARTBEAT})


def behind(
    client: Reader, *, missed: bool, selected: Selected, promises: Promises, start: datetime, end: datetime, limit: int = 200
) -> tuple[pd.DataFrame, int, int]:
    """Return the clocks decided in [start, end) that were missed (or met after their warning), and how many clocks and transactions.

    The most expensive come first, at most ``limit``: by penalty, then by value.
    """
    asked = {
        "missed": missed, "columns": selected.named("sla", "cause", *_PARTIES), "one_flow": bool(selected.flow),
        "promised": {"customer": "IN", "internal": "NOT IN"}.get(selected.promised, ""),
    }  # fmt: skip
    parameters = {**selected.parameters(), "start": start, "end": end, "promises": list(promises)}
    rows = frame(client, statement("leadership/behind", **asked), parameters={**parameters, "limit": limit})
    counts = client.query(statement("leadership/behind_counts", **asked), parameters=parameters).result_rows[0]
    return rows, int(counts[0]), int(counts[1])


def at_risk(client: Reader, *, selected: Selected, limit: int = 200) -> pd.DataFrame:
    """Return the transactions of :func:`value_at_risk`, each with the promise that puts most at risk ('': it failed without one).

    The largest value comes first. ``stage`` is the milestone awaited, ``owner`` that of the incident.
    """
    sql = statement("leadership/at_risk", columns=selected.named(*_PARTIES), one_flow=bool(selected.flow))
    return frame(client, sql, parameters={**_FLOWS, **selected.parameters(), "limit": limit})


def slowest(client: Reader, *, selected: Selected, start: datetime, end: datetime, limit: int = 200) -> pd.DataFrame:
    """Return the transactions completed in [start, end), slowest first: ``ended`` (UTC) and ``seconds`` from first to last milestone."""
    sql = statement("leadership/slowest", columns=selected.named(*_PARTIES), one_flow=bool(selected.flow))
    return frame(client, sql, parameters={**selected.parameters(), "start": start, "end": end, "limit": limit})
