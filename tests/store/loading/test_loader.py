"""From the journal into the tables: nothing lost, nothing twice, whatever breaks in between."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from msgspec.structs import replace

from core.clock import FakeClock, to_milliseconds
from core.config import Settings
from core.signal import Lane, Record, SignalKind
from core.telemetry import M, Telemetry
from store.client import Store
from store.loading import loader as loading
from store.loading import slice as slices
from store.loading.progress import ProgressTable
from tests.collector.requests import spans
from tests.store.journals import NOW, event, ids, loader_on, refused_input, write_segment

DAY = timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


def traces(count: int) -> Record:
    return Record(SignalKind.TRACES, "gateway", Lane.CRITICAL, to_milliseconds(NOW), count, spans(count=count).SerializeToString())


def quarantined(store: Store) -> list[tuple[str, str, bytes]]:
    rows = store.reader.query(
        "SELECT quarantine_id, reason, body FROM quarantine FINAL ORDER BY quarantine_id", column_formats={"body": "bytes"}
    )
    return [tuple(row) for row in rows.result_rows]


def test_every_kind_of_record_arrives(store: Store, settings: Settings) -> None:
    write_segment(settings, [traces(3), event("1", {"order": 1}), refused_input("q1")])
    write_segment(settings, [event("2", lane=Lane.BULK)], lane=Lane.BULK)
    loader = loader_on(store, settings)
    report = loader.load()
    assert report.signals == {"traces": 3, "event": 2, "quarantine": 1}
    assert (report.records, report.damaged, report.refused, report.failed) == (4, 0, 0, "")
    assert ids(store) == ["1", "2"]
    assert store.rows("SELECT uniqExact(span_id) AS n, any(service) AS s FROM spans FINAL") == [{"n": 3, "s": "gateway"}]
    assert quarantined(store) == [("q1", "bad_json", b"{broken")]
    assert loader.load().slices == []
    assert {lag.records for lag in loader.lag().values()} == {0}
    loader.close()


def test_only_what_is_not_loaded_waits(store: Store, settings: Settings) -> None:
    loader = loader_on(store, settings)
    assert not loader.waits([Lane.CRITICAL])
    write_segment(settings, [event("1", lane=Lane.BULK)], lane=Lane.BULK)
    assert not loader.waits([Lane.CRITICAL])
    assert loader.waits([Lane.CRITICAL, Lane.BULK])
    loader.load()
    assert not loader.waits(Lane)
    write_segment(settings, [traces(1)])
    assert loader.waits([Lane.CRITICAL])
    assert loader.load().records == 1
    loader.close()


def test_a_crash_between_slice_and_position_loses_and_doubles_nothing(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_segment(settings, [traces(2), *(event(str(number)) for number in range(5)), refused_input("q1")])

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressTable, "advance", crash)
        with pytest.raises(KeyboardInterrupt):
            loader_on(store, settings).load()
    assert len(ids(store)) == 5, "the crash came too early for this test"
    assert loader_on(store, settings).load().records == 7
    assert ids(store) == ["0", "1", "2", "3", "4"]
    assert store.rows("SELECT count() AS n FROM spans FINAL") == [{"n": 2}]
    assert [row[:2] for row in quarantined(store)] == [("q1", "bad_json")]
    assert loader_on(store, settings).load().records == 0


def test_a_damaged_record_is_reported_and_the_rest_is_loaded(store: Store, settings: Settings) -> None:
    path = write_segment(settings, [event(str(number)) for number in range(4)], closed_at=to_milliseconds(NOW))
    with sqlite3.connect(path) as file:
        file.execute("UPDATE records SET body = replace(body, 'shop', 'shot') WHERE id = 2")
    telemetry = Telemetry()
    report = loader_on(store, settings, telemetry=telemetry).load()
    assert (report.records, report.damaged) == (4, 1)
    assert ids(store) == ["0", "2", "3"]
    assert [row[:2] for row in quarantined(store)] == [("local/critical/000000001:2", "journal_damaged")]
    assert telemetry.value(M.JOURNAL_DAMAGED, lane="critical") == 1


def test_a_poison_record_is_found_and_quarantined_alone(store: Store, settings: Settings) -> None:
    poison = Record(SignalKind.TRACES, "gateway", Lane.CRITICAL, to_milliseconds(NOW), 1, b"\x0a\xff\xff\xff\xff\x0fno protobuf")
    write_segment(settings, [traces(1), traces(1), poison, traces(1), event("1")])
    report = loader_on(store, settings).load()
    assert (report.refused, report.failed) == (1, "")
    assert store.rows("SELECT count() AS n FROM spans FINAL") == [{"n": 3}]
    assert ids(store) == ["1"]
    [(_, reason, body)] = quarantined(store)
    assert (reason, body) == ("store_refused", poison.body)


def test_a_failing_store_is_reported_and_asked_again_later(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_segment(settings, [event("1"), event("2")])
    clock, telemetry = FakeClock(NOW), Telemetry()
    loader = loader_on(store, settings, clock, telemetry)

    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)")

    with monkeypatch.context() as patch:
        patch.setattr(slices.SliceWriter, "_insert", fail)
        assert "not enough space" in loader.load().failed
        assert loader.load().failed == "waiting to try again"
        clock.advance(timedelta(seconds=1))
        assert "not enough space" in loader.load().failed
    assert ids(store) == []
    assert quarantined(store) == []
    assert telemetry.value(M.LOAD_FAILURES, lane="critical") == 2
    clock.advance(timedelta(seconds=1))
    assert loader.load().records == 2
    assert ids(store) == ["1", "2"]


def test_a_conflict_is_found_after_a_merge_has_removed_its_row(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_segment(settings, [event("1", {"total": 1})])
    loader = loader_on(store, settings)
    loader.load()
    find = loading.quarantine_conflicts

    def merged_meanwhile(*arguments: Any) -> int:
        store.command("OPTIMIZE TABLE events FINAL")
        return find(*arguments)

    monkeypatch.setattr(loading, "quarantine_conflicts", merged_meanwhile)
    write_segment(settings, [event("1", {"total": 2}), event('it\'s \\ "new"', {})], 2)
    loader.load()
    assert [row["reason"] for row in store.rows("SELECT reason FROM quarantine FINAL")] == ["key_conflict"]


def test_a_crash_before_contents_are_noted_does_not_change_which_one_is_kept(store: Store, settings: Settings) -> None:
    write_segment(settings, [event("1", {"total": 1}, Lane.STANDARD)], lane=Lane.STANDARD)
    loader_on(store, settings).load(write_behind=True)  # stops before positions are written, so that all is loaded again
    write_segment(settings, [event("1", {"total": 2})])  # and this comes first then
    loader_on(store, settings).load(write_behind=True)
    assert [row["data"] for row in store.rows("SELECT data FROM events FINAL")] == ['{"total":1}']
    [(_, reason, body)] = quarantined(store)
    assert (reason, b'{"total":2}' in body) == ("key_conflict", True)


def test_a_failing_lane_holds_back_promises_but_for_the_bulk_lane_and_no_other_lane(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_segment(settings, [event("1")])
    write_segment(settings, [event("2", lane=Lane.BULK)], lane=Lane.BULK)
    loader = loader_on(store, settings)
    insert = slices.SliceWriter._insert

    def fail_for(lane: Lane) -> None:
        def picky(self: Any, kind: Any, records: Any, slice_: int) -> None:
            if any(record.lane is lane for record in records):
                raise DatabaseError("Code: 243. DB::Exception: not enough space. (NOT_ENOUGH_SPACE)")
            insert(self, kind, records, slice_)

        monkeypatch.setattr(slices.SliceWriter, "_insert", picky)

    fail_for(Lane.BULK)
    report = loader.load()
    assert (report.records, report.upto, bool(report.failed)) == (1, None, True)
    write_segment(settings, [event("3")], 2)
    fail_for(Lane.CRITICAL)
    report = loader.load()
    assert (report.records, report.upto, bool(report.failed)) == (0, 0, True)


def test_a_backlog_says_up_to_when_the_lane_is_loaded_whoever_collected_it(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "SLICES_PER_LOAD", dict.fromkeys(Lane, 1))
    start = to_milliseconds(NOW)
    for number, received in ((1, start - 5_000), (2, start - 9_000)):
        write_segment(settings, [replace(event(str(number)), received_at=received)], number, closed_at=start)
    loader = loader_on(store, settings)
    first = loader.load()
    assert (first.more, first.upto) == (True, start - 9_001)
    second = loader.load()
    assert (second.records, second.upto) == (1, None)


@pytest.mark.parametrize(("speed", "expected"), [(1, 4), (60, 1)])
def test_a_slice_spans_as_much_real_time_however_fast_the_clock_runs(store: Store, settings: Settings, speed: float, expected: int) -> None:
    start = to_milliseconds(NOW)
    write_segment(settings, [replace(event(str(number)), received_at=start + 15_000 * number) for number in range(4)])
    loader = loader_on(store, settings.model_copy(update={"clock_speed": speed}))
    report = loader.load()
    assert (len(report.slices), report.records) == (expected, 4)
    loader.close()


def test_only_old_closed_and_loaded_segments_are_swept(store: Store, settings: Settings) -> None:
    old, young = to_milliseconds(NOW - 2 * DAY), to_milliseconds(NOW - DAY / 2)
    swept = write_segment(settings, [event("1")], 1, closed_at=old)
    kept = write_segment(settings, [event("2")], 2, closed_at=young)
    still_open = write_segment(settings, [event("3")], 3)
    not_loaded = write_segment(settings, [event("4", lane=Lane.BULK)], 1, lane=Lane.BULK, closed_at=old)
    os.utime(kept, (0, 0))  # the file's own times say nothing: time may be simulated
    loader = loader_on(store, settings)
    assert loader.sweep() == []
    loader.load((Lane.CRITICAL,))
    assert loader.sweep() == ["local/critical/000000001"]
    assert not swept.exists()
    assert kept.exists()
    assert still_open.exists()
    assert not_loaded.exists()
    assert loader.load().more
    assert not loader.load().more
    assert loader.sweep() == ["local/bulk/000000001"]
    assert ids(store) == ["1", "2", "3", "4"]


def test_the_first_content_of_a_key_is_kept_and_the_other_is_quarantined(store: Store, settings: Settings) -> None:
    first, second, third = event("1", {"n": 1}), event("1", {"n": 2}), event("1", {"n": 3})
    write_segment(settings, [first, event("2"), first, second, second])
    telemetry = Telemetry()
    loader = loader_on(store, settings, telemetry=telemetry)
    loader.load()
    write_segment(settings, [first, third, event("2")], 2)
    loader.load()
    assert store.rows("SELECT id, data FROM events FINAL ORDER BY id") == [{"id": "1", "data": '{"n":1}'}, {"id": "2", "data": "null"}]
    assert sorted(row[1:] for row in quarantined(store)) == [("key_conflict", second.body), ("key_conflict", third.body)]
    assert telemetry.value(M.QUARANTINED, reason="key_conflict") == 2
