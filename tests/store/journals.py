"""Journals as a collector leaves them, and what a loader needs to read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from core.clock import FakeClock, to_milliseconds
from core.config import Settings
from core.folder import make_folder
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from journal.format import segment_path
from journal.segment import SegmentWriter, make_row
from store.client import Store
from store.loading.loader import Loader

NOW = datetime(2026, 3, 27, 14, 50, tzinfo=UTC)


def event(id_: str, data: Any = None, lane: Lane = Lane.CRITICAL, **attributes: Any) -> Record:
    """Return the journal record of a CloudEvent."""
    fields = {"specversion": "1.0", "source": "/shop", "id": id_, "type": "order.placed", "data": data, **attributes}
    return Record(SignalKind.EVENT, "shop", lane, to_milliseconds(NOW), 1, msgspec.json.encode(fields))


def refused_input(id_: str, lane: Lane = Lane.CRITICAL) -> Record:
    """Return the record of input that a collector could not use."""
    detail = {
        "quarantine_id": id_,
        "kind": "event",
        "reason": "bad_json",
        "message": "no JSON",
        "content_type": "application/cloudevents+json",
    }
    return Record(SignalKind.QUARANTINE, "shop", lane, to_milliseconds(NOW), 1, b"{broken", json.dumps(detail))


def write_segment(settings: Settings, records: list[Record], number: int = 1, *, lane: Lane = Lane.CRITICAL, closed_at: int = 0) -> Path:
    """Write a segment of the collector ``local``; ``closed_at`` in milliseconds, 0: it stays open, as its collector was killed."""
    return write_records(segment_path(settings.journal, "local", lane, number), records, closed_at)


def write_records(path: Path, records: list[Record], closed_at: int = 0) -> Path:
    """Write the segment ``path``; ``closed_at`` as for :func:`write_segment`."""
    make_folder(path.parent)
    segment = SegmentWriter(path)
    segment.append([make_row(record) for record in records])
    if closed_at:
        segment.close(closed_at)
    else:
        segment._connection.close()
    return path


def loader_on(store: Store, settings: Settings, clock: FakeClock | None = None, telemetry: Telemetry | None = None) -> Loader:
    """Return a loader at its start, as after a crash of the one before."""
    return Loader(settings, store, clock or FakeClock(NOW), telemetry or Telemetry())


def ids(store: Store) -> list[str]:
    """Return the ids of all events, in order, as readers see them."""
    return [row["id"] for row in store.rows("SELECT id FROM events FINAL ORDER BY id")]
