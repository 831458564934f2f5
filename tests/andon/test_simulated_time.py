"""Simulated time goes on across restarts, never backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from andon.simulated_time import anchor_for, clock_of, save
from core.clock import SystemClock

SPEED = 60.0


def now_at(anchor: float) -> datetime:
    return clock_of(SPEED, anchor).now()


def test_the_first_start_is_in_real_time(tmp_path: Path) -> None:
    assert abs(now_at(anchor_for(tmp_path, SPEED)) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_restart_goes_on_where_the_last_run_ended(tmp_path: Path) -> None:
    ahead = clock_of(SPEED, (datetime.now(UTC) - timedelta(hours=1)).timestamp())  # 60 hours of simulated time
    save(tmp_path, ahead)
    reached = ahead.now()
    assert reached - datetime.now(UTC) > timedelta(hours=50)
    following = now_at(anchor_for(tmp_path, SPEED))
    assert timedelta(minutes=-1) < following - reached < timedelta(hours=2), "what passed since in real time, 60 times as fast"


@pytest.mark.parametrize("kept", ["", "no number", "0"])
def test_a_moment_that_is_lost_or_long_gone_is_no_reason_not_to_start(tmp_path: Path, kept: str) -> None:
    (tmp_path / "simulated_time").write_text(kept)
    assert abs(now_at(anchor_for(tmp_path, SPEED)) - datetime.now(UTC)) < timedelta(minutes=5)


def test_real_time_needs_no_anchor() -> None:
    assert abs(clock_of(1.0, 0.0).now() - SystemClock().now()) < timedelta(minutes=1)
