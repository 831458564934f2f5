"""Input in quarantine: what it was, and its raw bytes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.errors import AndonError
from store.reads.frame import frame

_COLUMNS = "quarantine_id, received_at, lane, source, kind, reason, message, content_type"


def quarantined(client: Any, limit: int = 50) -> pd.DataFrame:
    """Return the newest inputs: quarantine_id, received_at (UTC), lane, source, kind, reason, message, content_type, size (bytes)."""
    return frame(
        client,
        f"SELECT {_COLUMNS}, length(body) AS size FROM quarantine FINAL ORDER BY received_at DESC, quarantine_id LIMIT {{limit:UInt32}}",
        {"limit": limit},
    )


def quarantined_input(client: Any, quarantine_id: str) -> dict[str, Any]:
    """Return one input with its ``body`` (bytes) and ``detail`` (JSON text). Raises :class:`core.errors.AndonError` for an unknown id."""
    found = client.query(
        f"SELECT {_COLUMNS}, detail, body FROM quarantine FINAL WHERE quarantine_id = {{id:String}} LIMIT 1",
        parameters={"id": quarantine_id},
        column_formats={"body": "bytes"},
    )
    for row in found.named_results():
        return dict(row)
    raise AndonError(f"quarantine id '{quarantine_id}' is unknown; 'andon quarantine list' shows the ids")
