"""Input in quarantine: what it was, and its raw bytes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.errors import AndonError
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def quarantined(client: Reader, limit: int = 50) -> pd.DataFrame:
    """Return the newest inputs: quarantine_id, received_at (UTC), lane, source, kind, reason, message, content_type, size (bytes)."""
    return frame(client, statement("quarantine/newest"), {"limit": limit})


def quarantined_input(client: Reader, quarantine_id: str) -> dict[str, Any]:
    """Return one input with its ``body`` (bytes) and ``detail`` (JSON text). Raises :class:`core.errors.AndonError` for an unknown id."""
    found = client.query(
        statement("quarantine/input"),
        parameters={"id": quarantine_id},
        column_formats={"body": "bytes"},
    )
    for row in found.named_results():
        return dict(row)
    raise AndonError(f"quarantine id '{quarantine_id}' is not known; 'andon quarantine list' shows the ids")
