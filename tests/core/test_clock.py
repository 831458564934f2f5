"""The clock that everything goes by, on a machine whose clocks are set, paused and suspended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import (
    LONGEST_DOUBT_SECONDS,
    SETTLE_SECONDS,
    STEP_SECONDS,
    FakeClock,
    Machine,
    Step,
    SystemClock,
    from_milliseconds,
    to_milliseconds,
)

NOW = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)


@dataclass
class Clocks(Machine):
    """A machine whose clocks the test moves."""

    wall_seconds: float = NOW.timestamp()
    boot_seconds: float = 1000.0
    awake_seconds: float = 900.0

    def wall(self) -> float:
        return self.wall_seconds

    def boot(self) -> float:
        return self.boot_seconds

    def monotonic(self) -> float:
        return self.awake_seconds

    def run(self, seconds: float) -> None:
        self.wall_seconds += seconds
        self.boot_seconds += seconds
        self.awake_seconds += seconds

    def suspend(self, seconds: float) -> None:
        self.wall_seconds += seconds
        self.boot_seconds += seconds


@pytest.fixture
def machine() -> Clocks:
    return Clocks()


def passed(clock: SystemClock) -> float:
    return (clock.now() - NOW).total_seconds()


def test_time_passes_as_on_the_machine(machine: Clocks):
    clock = SystemClock(machine=machine)
    machine.run(12.5)
    assert clock.now() == NOW + timedelta(seconds=12.5)
    assert (clock.settled, clock.steps) == (True, [])


@pytest.mark.parametrize("by", [-3600.0, 3600.0, -31.0, 86_400.0 * 400])
def test_a_clock_that_was_set_is_followed_once_it_has_settled(machine: Clocks, by: float):
    clock = SystemClock(machine=machine)
    machine.wall_seconds += by
    assert passed(clock) == 0
    assert not clock.settled
    machine.run(SETTLE_SECONDS - 0.1)
    assert passed(clock) == pytest.approx(SETTLE_SECONDS - 0.1, abs=1e-5)
    assert not clock.settled
    machine.run(0.2)
    assert passed(clock) == pytest.approx(by + SETTLE_SECONDS + 0.1, abs=1e-5)
    assert clock.settled
    assert [(round(step.seconds, 3), step.suspended) for step in clock.steps] == [(by, False)]


def test_a_step_that_is_taken_back_at_once_never_was(machine: Clocks):
    clock = SystemClock(machine=machine)
    machine.wall_seconds -= 3600
    assert not clock.settled
    machine.run(1)
    machine.wall_seconds += 3600
    assert passed(clock) == pytest.approx(1, abs=1e-5)
    assert (clock.settled, clock.steps) == (True, [])


def test_a_paused_virtual_machine_is_a_step_forward(machine: Clocks):
    """Its boot clock stands still; the wall clock is put right when it goes on."""
    clock = SystemClock(machine=machine)
    machine.wall_seconds += 600
    assert not clock.settled
    machine.run(SETTLE_SECONDS)
    assert passed(clock) == pytest.approx(600 + SETTLE_SECONDS, abs=1e-5)
    assert clock.steps == [Step(pytest.approx(600, abs=1e-3))]


def test_after_a_suspension_time_is_right_and_not_relied_on_for_a_moment(machine: Clocks):
    clock = SystemClock(machine=machine)
    machine.suspend(600)
    assert passed(clock) == pytest.approx(600, abs=1e-5)
    assert not clock.settled
    machine.run(SETTLE_SECONDS)
    assert clock.settled
    assert clock.steps == [Step(pytest.approx(600, abs=1e-3), suspended=True)]
    machine.run(100)
    assert (clock.settled, len(clock.steps)) == (True, 1)


def test_one_that_never_settles_is_followed_all_the_same(machine: Clocks):
    clock = SystemClock(machine=machine)
    for _ in range(round(LONGEST_DOUBT_SECONDS) + 1):
        machine.run(1)
        machine.wall_seconds += 60
        clock.now()
    assert clock.steps


def test_simulated_time_is_corrected_by_as_much_as_it_runs_faster(machine: Clocks):
    clock = SystemClock(60.0, NOW, machine)
    machine.run(10)
    assert passed(clock) == pytest.approx(600, abs=1e-3)
    machine.wall_seconds += 60
    clock.now()
    machine.run(SETTLE_SECONDS)
    assert passed(clock) == pytest.approx((10 + 60 + SETTLE_SECONDS) * 60, abs=1e-3)


@given(st.lists(st.tuples(st.floats(0, 3.0), st.floats(-STEP_SECONDS / 40, STEP_SECONDS / 40)), max_size=40))
def test_small_differences_are_made_up_for_without_a_jump(moves: list[tuple[float, float]]):
    machine = Clocks()
    clock = SystemClock(machine=machine)
    before = clock.now()
    for seconds, drift in moves:
        machine.run(seconds)
        machine.wall_seconds += drift
        now = clock.now()
        assert 0.94 * seconds - 1e-5 <= (now - before).total_seconds() <= 1.06 * seconds + 1e-5
        before = now
    machine.run(STEP_SECONDS / 0.05)
    assert clock.now().timestamp() == pytest.approx(machine.wall_seconds, abs=1e-3)
    assert clock.steps == []


MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")])).filter(
    lambda moment: 1900 < moment.year < 2200
)


@given(st.integers(-(1 << 41), 1 << 42))
def test_milliseconds_come_back_exactly(value: int):
    assert to_milliseconds(from_milliseconds(value)) == value
    assert from_milliseconds(value).tzinfo is UTC


@given(MOMENTS)
def test_a_moment_is_the_millisecond_it_lies_in_whatever_its_time_zone(moment: datetime):
    value = to_milliseconds(moment)
    assert from_milliseconds(value) <= moment < from_milliseconds(value + 1)
    assert value == to_milliseconds(moment.astimezone(UTC))


def test_a_clock_of_a_test_stands_still_until_it_is_moved():
    clock = FakeClock(NOW)
    assert (clock.now(), clock.now()) == (NOW, NOW)
    before = clock.monotonic()
    clock.advance(timedelta(seconds=90))
    assert (clock.now() - NOW, clock.monotonic() - before) == (timedelta(seconds=90), 90)
    clock.set(datetime(2026, 3, 27, 16, 0, tzinfo=ZoneInfo("Europe/Berlin")))
    assert clock.now() == NOW
    assert clock.now().tzinfo is UTC
