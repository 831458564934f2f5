"""Which system hands over to which, as seen in the milestones of transactions."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from core.catalog.flow import HEARTBEAT
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def hops(client: Reader, *, since: datetime, stations: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return from which milestone transactions went to which since then (UTC), in the order in which it happened.

    ``stations``: (flow, milestone) of those that count. Columns: flow, before, milestone, transactions, median_seconds, p90_seconds (from
    the one to the other), last_at (UTC).
    """
    return frame(client, statement("interfaces/hops"), parameters={"since": since, "stations": list(stations)})


def arrivals(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return what was received of each milestone since then (UTC), by source.

    Columns: flow, milestone, source, signals, failures (signals that say that a step failed), delay_seconds (median of the last
    hundred, from a signal's own time to its arrival), last_at (UTC).
    """
    return frame(client, statement("interfaces/arrivals"), parameters={"since": since, "heartbeat": HEARTBEAT})
