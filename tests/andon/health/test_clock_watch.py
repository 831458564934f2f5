"""A machine whose clock is set while orders wait: nothing is breached by it, and what was is evaluated again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from andon.engine.loop import Engine
from andon.engine.pipeline import Pipeline
from andon.health.clock_watch import TOLD_FOR_SECONDS, ClockWatch, duration_of
from andon.wiring.pipeline import pipeline_on
from core.clock import SETTLE_SECONDS, SystemClock
from core.config import Settings
from core.telemetry import M, Telemetry
from store.client import Store
from tests.andon.shop import START, Shop, catalog
from tests.core.test_clock import Clocks

HOUR = 3600.0


@dataclass
class Watched:
    """The shop on a machine whose clock can be set, with the engine's loop over it."""

    shop: Shop
    machine: Clocks
    clock: SystemClock
    pipeline: Pipeline
    engine: Engine
    watch: ClockWatch

    def tick(self) -> None:
        self.watch.look()
        self.engine.tick()

    def run(self, seconds: float) -> None:
        """Let time pass in ticks of a second."""
        for _ in range(round(seconds)):
            self.machine.run(1)
            self.tick()

    def incidents(self) -> list[tuple[str, str]]:
        rows = self.shop.store.rows("SELECT flow, status FROM incidents FINAL ORDER BY flow")
        return [(row["flow"], row["status"]) for row in rows]


@pytest.fixture
def watched(store: Store, tmp_path: Path):
    machine = Clocks(START.timestamp())
    clock = SystemClock(machine=machine)
    shop = Shop(store, Settings(data=tmp_path / "data"))
    shop.clock = clock  # type: ignore[assignment] # a real clock on a machine's times of this test
    telemetry = Telemetry()
    with pipeline_on(store, shop.settings, catalog(tmp_path), clock, telemetry) as pipeline:
        engine = Engine(pipeline.stages, clock, telemetry)

        def on_step() -> None:
            pipeline.clock_stepped()
            engine.clock_stepped()

        watch = ClockWatch(clock, telemetry, pipeline.conditions, on_step)
        engine.clock_trusted = watch.clock_trusted
        made = Watched(shop, machine, clock, pipeline, engine, watch)
        made.tick()
        yield made


def test_a_clock_set_back_breaches_nothing_and_later_deadlines_come_by_the_corrected_one(watched: Watched):
    watched.machine.wall_seconds -= HOUR
    watched.tick()
    # a sender whose clock is right by then: due in a minute
    captured = START - timedelta(hours=1) - timedelta(minutes=14)
    watched.shop.send(watched.shop.event("shop.captured", "1", at=captured))
    watched.run(10)
    assert watched.shop.clocks() == {("1", "book"): "at_risk"}
    assert watched.incidents()[0] == ("andon", "open")
    watched.run(40)
    assert watched.shop.clocks() == {("1", "book"): "at_risk"}
    watched.run(20)
    assert watched.shop.clocks() == {("1", "book"): "breached"}


def test_a_clock_set_forward_is_followed_too(watched: Watched):
    watched.shop.send(watched.shop.event("shop.captured", "1"))
    watched.run(2)
    watched.machine.wall_seconds += HOUR
    watched.tick()
    assert watched.shop.clocks() == {("1", "book"): "running"}
    watched.run(SETTLE_SECONDS + 1)
    assert watched.shop.clocks() == {("1", "book"): "breached"}
    assert watched.engine.evaluated > START + timedelta(minutes=59)


def test_what_was_breached_by_a_clock_that_was_ahead_is_taken_back(watched: Watched):
    watched.machine.wall_seconds += HOUR
    watched.run(5)
    watched.shop.send(watched.shop.event("shop.captured", "1", at=START))
    watched.run(3)
    assert watched.shop.clocks() == {("1", "book"): "breached"}
    watched.machine.wall_seconds -= HOUR
    watched.run(5)
    assert watched.shop.clocks() == {("1", "book"): "running"}
    assert watched.shop.verdicts() == {"1": ["breached", "running"]}
    assert ("orders", "resolved") in watched.incidents()


@pytest.mark.parametrize("suspended", [False, True])
def test_after_a_pause_of_the_machine_what_was_sent_meanwhile_counts_first(watched: Watched, suspended: bool):
    watched.shop.send(watched.shop.event("shop.captured", "1"))
    watched.run(2)
    if suspended:
        watched.machine.suspend(HOUR)
    else:
        watched.machine.wall_seconds += HOUR
    watched.tick()
    watched.shop.send(watched.shop.event("erp.booked", "1", at=START + timedelta(minutes=10)))
    watched.run(5)
    assert watched.shop.verdicts() == {"1": ["running", "met"]}


def test_a_step_is_told_in_metric_and_log_and_its_incident_ends_by_itself(watched: Watched, caplog: pytest.LogCaptureFixture):
    watched.machine.wall_seconds -= HOUR
    watched.run(4)
    assert watched.engine.telemetry.value(M.CLOCK_STEP_SECONDS) == pytest.approx(-HOUR, abs=1)
    errors = [record.getMessage() for record in caplog.records if record.name == "andon.clock"]
    assert errors[0].startswith("the machine's clock was set, or the machine was suspended")
    assert errors[1].startswith("The clock of this machine was set back by 1 h 0 min 0 s, to 2026-03-27 13:00:0")
    assert len(errors) == 2
    assert watched.incidents() == [("andon", "open")]
    watched.machine.run(TOLD_FOR_SECONDS)
    watched.tick()
    assert watched.incidents() == [("andon", "resolved")]


def test_a_message_that_waits_for_its_next_attempt_does_not_wait_an_hour_longer(watched: Watched):
    """The shop's desk does not answer: what is to be said is tried again."""
    watched.shop.send(watched.shop.event("shop.captured", "1", at=START - timedelta(hours=1)))
    watched.run(2)
    watched.engine.stages.alert.deliver(watched.clock.now())
    watched.pipeline.alerting.settle()
    watched.machine.wall_seconds -= HOUR
    watched.run(4)
    following = watched.engine.stages.alert.deliver(watched.clock.now())
    assert following is not None
    assert following <= watched.clock.now() + timedelta(minutes=5)
    watched.pipeline.alerting.settle()


@pytest.mark.parametrize(
    ("seconds", "text"), [(3600.0, "1 h 0 min 0 s"), (-31.4, "31 s"), (0.2, "0 s"), (90_061.0, "1 d 1 h 1 min 1 s"), (-60.0, "1 min 0 s")]
)
def test_durations_are_written_for_people(seconds: float, text: str):
    assert duration_of(seconds) == text
