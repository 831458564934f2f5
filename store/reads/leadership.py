"""KPIs for leadership, over a period and in comparison."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import pandas as pd

from core.catalog.flow import HEARTBEAT
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement

Dimension = Literal["all", "flow", "plant", "customer"]

_NAMES = {"all": "''", "flow": "flow", "plant": "plant", "customer": "customer"}
_KEY = ["by", "name", "before"]
_COLUMNS = [*_KEY, "decided", "met", "transactions", "exceptions", "completed", "cycle_seconds", "cycle_p90_seconds"]


def figures(client: Reader, *, start: datetime, end: datetime, zone: str, flow: str = "") -> pd.DataFrame:
    """Return the figures of [start, end) and, with ``before`` = 1, of the preceding period of the same length.

    One row per value (``name``) of each dimension (``by``: all, day in ``zone``, flow, plant, customer). Columns: decided and met (clocks),
    transactions (that had a clock decided), exceptions (those of them with a missed one), completed, cycle_seconds (median) and
    cycle_p90_seconds of what ended.
    """
    parameters = {"start": start, "end": end, "earlier": start - (end - start), "zone": zone, "flow": flow or HEARTBEAT}
    clocks, days, cycle = (
        frame(client, statement(f"leadership/{name}", one_flow=bool(flow)), parameters=parameters) for name in ("clocks", "days", "cycle")
    )
    nothing = pd.DataFrame(columns=_KEY)
    counted = pd.concat([part for part in (clocks, days) if len(part)] or [nothing])
    return counted.merge(cycle if len(cycle) else nothing, on=_KEY, how="outer").reindex(columns=_COLUMNS)


def value_at_risk(client: Reader, *, by: Dimension, flow: str = "") -> pd.DataFrame:
    """Return name, currency, value and transactions of what is at risk or breached now, each transaction once."""
    return frame(client, statement("leadership/value_at_risk", column=_NAMES[by], one_flow=bool(flow)), parameters={"flow": flow})
