"""Checks the store when it opens: the engine sets unreadable parts aside, and that must not go unnoticed."""

from __future__ import annotations

import logging

from core.telemetry import M, Telemetry
from store.client import Store
from store.statement import statement

log = logging.getLogger("store.recovery.health")


def report_detached_parts(store: Store, telemetry: Telemetry) -> int:
    """Log and measure the parts that the engine set aside because they are broken; return how many.

    Their rows are missing from every answer.
    """
    found = store.rows(statement("health/detached_parts"))
    parts = sum(int(row["parts"]) for row in found)
    telemetry.set(M.BROKEN_PARTS, parts)
    for row in found:
        fields = {"table": row["table"], "reason": row["reason"], "parts": int(row["parts"]), "bytes": int(row["bytes"])}
        log.error("parts of a table are broken; load them again from the journal or restore a backup", extra={"fields": fields})
    return parts
