"""A backlog of three lanes: the critical one goes the whole way to the alert first, the others get on, and nothing is evaluated too
early."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.engine.loop import AHEAD_SECONDS, Engine
from andon.engine.pipeline import Pipeline
from andon.engine.ports import Loaded
from andon.wiring.pipeline import pipeline_on
from core.config import Settings
from core.signal import Lane
from core.telemetry import Telemetry
from store.client import Store
from tests.andon.shop import BOOK, Shop, catalog

SECONDS_APART = 60
"""Between two signals of a backlog: each is a slice of its own."""


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Shop:
    return Shop(store, Settings(data=tmp_path / "data"))


@dataclass
class Turns:
    """The real engine over the real stages, turned by hand; a tick has time for two loads of the critical lane, and one of all."""

    shop: Shop
    pipeline: Pipeline
    told: list[tuple[set[str], int]] = field(default_factory=list)
    """After each run of alerting: whose incidents there are, and how many events of other lanes than the critical one are loaded."""

    def __post_init__(self) -> None:
        stages = self.pipeline.stages
        load, alert = stages.load, stages.alert.run

        def slow_load(lanes: Collection[Lane] = (), slice_bytes: int = 0) -> Loaded:
            loaded = load(lanes, slice_bytes)
            self.shop.clock.advance(timedelta(seconds=AHEAD_SECONDS / 2))
            return loaded

        def watched_alert(now: Any) -> bool:
            more = alert(now)
            causes = {row["cause"] for row in self.shop.store.rows("SELECT cause FROM incidents FINAL")}
            self.told.append((causes, self.loaded(Lane.STANDARD) + self.loaded(Lane.BULK)))
            return more

        stages.load = slow_load
        self.pipeline.alerting.run = watched_alert  # type: ignore[method-assign]  # the spy
        self.engine = Engine(stages, self.shop.clock, Telemetry())

    def loaded(self, lane: Lane) -> int:
        return self.pipeline.loader.loaded[lane]

    def catch_up(self) -> int:
        """Turn until no backlog is left; return the number of ticks."""
        for number in range(1, 200):
            self.engine.tick()
            if not self.engine._backlog_left and not self.engine.owed:
                return number
        raise AssertionError("the engine does not catch up")


@contextmanager
def turns(shop: Shop, tmp_path: Path, slas: str = BOOK % "15 minutes") -> Iterator[Turns]:
    with pipeline_on(shop.store, shop.settings, catalog(tmp_path / "catalog", slas, rejected=True), shop.clock, Telemetry()) as pipeline:
        yield Turns(shop, pipeline)


def receive(shop: Shop, lane: Lane, count: int) -> None:
    """A backlog of a lane, and at its end an order that is rejected for the lane's name; the clock stands at its end then."""
    for number in range(count):
        shop.send(shop.event("shop.captured", f"{lane}-{number}", lane=lane))
        shop.pass_time(seconds=SECONDS_APART)
    rejected = f"{lane}-rejected"
    shop.send(shop.event("shop.captured", rejected, lane=lane), shop.event("erp.rejected", rejected, lane=lane, cause=str(lane)))


def test_the_critical_lane_is_told_before_any_other_is_loaded(shop: Shop, tmp_path: Path) -> None:
    for lane in (Lane.BULK, Lane.STANDARD, Lane.CRITICAL):
        receive(shop, lane, 3)
    with turns(shop, tmp_path, "") as engine:
        engine.catch_up()
    told = [causes for causes, _ in engine.told]
    assert engine.told[0] == ({"critical"}, 0)
    assert told.index({"critical", "standard"}) < told.index({"critical", "standard", "bulk"})


def test_what_comes_in_the_critical_lane_meanwhile_waits_for_one_turn_of_the_others(shop: Shop, tmp_path: Path) -> None:
    for lane in (Lane.BULK, Lane.STANDARD):
        receive(shop, lane, 6)
    with turns(shop, tmp_path, "") as engine:
        for number in range(2):
            engine.engine.tick()
            assert engine.engine._backlog_left
            before = engine.loaded(Lane.STANDARD) + engine.loaded(Lane.BULK)
            order, cause = f"urgent-{number}", f"URGENT_{number}"
            shop.send(
                shop.event("shop.captured", order, lane=Lane.CRITICAL), shop.event("erp.rejected", order, lane=Lane.CRITICAL, cause=cause)
            )
            engine.told.clear()
            engine.engine.tick()
            assert cause in engine.told[0][0]
            assert engine.told[0][1] == before, "nothing else was loaded before it was told"


def test_a_critical_lane_that_never_ends_starves_nobody(shop: Shop, tmp_path: Path) -> None:
    for lane in (Lane.BULK, Lane.STANDARD):
        receive(shop, lane, 2)
    with turns(shop, tmp_path, "") as engine:
        for number in range(3):
            for part in range(13):  # more slices than a tick loads of the lane: two loads of its own and one of all
                shop.send(shop.event("shop.captured", f"flood-{number}-{part}", lane=Lane.CRITICAL))
                shop.pass_time(seconds=SECONDS_APART)
            engine.engine.tick()
        assert engine.engine._backlog_left
        assert (engine.loaded(Lane.STANDARD), engine.loaded(Lane.BULK)) == (4, 4)


@pytest.mark.parametrize("saving", [Lane.STANDARD, Lane.CRITICAL])
def test_nothing_is_missed_while_what_saved_it_waits_in_another_lane(shop: Shop, tmp_path: Path, saving: Lane) -> None:
    """Orders of the critical lane, due in 15 minutes; each was booked in time, in the midst of the others' backlog."""
    beginning = Lane.CRITICAL if saving is Lane.STANDARD else Lane.STANDARD
    orders = [str(number) for number in range(3)]
    for order in orders:
        shop.send(shop.event("shop.captured", order, lane=beginning))
    for number in range(8):
        shop.send(*(shop.event("shop.captured", f"{lane}-{number}", lane=lane) for lane in (Lane.BULK, Lane.STANDARD)))
        shop.pass_time(seconds=SECONDS_APART)
    shop.send(*(shop.event("erp.booked", order, lane=saving) for order in orders))
    shop.send(shop.event("shop.captured", "late", lane=Lane.CRITICAL))
    shop.pass_time(hours=2)
    with turns(shop, tmp_path) as engine:
        assert engine.catch_up() > 2
    verdicts = shop.verdicts()
    assert {order: verdicts[order][-1] for order in orders} == dict.fromkeys(orders, "met")
    assert all("breached" not in verdicts[order] for order in orders), verdicts
    assert verdicts["late"][-1] == "breached"
