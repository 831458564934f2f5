"""Finds events that repeat the key of a stored event with different content: the first one stays, the other goes to quarantine.

An event in quarantine is not a milestone either. So this runs after a slice is written and before it is correlated.
"""

from __future__ import annotations

import base64
import bisect
import itertools
import json
import logging
from collections.abc import Sequence

from core.signal import Record, SignalKind
from core.telemetry import M, Telemetry
from store.client import Store
from store.framing import LANDINGS, frame, insert_settings
from store.statement import statement

REASON = "key_conflict"
_HASHED_TOGETHER_BYTES = 128 << 10
log = logging.getLogger("store.conflicts")


def quarantine_conflicts(store: Store, telemetry: Telemetry, records: Sequence[Record], slice_: int) -> int:
    """Quarantine the events among ``records``, just loaded as ``slice_``, whose key already has different content; return how many.

    Repeating it writes the same rows again. Raises ``ClickHouseError`` if the store fails.
    """
    events = [record for record in records if record.kind is SignalKind.EVENT]
    if not events:
        return 0
    keys = [int(row["key"]) for row in store.rows(statement("conflicts/keys"), {"slice": slice_})]
    if not keys:
        return 0
    # The table may no longer have the slice's own content, if what is kept has replaced it: the records say which events are meant.
    pairs = base64.b64encode(json.dumps(sorted({_key(record) for record in events})).encode()).decode()
    found = store.rows(statement("conflicts/kept_events"), {"pairs": pairs, "keys": keys})
    kept = {(str(row["event_source"]), str(row["id"])): str(row["kept"]) for row in found}
    rows: dict[str, Record] = {}
    contents: list[tuple[str, str]] = []
    suspects = [(record, key) for record in events if (key := _key(record)) in kept]
    for (record, key), content in zip(suspects, _content_hashes(store, [record.body for record, _ in suspects]), strict=True):
        if content != kept[key]:
            rows[f"conflict:{content}"] = _quarantine_record(record, key, f"conflict:{content}")
            contents.append((f"{key[0]} {key[1]}", content))
    if not rows:  # the same content, sent again
        return 0
    table = LANDINGS[SignalKind.QUARANTINE].table
    store.insert_raw(table, frame(list(rows.values()), slice_), "Protobuf", insert_settings(SignalKind.QUARANTINE))
    encoded = base64.b64encode(json.dumps(contents).encode()).decode()
    store.command(statement("conflicts/forget_milestones"), {"contents": encoded})
    telemetry.add(M.QUARANTINED, len(rows), reason=REASON)
    log.warning("events repeat a key with different content", extra={"fields": {"conflicts": len(rows), "keys": list(kept)[:20]}})
    return len(rows)


def _key(record: Record) -> tuple[str, str]:
    """Return the event's source and id; empty ones if the body is not a CloudEvent (which the store has then refused)."""
    try:
        event = json.loads(record.body)
        return str(event["source"]), str(event["id"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def _content_hashes(store: Store, bodies: Sequence[bytes]) -> list[str]:
    """Return ``events.content_hash`` of each event, computed by the function that the table uses; a few hundred kilobytes per statement."""
    hashes: list[str] = []
    ends = list(itertools.accumulate(len(body) for body in bodies))
    start = 0
    while start < len(bodies):
        before = ends[start - 1] if start else 0
        end = max(start + 1, bisect.bisect_right(ends, before + _HASHED_TOGETHER_BYTES))
        encoded = " ".join(base64.b64encode(body).decode() for body in bodies[start:end])
        hashes += [str(row["hash"]) for row in store.rows(statement("conflicts/content_hashes"), {"bodies": encoded})]
        start = end
    return hashes


def _quarantine_record(record: Record, key: tuple[str, str], quarantine_id: str) -> Record:
    detail = {
        "quarantine_id": quarantine_id,
        "reason": REASON,
        "message": f"event {key[1][:200]} of {key[0][:200]} was received before with different content; the first one is kept",
        "field": "id",
        "kind": SignalKind.EVENT.value,
        "content_type": "application/cloudevents+json",
    }
    return Record(SignalKind.QUARANTINE, record.source, record.lane, record.received_at, 1, record.body, json.dumps(detail))
