"""KPIs for leadership, over a period and in comparison, and what is behind each figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from core.catalog.flow import HEARTBEAT
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

Dimension = Literal["all", "flow", "plant", "customer"]
Breakdown = Literal["all", "flow", "plant", "customer", "supplier", "carrier", "sla", "cause"]
Promises = tuple[tuple[str, str], ...]
"""(flow, SLA) of the promises that customers were given."""

_NAMES = {
    "all": "''", **{name: name for name in ("flow", "plant", "customer", "supplier", "carrier")}, "sla": "concat(flow, '/', sla)", "cause": "concat(flow, '/', sla, '/', cause)",
}  # fmt: skip
_PARTIES = ("plant", "customer", "supplier", "carrier")
_KEY = ["by", "name", "before"]
_COLUMNS = [*_KEY, "decided", "met", "transactions", "exceptions", "completed", "cycle_seconds", "cycle_p90_seconds"]
_MONEY = ["name", "currency", "penalty", "missed", "protected", "missed_clocks", "missed_transactions", "protected_transactions"]


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


def figures(client: Reader, *, start: datetime, end: datetime, earlier: datetime, zone: str, flow: str = "") -> pd.DataFrame:
    """Return the figures of [start, end) and, with ``before`` = 1, those of [earlier, start).

    One row per value (``name``) of each dimension (``by``: all, day in ``zone``, flow, plant, customer). Columns: decided and met (clocks),
    transactions (that had a clock decided), exceptions (those of them with a missed one), completed, cycle_seconds (median) and
    cycle_p90_seconds of what ended.
    """
    parameters = {"start": start, "end": end, "earlier": earlier, "zone": zone, "flow": flow or HEARTBEAT}
    clocks, days, cycle = (
        frame(client, statement(f"leadership/{name}", one_flow=bool(flow)), parameters=parameters) for name in ("clocks", "days", "cycle")
    )
    nothing = pd.DataFrame(columns=_KEY)
    counted = pd.concat([part for part in (clocks, days) if len(part)] or [nothing])
    return counted.merge(cycle if len(cycle) else nothing, on=_KEY, how="outer").reindex(columns=_COLUMNS)


def slas(client: Reader, *, start: datetime, end: datetime, earlier: datetime, flow: str = "") -> pd.DataFrame:
    """Return flow, sla, before, met and missed of the clocks decided in [start, end) and, with ``before`` = 1, in [earlier, start)."""
    parameters = {"start": start, "end": end, "earlier": earlier, "flow": flow or HEARTBEAT}
    found = frame(client, statement("leadership/slas", one_flow=bool(flow)), parameters=parameters)
    return found.reindex(columns=["flow", "sla", "before", "met", "missed"])


def in_full(
    client: Reader, *, by: Dimension, promises: Promises, start: datetime, end: datetime, earlier: datetime, flow: str = ""
) -> pd.DataFrame:
    """Return name, before, promised and kept: transactions with one of the ``promises`` decided, and those of them with none missed."""
    parameters = {"start": start, "end": end, "earlier": earlier, "flow": flow or HEARTBEAT, **_by_flow(promises)}
    sql = statement("leadership/in_full", column=_NAMES[by], one_flow=bool(flow))
    found = frame(client, sql, parameters=parameters) if promises else pd.DataFrame()
    return found.reindex(columns=["name", "before", "promised", "kept"])


def money(client: Reader, *, by: Breakdown, start: datetime, end: datetime, flow: str = "") -> pd.DataFrame:
    """Return what was missed and protected in [start, end) by ``name`` of a dimension and by currency.

    ``name`` of an SLA is ``flow/sla``, of a cause ``flow/sla/cause``. ``penalty``: what lateness cost so far; ``missed``: the value of
    transactions with a missed clock; ``protected``: that of transactions with a clock that was met after its warning, and none missed.
    A transaction counts once, with its largest value. The worst come first.
    """
    sql = statement("leadership/money_of_clocks" if by in {"sla", "cause"} else "leadership/money", column=_NAMES[by], one_flow=bool(flow))
    return frame(client, sql, parameters={"start": start, "end": end, "flow": flow or HEARTBEAT}).reindex(columns=_MONEY)


def _by_flow(promises: Promises) -> dict[str, list[Any]]:
    """Return the flows, and beside each the names of its SLAs."""
    flows = list(dict.fromkeys(flow for flow, _ in promises))
    return {"promising": flows, "promises": [[sla for other, sla in promises if other == flow] for flow in flows]}


def value_at_risk(client: Reader, *, by: Breakdown, flow: str = "") -> pd.DataFrame:
    """Return name, currency, value and transactions of what is at risk or breached now, each transaction once; by no SLA or cause."""
    return frame(client, statement("leadership/value_at_risk", column=_NAMES[by], one_flow=bool(flow)), parameters={"flow": flow})


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
    """Return the transactions that are at risk or breached now, each with the clock that puts most at risk; the largest value first."""
    sql = statement("leadership/at_risk", columns=selected.named(*_PARTIES), one_flow=bool(selected.flow))
    return frame(client, sql, parameters={**selected.parameters(), "limit": limit})


def slowest(client: Reader, *, selected: Selected, start: datetime, end: datetime, limit: int = 200) -> pd.DataFrame:
    """Return the transactions completed in [start, end), slowest first: ``ended`` (UTC) and ``seconds`` from first to last milestone."""
    sql = statement("leadership/slowest", columns=selected.named(*_PARTIES), one_flow=bool(selected.flow))
    return frame(client, sql, parameters={**selected.parameters(), "start": start, "end": end, "limit": limit})
