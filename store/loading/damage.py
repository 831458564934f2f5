"""Reports journal records that could not be read: in the metric, in the log, and as one row in quarantine each."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from core.signal import Record, SignalKind
from core.telemetry import M, Telemetry
from journal.format import Stored
from journal.segments import SegmentReader
from store.client import Store
from store.loading.framing import LANDINGS, frame, insert_settings

log = logging.getLogger("store.loading.damage")


def report_damage(store: Store, telemetry: Telemetry, segment: SegmentReader, damaged: Sequence[Stored], slice_: int, now: int) -> None:
    """Report records lost to a damaged segment; ``now`` in milliseconds since 1970."""
    rows = []
    for stored in damaged:
        detail = {
            "reason": "journal_damaged",
            "message": f"record {stored.id} of segment {segment.name}: {stored.damage}",
            "quarantine_id": f"{segment.name}:{stored.id}",
            "segment": segment.name,
            "record": stored.id,
        }
        rows.append(Record(SignalKind.QUARANTINE, "default", segment.lane, now, 1, b"", json.dumps(detail)))
    store.insert_raw(LANDINGS[SignalKind.QUARANTINE].table, frame(rows, slice_), "Protobuf", insert_settings(SignalKind.QUARANTINE))
    telemetry.add(M.JOURNAL_DAMAGED, len(damaged), lane=segment.lane.value)
    telemetry.add(M.QUARANTINED, len(damaged), reason="journal_damaged")
    log.error(
        "journal records are damaged", extra={"fields": {"segment": segment.name, "records": [stored.id for stored in damaged][:100]}}
    )
