"""The engine's loop: what is loaded is correlated to the end, whatever a batch holds, and a failing stage stays owed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from andon.engine.loop import AHEAD, CATCH_UP_SECONDS, CYCLE_SECONDS, MANY_SIGNALS, SHARE_SECONDS, SLICE_BYTES, STAGES, Engine
from andon.engine.ports import Loaded, Stages
from core.clock import EPOCH, FakeClock
from core.signal import Lane
from core.telemetry import Telemetry

NOW = datetime.fromisoformat("2026-03-27T15:00:00+00:00")


@dataclass
class Counted:
    """A stage that says so many times that there may be more."""

    more: int = 0
    runs: int = 0
    seconds: float = 0.0
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    moments: list[datetime] = field(default_factory=list)
    fails: bool = False
    delivered: list[datetime] = field(default_factory=list)
    deadline: datetime | None = None

    def run(self, now: datetime) -> bool:
        self.moments.append(now)
        self.clock.advance(timedelta(seconds=self.seconds))
        if self.fails:
            raise RuntimeError("no")
        self.runs += 1
        self.more -= 1
        return self.more >= 0

    def next_deadline(self) -> datetime | None:
        return self.deadline

    def deliver(self, now: datetime) -> datetime | None:
        self.delivered.append(now)
        return None


def engine(loads: list[Loaded], correlate: Counted, evaluate: Counted, alert: Counted) -> Engine:
    remaining = iter(loads)
    made = Engine(Stages(lambda *_: next(remaining, Loaded(some=False)), correlate, evaluate, alert), FakeClock(NOW), Telemetry())
    made.owed.clear()
    made._backlog_left = False
    return made


def test_a_backlog_is_correlated_whole_before_it_is_evaluated() -> None:
    correlate, evaluate, alert = Counted(more=3), Counted(), Counted()
    loop = engine([Loaded(some=True, more=True), Loaded(some=True)], correlate, evaluate, alert)
    assert loop.tick()
    assert (correlate.runs, evaluate.runs, alert.runs) == (4, 1, 1)
    assert not loop.owed
    assert not loop.tick()
    assert (correlate.runs, evaluate.runs, alert.runs) == (4, 1, 1)


def test_a_stage_that_fails_stays_owed_with_those_after_it() -> None:
    correlate, evaluate, alert = Counted(), Counted(fails=True), Counted()
    loop = engine([Loaded(some=True)], correlate, evaluate, alert)
    with pytest.raises(RuntimeError):
        loop.tick()
    assert loop.owed == {"evaluate", "alert"}
    evaluate.fails = False
    assert loop.tick()
    assert (correlate.runs, evaluate.runs, alert.runs) == (1, 1, 1)


def test_a_new_engine_owes_every_stage_a_run() -> None:
    made = Engine(Stages(lambda *_: Loaded(some=False), Counted(), Counted(), Counted()), FakeClock(NOW), Telemetry())
    assert made.owed == STAGES
    assert made.tick()
    assert not made.owed


def test_no_deadline_passes_while_what_was_received_before_it_waits() -> None:
    earlier = NOW - timedelta(minutes=3)
    evaluate = Counted()
    loop = engine([Loaded(some=True, upto=earlier), Loaded(some=True, upto=EPOCH), Loaded(some=True)], Counted(), evaluate, Counted())
    for _ in range(3):
        loop.tick()
    assert evaluate.moments == [earlier, earlier, NOW]


def test_what_is_on_its_way_to_the_disk_is_not_evaluated_as_if_it_had_not_come() -> None:
    evaluate = Counted()
    loop = engine([Loaded(some=True)], Counted(), evaluate, Counted())
    loop.in_flight = timedelta(milliseconds=250)
    loop.tick()
    assert evaluate.moments == [NOW - timedelta(milliseconds=250)]


def test_what_was_loaded_is_correlated_before_more_is_loaded_or_anything_evaluated() -> None:
    correlate, evaluate, alert = Counted(more=1), Counted(), Counted()
    loads = [Loaded(some=True), Loaded(some=False)]
    loop = engine(loads, correlate, evaluate, alert)
    correlate.clock, correlate.seconds = loop.clock, CATCH_UP_SECONDS
    assert loop.tick()
    assert (correlate.runs, evaluate.runs, alert.runs) == (1, 0, 1)
    assert loop.owed == {"correlate", "evaluate"}
    correlate.seconds = 0.0
    assert loop.tick()
    assert (correlate.runs, evaluate.moments) == (2, [NOW])  # what was loaded before is what is evaluated, though time went on
    assert loop.tick() is False


def test_an_engine_that_never_loaded_evaluates_nothing() -> None:
    evaluate = Counted()
    loop = engine([Loaded(some=False, upto=EPOCH)] * 2, Counted(), evaluate, Counted())
    loop.owed.update(STAGES)
    loop.tick()
    assert evaluate.runs == 0
    assert loop.owed == {"evaluate"}


def test_only_ticks_that_do_not_fail_are_steps() -> None:
    correlate, evaluate = Counted(), Counted(fails=True)
    loop = engine([Loaded(some=True)] * 2, correlate, evaluate, Counted())
    correlate.clock, correlate.seconds = loop.clock, 5.0
    with pytest.raises(RuntimeError):
        loop.tick()
    began = loop.last_step
    assert began == loop.clock.monotonic()
    loop.failures = 1
    with pytest.raises(RuntimeError):
        loop.tick()
    assert loop.last_step == began, "a loop that only fails is not alive, whatever it repeats"
    evaluate.fails = False
    loop.tick()
    assert loop.last_step == loop.clock.monotonic()


@pytest.mark.parametrize(
    ("way", "share", "size"),
    [
        (0.1, 0.1, SLICE_BYTES[2]),
        (0.8, 0.8, SLICE_BYTES[1]),
        (0.1, 3.0, SLICE_BYTES[0]),
        (2.0, 2.0, SLICE_BYTES[2]),  # a way takes long however little it carries: small shares would only make the backlog last
    ],
)
def test_the_share_of_a_backlog_is_as_large_as_the_critical_lane_can_wait_for(way: float, share: float, size: int) -> None:
    correlate, asked = Counted(), []

    def load(lanes: Collection[Lane] = (), slice_bytes: int = 0) -> Loaded:
        if lanes != AHEAD:
            asked.append(slice_bytes)
        correlate.seconds = way if lanes == AHEAD else share
        loop.clock.advance(timedelta(seconds=0.0 if lanes == AHEAD else SHARE_SECONDS))
        return Loaded(some=True, more=lanes != AHEAD)

    loop = engine([], correlate, Counted(), Counted())
    loop.stages.load, correlate.clock, loop._backlog_left = load, loop.clock, True
    for _ in range(12):
        loop.tick()
    assert (asked[0], asked[-1]) == (SLICE_BYTES[1], size)


MANY, FEW, GATHERED = (timedelta(seconds=seconds) for seconds in CYCLE_SECONDS)
JUST_BEFORE = timedelta(milliseconds=1)
EVERY = tuple(Lane)


def after_a_tick(signals: int, evaluate: Counted | None = None) -> Engine:
    loop = engine([Loaded(some=True, signals=signals)], Counted(), evaluate or Counted(), Counted())
    assert loop.due_lanes() == EVERY, "nothing keeps the first tick waiting"
    assert loop.tick()
    assert not loop.due_lanes()
    return loop


def due_only_after(loop: Engine, pause: timedelta) -> tuple[Lane, ...]:
    """Return which lanes are due after the pause, if none was before."""
    loop.clock.advance(pause - JUST_BEFORE)
    assert not loop.due_lanes()
    loop.clock.advance(JUST_BEFORE)
    return loop.due_lanes()


def test_a_trickle_is_gathered() -> None:
    assert due_only_after(after_a_tick(1), GATHERED) == EVERY


def test_what_is_critical_is_not_gathered() -> None:
    loop = after_a_tick(1)
    asked: list[Collection[Lane]] = []
    loop.stages.waits = lambda lanes: asked.append(lanes) or True
    assert due_only_after(loop, FEW) == AHEAD
    assert set(asked) == {AHEAD}


def test_the_other_lanes_are_gathered_while_what_is_critical_has_its_ticks() -> None:
    loop = after_a_tick(1)
    loaded: list[Collection[Lane]] = []
    loop.stages.load = lambda lanes, _: loaded.append(lanes) or Loaded(some=True, signals=1)
    loop.stages.waits = lambda _: True
    for _ in range(3):
        assert loop.tick(due_only_after(loop, FEW))
    assert loop.tick(due_only_after(loop, FEW)), "two seconds after the others had their last turn"
    assert loaded == [AHEAD, AHEAD, AHEAD, EVERY]


def test_a_deadline_that_is_due_and_a_stage_that_is_owed_are_not_gathered() -> None:
    loop = after_a_tick(1, Counted(deadline=NOW))
    assert due_only_after(loop, FEW) == EVERY
    loop = after_a_tick(1)
    loop.owed.add("alert")
    assert due_only_after(loop, FEW) == EVERY


def test_ticks_follow_each_other_closely_while_each_finds_many_signals() -> None:
    assert due_only_after(after_a_tick(MANY_SIGNALS + 1), MANY) == EVERY
    loop = after_a_tick(1)
    loop._backlog_left = True
    assert due_only_after(loop, MANY) == EVERY


def test_an_idle_engine_looks_again_at_every_poll() -> None:
    loop = after_a_tick(1)
    loop.clock.advance(GATHERED)
    assert loop.tick() is False
    assert loop.due_lanes() == EVERY, "what comes next is the first after a pause"
