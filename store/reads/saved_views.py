"""Saved views of lists."""

from __future__ import annotations

import pandas as pd

from core.saved_view import DELETED, SAVED
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def views(client: Reader, *, person: str, limit: int = 200) -> pd.DataFrame:
    """Return name, shared (0, 1), saved_by, address and saved_at (UTC) of the views of a person and then of the shared ones, by name."""
    bound = {
        "person": person,
        "limit": limit,
        "saved": [*SAVED.values()],
        "deleted": [*DELETED.values()],
        "of_all": [SAVED[True], DELETED[True]],
    }
    return frame(client, statement("saved_views/views"), parameters=bound)
