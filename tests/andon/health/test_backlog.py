"""An engine that is behind knows by how much, and how fast it makes up for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from andon.health.backlog import BEHIND_SECONDS, Backlog, BacklogWatch
from core.clock import FakeClock, to_milliseconds
from core.config import Settings
from core.signal import Lane, Record
from store.client import Store
from tests.store.journals import NOW, event, loader_on, write_segment

HOUR = 3600


def received(seconds_ago: int, lane: Lane = Lane.CRITICAL) -> Record:
    record = event(f"{lane} {seconds_ago}", lane=lane)
    return replace(record, received_at=to_milliseconds(NOW - timedelta(seconds=seconds_ago)))


def test_what_waits_is_made_up_for_slice_by_slice(store: Store, tmp_path: Path) -> None:
    settings, clock = Settings(data=tmp_path), FakeClock(NOW)
    write_segment(settings, [received(HOUR - 60 * number) for number in range(24)])
    write_segment(settings, [received(2 * HOUR, Lane.BULK)], lane=Lane.BULK)
    loader = loader_on(store, settings, clock)
    backlog_watch = BacklogWatch(loader, clock, 1.0)
    assert backlog_watch.backlog is None, "seen only once"
    backlog_watch.look()
    assert backlog_watch.backlog is not None
    assert (backlog_watch.backlog.signals, backlog_watch.backlog.seconds_left) == (24, None)
    assert backlog_watch.backlog.slices >= 24

    lefts = [backlog_watch.backlog.slices]
    while backlog_watch.backlog is not None:
        slices = [number for _ in range(2) for number in loader.load().slices]
        clock.advance(timedelta(seconds=2))
        backlog_watch.look()
        if backlog_watch.backlog is not None:
            lefts.append(backlog_watch.backlog.slices)
            assert slices
            assert backlog_watch.backlog.per_second > 0
    assert lefts == sorted(lefts, reverse=True)
    assert len(lefts) > 2


@pytest.mark.parametrize(("speed", "behind"), [(1.0, True), (60.0, False)])
def test_who_is_behind_is_so_in_real_seconds(store: Store, tmp_path: Path, speed: float, behind: bool) -> None:
    settings, clock = Settings(data=tmp_path), FakeClock(NOW)
    write_segment(settings, [received(int(BEHIND_SECONDS) + 5)])
    backlog_watch = BacklogWatch(loader_on(store, settings, clock), clock, speed)
    backlog_watch.look()
    assert (backlog_watch.backlog is not None) is behind


def test_nobody_waits_for_bulk(store: Store, tmp_path: Path) -> None:
    settings, clock = Settings(data=tmp_path), FakeClock(NOW)
    write_segment(settings, [received(HOUR, Lane.BULK)], lane=Lane.BULK)
    backlog_watch = BacklogWatch(loader_on(store, settings, clock), clock, 1.0)
    backlog_watch.look()
    assert backlog_watch.backlog is None


def test_the_time_left_is_said_in_words() -> None:
    said = [str(Backlog(3, signals, 2.0)) for signals in (1, 80, 2400, 40_000)]
    assert [each.rpartition("about ")[2] for each in said] == ["0 seconds", "40 seconds", "20 minutes", "5.6 hours"]
    assert str(Backlog(3, 5, 0.0)) == "catching up: 3 slices left with 5 signals"
