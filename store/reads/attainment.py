"""How SLAs are met: a clock is decided when its milestone is reached in time, or when its deadline passes."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def attainment(client: Reader, *, start: datetime, end: datetime, zone: str) -> pd.DataFrame:
    """Return per flow, SLA and day (in ``zone``) the met, missed, unknown and total counts of the clocks decided in [start, end)."""
    return frame(client, statement("attainment/by_day"), parameters={"start": start, "end": end, "zone": zone})


def durations(client: Reader, *, flow: str, sla: str, start: datetime, end: datetime) -> pd.DataFrame:
    """Return share (of the time allowed, in steps of 0.05, at most 2) and clocks: how long those that stopped in [start, end) took."""
    return frame(client, statement("attainment/durations"), parameters={"flow": flow, "sla": sla, "start": start, "end": end})


def still_late(client: Reader, *, flow: str = "", sla: str = "") -> int:
    """Return how many clocks are past their deadline and have not stopped."""
    given = {"flow": flow, "sla": sla}
    found = client.query(statement("attainment/still_late", columns=_asked(given)), parameters=given).result_rows
    return int(found[0][0])


def next_due(client: Reader, *, flow: str = "", sla: str = "", limit: int = 50) -> pd.DataFrame:
    """Return running clocks in order of their due time: what is missed next if nothing happens."""
    given = {"flow": flow, "sla": sla}
    return frame(client, statement("attainment/next_due", columns=_asked(given)), parameters={**given, "limit": limit})


def _asked(given: dict[str, str]) -> tuple[str, ...]:
    """Return the columns for which a value is given."""
    return tuple(column for column, value in given.items() if value)
