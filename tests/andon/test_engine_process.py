"""The engine's loop: what is loaded is correlated to the end, whatever a batch holds, and a failing stage stays owed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from andon.engine_process import STAGES, Engine, Stages
from core.clock import FakeClock
from core.telemetry import Telemetry

NOW = datetime.fromisoformat("2026-03-27T15:00:00+00:00")


@dataclass
class Counted:
    """A stage that says so many times that there may be more."""

    more: int = 0
    runs: int = 0
    fails: bool = False
    delivered: list[datetime] = field(default_factory=list)

    def run(self, now: datetime) -> bool:
        del now
        if self.fails:
            raise RuntimeError("no")
        self.runs += 1
        self.more -= 1
        return self.more >= 0

    def next_deadline(self) -> datetime | None:
        return None

    def deliver(self, now: datetime) -> datetime | None:
        self.delivered.append(now)
        return None


def engine(loads: list[tuple[bool, bool]], correlate: Counted, evaluate: Counted, alert: Counted) -> Engine:
    remaining = iter(loads)
    made = Engine(Stages(lambda: next(remaining, (False, False)), correlate, evaluate, alert), FakeClock(NOW), Telemetry())
    made.owed.clear()
    return made


def test_a_backlog_is_correlated_whole_before_it_is_judged() -> None:
    correlate, evaluate, alert = Counted(more=3), Counted(), Counted()
    loop = engine([(True, True), (True, False)], correlate, evaluate, alert)
    assert loop.tick()
    assert (correlate.runs, evaluate.runs, alert.runs) == (4, 1, 1)
    assert not loop.owed
    assert not loop.tick()
    assert (correlate.runs, evaluate.runs, alert.runs) == (4, 1, 1)


def test_a_stage_that_fails_stays_owed_with_those_after_it() -> None:
    correlate, evaluate, alert = Counted(), Counted(fails=True), Counted()
    loop = engine([(True, False)], correlate, evaluate, alert)
    with pytest.raises(RuntimeError):
        loop.tick()
    assert loop.owed == {"evaluate", "alert"}
    evaluate.fails = False
    assert loop.tick()
    assert (correlate.runs, evaluate.runs, alert.runs) == (1, 1, 1)


def test_a_new_engine_owes_every_stage_a_run() -> None:
    made = Engine(Stages(lambda: (False, False), Counted(), Counted(), Counted()), FakeClock(NOW), Telemetry())
    assert made.owed == STAGES
    assert made.tick()
    assert not made.owed
