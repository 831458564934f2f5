"""Finds events that repeat the key of a stored event with different content: the first one stays, the other goes to quarantine.

A document that names itself and comes again in a file of another name, or as another message, says the same, and so does a message of MQTT
that the broker has kept: the first one stays, and nothing is told.

An event in quarantine is not a milestone either. So this runs after a slice is written and before it is correlated.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping, Sequence

import msgspec

from core.signal import Record, SignalKind
from core.telemetry import M, Telemetry
from store.client import Store
from store.loading.event_contents import EventContents, content_hash, key_hash, key_of
from store.loading.framing import LANDINGS, frame, insert_settings
from store.loading.slice import DECODED_MAX
from store.statement import statement

REASON = "key_conflict"
_OF_DELIVERY = frozenset({"file", "partition", "offset", "sequence", "retained"})
"""Attributes that receivers add: how an event came, and not what it says."""
log = logging.getLogger("store.loading.conflicts")


def quarantine_conflicts(store: Store, contents: EventContents, telemetry: Telemetry, records: Sequence[Record], slice_: int) -> int:
    """Quarantine the events among ``records``, just loaded as ``slice_``, whose key already has different content; return how many.

    Repeating it writes the same rows again. Raises ``ClickHouseError`` if the store fails.
    """
    events = [record for record in records if record.kind is SignalKind.EVENT]
    if not events:
        return 0
    is_small = len(events) <= DECODED_MAX[SignalKind.EVENT]
    hashes = contents.note(events, slice_) if is_small else contents.noted_by_store(slice_)
    if not hashes:
        return 0
    # The table may no longer have the slice's own content, if what is kept has replaced it: the records say which events are meant.
    suspects = [(record, key) for record in events if key_hash(*(key := key_of(record))) in hashes]
    pairs = base64.b64encode(json.dumps(sorted({key for _, key in suspects})).encode()).decode()
    found = store.rows(statement("conflicts/kept_events"), {"pairs": pairs})
    kept = {(str(row["event_source"]), str(row["id"])): (str(row["kept"]), row["extensions"]) for row in found}
    rows: dict[str, Record] = {}
    others: list[tuple[str, str]] = []
    for record, key in suspects:
        content = content_hash(record.body)
        first, delivery = kept.get(key, (content, {}))
        if content != first:
            others.append((f"{key[0]} {key[1]}", content))
            if content_hash(_as_delivered(record.body, delivery)) != first:
                rows[f"conflict:{content}"] = _quarantine_record(record, key, f"conflict:{content}")
    if not others:  # the same content, sent again
        return 0
    if rows:
        table = LANDINGS[SignalKind.QUARANTINE].table
        store.insert_raw(table, frame(list(rows.values()), slice_), "Protobuf", insert_settings(SignalKind.QUARANTINE))
        telemetry.add(M.QUARANTINED, len(rows), reason=REASON)
        log.warning("events repeat a key with different content", extra={"fields": {"conflicts": len(rows), "keys": list(kept)[:20]}})
    encoded = base64.b64encode(json.dumps(others).encode()).decode()
    store.command(statement("conflicts/forget_milestones"), {"contents": encoded})
    return len(rows)


def _as_delivered(body: bytes, delivery: Mapping[str, str]) -> bytes:
    """Return an event as it would be if it had been delivered as another one was, of which ``delivery`` has the attributes that tell it."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return body
    for name in _OF_DELIVERY & fields.keys():
        if name in delivery:
            fields[name] = msgspec.Raw(msgspec.json.encode(delivery[name]))
        else:
            del fields[name]
    return msgspec.json.encode(fields)


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
