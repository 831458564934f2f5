"""How far the times that each origin sends are from the time of receipt: this reveals a wrong clock."""

from __future__ import annotations

import pandas as pd

from core.catalog.source import OWN_SOURCE
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def loaded_upto(client: Reader) -> int:
    """Return the number of the last loaded slice; 0: none is loaded."""
    return int(client.query(statement("origin_offsets/loaded_upto")).result_rows[0][0])


def origin_offsets(client: Reader, *, after: int, upto: int) -> pd.DataFrame:
    """Return one row per origin (source, and event source or service) seen in the slices above ``after`` up to ``upto``.

    Columns: source, origin, signals, offset_seconds (the median of event time minus time of receipt; positive: in the future). Andon's own
    are left out.
    """
    return frame(client, statement("origin_offsets/offsets"), {"after": after, "upto": upto, "own": OWN_SOURCE})
