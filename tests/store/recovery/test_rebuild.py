"""Rebuilding: which moments are meant, what the journal has no more, and a store that is moved aside exactly once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import EPOCH, FakeClock, to_milliseconds
from core.config import Settings
from core.signal import Lane
from core.telemetry import Telemetry
from store.client import Store
from store.recovery.parts_ledger import LEDGER
from store.recovery.rebuild import MARKER, Lost, SignalReload, Window, _overlap, finish, gone, move_store_aside, stored_rows, window_of
from tests.store.journals import NOW, event, ids, loader_on, write_segment
from tests.store.rows import put

DAY_MILLISECONDS = 86_400_000
DATES = st.dates(date(1971, 1, 1), date(2099, 12, 31))


@given(DATES, st.integers(0, 400), st.integers(0, DAY_MILLISECONDS - 1))
def test_a_window_is_whole_days_of_utc_both_included(first: date, days: int, within: int) -> None:
    window = window_of(first, first + timedelta(days=days))
    assert window.until - window.since == (days + 1) * DAY_MILLISECONDS
    assert window.holds(window.since + days * DAY_MILLISECONDS + within)
    assert not window.holds(window.since - 1)
    assert not window.holds(window.until)
    assert datetime.fromtimestamp(window.since / 1000, UTC).date() == first


def test_without_days_a_window_is_all_of_time() -> None:
    assert all(window_of(None, None).holds(moment) for moment in (0, to_milliseconds(NOW), 1 << 60))
    assert not window_of(date(2026, 3, 27), None).holds(to_milliseconds(datetime(2026, 3, 26, 23, 59, 59, tzinfo=UTC)))
    assert window_of(None, date(2026, 3, 27)).holds(0)


@pytest.mark.parametrize(
    ("received", "is_one"),
    [((10, 19), True), ((0, 10), True), ((19, 30), True), ((0, 30), True), ((0, 9), False), ((20, 30), False), (None, True)],
)
def test_a_segment_is_read_when_it_may_hold_a_moment_of_the_window(received: tuple[int, int] | None, is_one: bool) -> None:
    assert _overlap(received, Window(10, 20)) is is_one


def folder_of(settings: Settings) -> Path:
    (settings.data / "store").mkdir(parents=True, exist_ok=True)
    (settings.data / "store" / "status").write_text("old")
    (settings.data / LEDGER).touch()
    return settings.data / "store-20260327T145000Z"


def test_a_store_is_moved_aside_and_its_ledger_with_it_is_no_more(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    aside = folder_of(settings)
    assert move_store_aside(settings, NOW) == (aside, False)
    assert (aside / "status").read_text() == "old"
    assert not (tmp_path / "store").exists()
    assert not (tmp_path / LEDGER).exists()
    finish(settings)
    finish(settings)
    assert not (tmp_path / MARKER).exists()


def test_an_interrupted_rebuild_goes_on_with_the_store_it_began(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    aside = folder_of(settings)
    move_store_aside(settings, NOW)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "status").write_text("new")
    assert move_store_aside(settings, NOW + timedelta(hours=1)) == (aside, True)
    assert (tmp_path / "store" / "status").read_text() == "new"
    assert (aside / "status").read_text() == "old"


def test_one_that_was_interrupted_before_it_moved_anything_moves_it_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data=tmp_path)
    aside = folder_of(settings)
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            move_store_aside(settings, NOW)
    assert (tmp_path / "store" / "status").exists()
    assert move_store_aside(settings, NOW + timedelta(hours=1)) == (aside, True)
    assert (aside / "status").read_text() == "old"


@pytest.mark.parametrize("empty", [True, False])
def test_where_there_is_no_store_nothing_is_moved(tmp_path: Path, empty: bool) -> None:
    if empty:
        (tmp_path / "store").mkdir()
    assert move_store_aside(Settings(data=tmp_path), NOW) == (None, False)
    assert move_store_aside(Settings(data=tmp_path), NOW) == (None, True)


def swept(store: Store, number: int, last: datetime, signals: int, first: datetime | None = None) -> None:
    row = {"segment": f"local/critical/{number}", "lane": "critical", "records": 1, "signals": {"event": signals}}
    put(store, "swept_segments", **row, first_at=first or last, last_at=last)


def test_what_the_journal_has_no_more_is_told_by_day_the_latest_first(store: Store) -> None:
    for number in range(35):
        swept(store, number, NOW - timedelta(days=number), number + 1)
    swept(store, 99, NOW, 1_000)
    lines = gone(store, window_of(None, NOW.date()))
    assert lines[0] == "2026-03-27: 2 segments with 1,001 signals in 2 records, deleted after they were loaded"
    assert lines[1] == "2026-03-26: 1 segment with 2 signals in 1 record, deleted after they were loaded"
    assert len(lines) == 32
    assert lines[-1] == "2026-02-21 to 2026-02-24: 134 signals more"
    assert gone(store, window_of(date(2026, 3, 28), None)) == []
    assert len(gone(store, window_of(date(2026, 3, 26), date(2026, 3, 26)))) == 1


def test_signals_of_lost_days_are_read_again_and_the_books_go_on_counting_them_once(store: Store, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    write_segment(settings, [event("1"), event("2")])
    write_segment(settings, [event("3", lane=Lane.BULK)], lane=Lane.BULK)
    loader_on(store, settings).load()
    store.command("DELETE FROM events WHERE id IN ('1', '3')")
    assert ids(store) == ["2"]
    lost = Lost("events", NOW.date(), NOW.date())
    reload = SignalReload(settings, store, FakeClock(NOW), Telemetry())
    steps = list(reload.steps([lost], but=["local/bulk/000000001"]))
    assert [(step.segment, step.records, step.signals, step.damaged) for step in steps] == [("local/critical/000000001", 2, 2, 0)]
    assert ids(store) == ["1", "2"]
    assert store.rows("SELECT sum(signals) AS n FROM source_hours WHERE kind = 'events'") == [{"n": 2}]
    assert list(reload.steps([Lost("clocks"), Lost("events", date(2020, 1, 1), date(2020, 1, 2))])) == []
    assert stored_rows(store, "events", NOW, NOW) == stored_rows(store, "events", EPOCH, EPOCH) == 2
    assert stored_rows(store, "events", NOW - timedelta(days=9), NOW - timedelta(days=1)) == 0
