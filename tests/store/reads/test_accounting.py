"""Every acknowledged signal is somewhere, and can be counted there."""

from __future__ import annotations

from pathlib import Path

from core.config import Settings
from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.reads.accounting import identity, lanes
from tests.collector.requests import spans
from tests.store.journals import event, loader_on, refused_input, write_segment


def test_acknowledged_is_stored_duplicate_quarantined_or_waiting(store: Store, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    body = spans(count=4).SerializeToString()
    traces = Record(SignalKind.TRACES, "gateway", Lane.CRITICAL, event("1").received_at, 4, body)
    poison = Record(SignalKind.TRACES, "gateway", Lane.CRITICAL, traces.received_at, 7, b"\x0a\xff\xff\xff\xff\x0fno protobuf")
    write_segment(settings, [traces, event("1"), event("1"), event("1", "other"), traces, poison, refused_input("q")])
    write_segment(settings, [event("1", lane=Lane.BULK), event("2", lane=Lane.BULK)], lane=Lane.BULK)
    loader = loader_on(store, settings)
    while loader.load().slices:
        pass
    write_segment(settings, [event("3", lane=Lane.BULK)], 2, lane=Lane.BULK)

    found = {row["lane"]: row for row in lanes(store.reader, settings.journal).to_dict("records")}
    assert found["critical"] == {"lane": "critical", "acknowledged": 19, "in_journal": 0, "loaded": 19, "refused": 7}
    assert found["bulk"] == {"lane": "bulk", "acknowledged": 3, "in_journal": 1, "loaded": 2, "refused": 0}
    assert found["standard"]["acknowledged"] == 0
    # stored: 4 spans, events 1 and 2; duplicates: 4 spans, event 1 twice; quarantined: one conflict, 7 in poison, one from the collector
    assert identity(store.reader) == {"loaded": 21, "stored": 6, "quarantined": 9, "duplicates": 6, "lost": 0}
