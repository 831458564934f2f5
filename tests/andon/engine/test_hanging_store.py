"""A store whose disk hangs: what was left behind may succeed or fail afterwards, and the rows, verdicts and alerts are the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from andon.engine.loop import Engine
from andon.wiring.pipeline import pipeline_on
from core.config import Settings
from core.errors import NoRoom
from core.telemetry import Telemetry
from store.client import Store
from store.recovery.keeping import kept_in_journal
from tests.andon.shop import Shop, catalog
from tests.andon.shop_on_disk import ShopOnDisk
from tests.waiting import wait_until

WRITES = ("_put", "_insert_raw", "_command")


@dataclass
class Hanging(ShopOnDisk):
    """A disk that can hang."""

    begun: int = 0
    goes_on: threading.Event = field(default_factory=threading.Event)

    def hang(self, *, fails: bool) -> None:
        """Let every write wait from now on; at last it succeeds or fails."""
        store = self.shop.store

        def waiting(write: Callable[..., Any]) -> Callable[..., Any]:
            def wait(*arguments: Any) -> Any:
                self.begun += 1
                assert self.goes_on.wait(60)
                if fails:
                    raise NoRoom("it failed at last")
                return write(*arguments)

            return wait

        for name in WRITES:
            self.patch.setattr(store, name, waiting(getattr(store, name)))
        self.patch.setattr(store.patience, "hangs", lambda: self.begun > 0)

    def go_on(self) -> None:
        """Let what was left behind end, and everything else go on."""
        patience = self.shop.store.patience
        self.patch.setattr(patience, "hangs", lambda: False)
        self.goes_on.set()
        wait_until(lambda: not patience.is_lost, 60, "what was left behind has ended")
        self.patch.undo()

    def count(self, sql: str) -> int:
        return len(self.shop.store.rows(sql))


@pytest.fixture
def hanging(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    monkeypatch.setattr("store.disk.patience.SLOW_SECONDS", 0.05)
    monkeypatch.setattr("store.disk.patience.LOOK_AGAIN_SECONDS", 0.05)
    shop = Shop(store, Settings(data=tmp_path / "data"))
    telemetry = Telemetry()
    with (
        pytest.MonkeyPatch.context() as patch,
        kept_in_journal(store, shop.settings, shop.clock) as keeping,
        pipeline_on(store, shop.settings, catalog(tmp_path), shop.clock, telemetry, keeping) as pipeline,
    ):
        made = Hanging(shop, pipeline, Engine(pipeline.stages, shop.clock, telemetry), patch)
        yield made
        made.go_on()


outcomes = pytest.mark.parametrize("fails", [False, True], ids=["it succeeds", "it fails"])


@outcomes
def test_what_is_due_meanwhile_is_in_an_incident_and_stored_as_it_was_decided(hanging: Hanging, fails: bool) -> None:
    shop = hanging.shop
    shop.send(shop.event("shop.captured", "1"), shop.event("shop.captured", "2"))
    hanging.tick()
    hanging.tick(minutes=1)
    hanging.hang(fails=fails)
    hanging.tick(minutes=16)
    assert hanging.late() == 2
    hanging.tick(minutes=1)
    assert (hanging.late(), hanging.begun) == (2, 1), "one write hangs, and no other was begun"
    decided = shop.clock.now()

    hanging.go_on()
    hanging.tick(minutes=10)
    assert not shop.store.held
    assert shop.verdicts() == {"1": ["running", "breached"], "2": ["running", "breached"]}
    assert shop.store.rows("SELECT max(verdict_at) AS at FROM clocks FINAL WHERE verdict = 'breached'")[0]["at"] < decided.replace(
        tzinfo=None
    )
    assert shop.incidents() == ["open"]
    assert hanging.count("SELECT 1 FROM incident_members FINAL WHERE left_at IS NULL") == 2
    assert hanging.count("SELECT 1 FROM deliveries FINAL WHERE reason = 'opened'") == 1


@outcomes
def test_a_signal_that_hangs_on_its_way_into_the_store_may_be_what_a_deadline_waits_for(hanging: Hanging, fails: bool) -> None:
    shop = hanging.shop
    shop.send(shop.event("shop.captured", "A-1"), shop.event("shop.captured", "B-2"))
    hanging.tick()
    hanging.tick(minutes=1)
    shop.send(shop.event("erp.booked", "B-2"))
    hanging.hang(fails=fails)
    hanging.tick(minutes=1)
    hanging.tick(minutes=15)
    assert hanging.late() == 1

    hanging.go_on()
    for _ in range(4):
        hanging.tick(minutes=1)
    assert shop.verdicts() == {"A-1": ["running", "breached"], "B-2": ["running", "met"]}
    assert hanging.late() == 1
    assert hanging.count("SELECT 1 FROM events FINAL") == 3
