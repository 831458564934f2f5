"""What stands in the queues of brokers, as their sources tell it."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from core.catalog.source import OWN_SOURCE
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def latest(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return what stands in each queue that was told of since then (UTC); what its broker does not tell is missing.

    Columns: source, queue, reader (a consumer or a group of them; empty: the queue has one figure for all), told_at (UTC), waiting,
    unacknowledged, oldest_seconds, dead_letters, by_hour (the most that waited or was unacknowledged in each hour, by the seconds since
    1970 at which it began).
    """
    return frame(client, statement("queues/latest"), parameters={"since": since, "own": OWN_SOURCE})
