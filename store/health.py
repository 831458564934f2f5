"""Looks at the store when it opens: parts that could not be read are set aside by the engine, and that must not stay unseen."""

from __future__ import annotations

import logging

from core.telemetry import M, Telemetry
from store.client import Store

log = logging.getLogger("store.health")
_LOST = (
    "SELECT table, reason, count() AS parts, sum(bytes_on_disk) AS bytes FROM system.detached_parts"
    " WHERE database = currentDatabase() AND reason NOT IN ('', 'ignored', 'covered-by-broken', 'clone') GROUP BY table, reason ORDER BY table"
)
"""Parts without a reason were detached by a person; ignored and clone are copies of data that is there."""


def report_detached_parts(store: Store, telemetry: Telemetry) -> int:
    """Log and measure the parts the engine set aside because they are broken; return how many. Their rows are missing from every answer."""
    found = store.rows(_LOST)
    parts = sum(int(row["parts"]) for row in found)
    telemetry.set(M.BROKEN_PARTS, parts)
    for row in found:
        fields = {"table": row["table"], "reason": row["reason"], "parts": int(row["parts"]), "bytes": int(row["bytes"])}
        log.error("parts of a table are broken; load them again from the journal or restore a backup", extra={"fields": fields})
    return parts
