"""The troubles of sources, as the collector tells of them: gaps, which cannot be read, and of whose queues nobody tells."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from core.catalog.source import OWN_SOURCE
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def unread(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return source, since (UTC) and reason of the sources that could not be read when that was told last, since then (UTC)."""
    return frame(client, statement("source_troubles/unread"), parameters={"since": since, "own": OWN_SOURCE})


def untold(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return source and reason of the sources of whose queues nobody tells what waits, as it was told last, since then (UTC)."""
    return frame(client, statement("source_troubles/untold"), parameters={"since": since, "own": OWN_SOURCE})


def gaps(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return source, what, gaps, last_at (UTC) and place (the last one) of what was missing since then (UTC)."""
    return frame(client, statement("source_troubles/gaps"), parameters={"since": since, "own": OWN_SOURCE})
