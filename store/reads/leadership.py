"""Key figures for leadership, over a period and in comparison."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import pandas as pd

from store.reads.frame import frame
from store.reads.statement import statement

Dimension = Literal["all", "day", "flow", "plant", "customer"]

_CLOCK_GROUPS = {
    "all": "''",
    "day": "toString(toDate(decided_at, {zone:String}))",
    "flow": "flow",
    "plant": "plant",
    "customer": "customer",
}
_CYCLE_GROUPS = {
    "all": "''", "day": "toString(toDate(assumeNotNull(ended_at), {zone:String}))", "flow": "flow", "plant": "facts['plant']",
    "customer": "facts['customer']",
}  # fmt: skip


def figures(client: Any, *, by: Dimension, start: datetime, end: datetime, zone: str, flow: str = "") -> pd.DataFrame:
    """Return one row per value of the dimension, at most 1,000.

    Columns: name, decided and met (clocks), transactions (that had a clock decided), exceptions (of those: with a missed one or a
    failure that stands), completed, cycle_seconds (median) and cycle_p90_seconds of what ended in [start, end).
    """
    parameters = {"start": start, "end": end, "zone": zone, "flow": flow}
    also = "AND flow = {flow:String}" if flow else ""
    clocks = frame(client, statement("kpi_clocks").replace("/*name*/", _CLOCK_GROUPS[by]).replace("/*flow*/", also), parameters=parameters)
    cycle = frame(client, statement("kpi_cycle").replace("/*name*/", _CYCLE_GROUPS[by]).replace("/*flow*/", also), parameters=parameters)
    columns = ["name", "decided", "met", "transactions", "exceptions", "completed", "cycle_seconds", "cycle_p90_seconds"]
    if clocks.empty and cycle.empty:
        return pd.DataFrame(columns=columns)
    if clocks.empty or cycle.empty:
        return pd.concat([clocks, cycle]).reindex(columns=columns)
    return clocks.merge(cycle, on="name", how="outer").reindex(columns=columns)


def value_at_risk(client: Any, *, by: Dimension, flow: str = "") -> pd.DataFrame:
    """Return name, currency, value and transactions of what is at risk or breached now, each transaction once."""
    name = _CLOCK_GROUPS[by] if by != "day" else "''"
    also = "AND flow = {flow:String}" if flow else ""
    return frame(
        client,
        f"SELECT name, currency, sum(worth) AS value, count() AS transactions FROM (SELECT {name} AS name, transaction_id, "
        "any(clocks.currency) AS currency, max(clocks.value) AS worth FROM clocks FINAL WHERE removed = 0 AND verdict IN ('at_risk', 'breached') "
        f"{also} GROUP BY name, transaction_id) GROUP BY name, currency ORDER BY value DESC LIMIT 1000",
        parameters={"flow": flow},
    )
