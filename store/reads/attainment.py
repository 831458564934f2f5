"""How SLAs are kept: a clock is decided when its milestone is reached in time, or when its deadline passes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from store.reads.frame import frame
from store.reads.statement import statement


def attainment(client: Any, *, start: datetime, end: datetime, zone: str) -> pd.DataFrame:
    """Return per flow, SLA and day (in ``zone``): met, missed, unknown and total counts of the clocks decided in [start, end)."""
    return frame(client, statement("attainment"), parameters={"start": start, "end": end, "zone": zone})


def durations(client: Any, *, flow: str, sla: str, start: datetime, end: datetime) -> pd.DataFrame:
    """Return share (of the time allowed, in steps of 0.05, at most 2) and clocks: how long those stopped in [start, end) took."""
    return frame(client, statement("durations"), parameters={"flow": flow, "sla": sla, "start": start, "end": end})


def still_late(client: Any, *, flow: str = "", sla: str = "") -> int:
    """Return how many clocks are past their deadline and not stopped."""
    conditions = ["verdict = 'breached'", *(f"{name} = {{{name}:String}}" for name, value in (("flow", flow), ("sla", sla)) if value)]
    found = client.query(
        f"SELECT count() FROM open_clocks FINAL WHERE {' AND '.join(conditions)}", parameters={"flow": flow, "sla": sla}
    ).result_rows
    return int(found[0][0])


def next_due(client: Any, *, flow: str = "", sla: str = "", limit: int = 50) -> pd.DataFrame:
    """Return clocks that run, in order of their due time: what is missed next if nothing happens."""
    return frame(
        client,
        "SELECT flow, sla, transaction_id, reference, stage, started_at, warn_at, due_at, verdict, value, currency, customer, plant, owner "
        "FROM open_clocks FINAL WHERE verdict IN ('running', 'at_risk') "
        + ("AND flow = {flow:String} " if flow else "")
        + ("AND sla = {sla:String} " if sla else "")
        + "ORDER BY due_at LIMIT {limit:UInt32}",
        parameters={"flow": flow, "sla": sla, "limit": limit},
    )
