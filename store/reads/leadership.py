"""Key figures for leadership, over a period and in comparison."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import pandas as pd

from core.catalog.flow import HEARTBEAT
from store.reads.frame import frame
from store.reads.statement import statement

Dimension = Literal["all", "flow", "plant", "customer"]

_NAMES = {"all": "''", "flow": "flow", "plant": "plant", "customer": "customer"}
_KEY = ["by", "name", "before"]
_COLUMNS = [*_KEY, "decided", "met", "transactions", "exceptions", "completed", "cycle_seconds", "cycle_p90_seconds"]


def figures(client: Any, *, start: datetime, end: datetime, zone: str, flow: str = "") -> pd.DataFrame:
    """Return the figures of [start, end) and, where ``before`` is 1, of the period of the same length before it.

    One row per value (``name``) of each dimension (``by``: all, day in ``zone``, flow, plant, customer). Columns: decided and met (clocks),
    transactions (that had a clock decided), exceptions (of those: with a missed one), completed, cycle_seconds (median) and
    cycle_p90_seconds of what ended.
    """
    parameters = {"start": start, "end": end, "earlier": start - (end - start), "zone": zone, "flow": flow or HEARTBEAT}
    also = "AND flow = {flow:String}" if flow else "AND flow != {flow:String}"
    clocks, days, cycle = (
        frame(client, statement(name).replace("/*flow*/", also), parameters=parameters) for name in ("kpi_clocks", "kpi_days", "kpi_cycle")
    )
    nothing = pd.DataFrame(columns=_KEY)
    counted = pd.concat([part for part in (clocks, days) if len(part)] or [nothing])
    return counted.merge(cycle if len(cycle) else nothing, on=_KEY, how="outer").reindex(columns=_COLUMNS)


def value_at_risk(client: Any, *, by: Dimension, flow: str = "") -> pd.DataFrame:
    """Return name, currency, value and transactions of what is at risk or breached now, each transaction once."""
    also = "AND flow = {flow:String}" if flow else ""
    return frame(
        client,
        f"SELECT name, currency, sum(worth) AS value, count() AS transactions FROM (SELECT {_NAMES[by]} AS name, transaction_id, "
        "argMax(open_clocks.currency, open_clocks.value) AS currency, max(open_clocks.value) AS worth FROM open_clocks FINAL WHERE verdict IN ('at_risk', 'breached') "
        f"{also} GROUP BY name, transaction_id) GROUP BY name, currency ORDER BY value DESC",
        parameters={"flow": flow},
    )
