"""Every acknowledged signal is somewhere, and can be counted there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from core.config import Settings
from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.reads.accounting import account, identity, lanes, losses, lost_since, stored_since
from tests.collector.requests import spans
from tests.store.journals import NOW, event, loader_on, refused_input, write_segment
from tests.store.rows import put


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


def test_what_was_stored_and_lost_since_a_moment_is_counted_by_its_receipt(store: Store, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    write_segment(settings, [event("1"), event("2"), refused_input("q")])
    loader_on(store, settings).load()
    assert [stored_since(store.reader, NOW + timedelta(seconds=after)) for after in (-1, 0, 1)] == [2, 2, 0]
    loss = {"table_name": "events", "parts": ["all_1_1_0"], "lost_rows": 3, "missing_rows": 2, "first_at": NOW, "last_at": NOW}
    put(store, "losses", loss_id="a", found_at=NOW, **loss)
    put(store, "losses", loss_id="b", found_at=NOW - timedelta(days=9), **loss)
    assert [lost_since(store.reader, NOW - timedelta(days=days)) for days in (1, 10)] == [2, 4]
    assert [row["found_at"].day for row in losses(store.reader)] == [27, 18], "the latest first"


def test_an_account_is_whole_while_nothing_moves(store: Store, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert set(account(store.reader, settings.journal).values()) == {0}
    write_segment(settings, [event("1"), event("1"), event("2")])
    found = account(store.reader, settings.journal)
    assert (found["acknowledged"], found["in_journal"], found["stored"]) == (3, 3, 0)
    loader_on(store, settings).load()
    found = account(store.reader, settings.journal)
    assert found == {"acknowledged": 3, "in_journal": 0, "stored": 2, "duplicates": 1, "quarantined": 0, "lost": 0}
