"""A store whose disk takes nothing: what is due is evaluated and told from memory, but not what a signal that waits may have met."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.engine.loop import STAGES, Engine
from andon.wiring.pipeline import pipeline_on
from core.config import Settings
from core.errors import NoRoom
from core.telemetry import Telemetry
from journal.format import ENGINE
from store.client import Store
from store.disk.held_file import HeldFile
from store.recovery.keeping import kept_in_journal
from tests.andon.shop import BOOK, BY_SPAN, Shop, catalog
from tests.andon.shop_on_disk import ShopOnDisk


class Full(ShopOnDisk):
    """A disk that can be filled."""

    def fill(self, *methods: str) -> None:
        def refuse(*_: Any, **__: Any) -> Any:
            raise NoRoom("the disk of the store accepts no more")

        for name in methods or ("put", "insert_raw", "command"):
            self.patch.setattr(self.shop.store, name, refuse)

    def make_room(self) -> None:
        self.patch.undo()


@pytest.fixture
def full(store: Store, tmp_path: Path) -> Iterator[Full]:
    shop = Shop(store, Settings(data=tmp_path / "data"))
    telemetry = Telemetry()
    with (
        pytest.MonkeyPatch.context() as patch,
        pipeline_on(store, shop.settings, catalog(tmp_path), shop.clock, telemetry) as pipeline,
    ):
        yield Full(shop, pipeline, Engine(pipeline.stages, shop.clock, telemetry), patch)
        patch.undo()


def test_deadlines_that_pass_are_in_incidents_and_stored_later_as_they_were_decided(full: Full) -> None:
    full.shop.send(full.shop.event("shop.captured", "1"), full.shop.event("shop.captured", "2"))
    full.tick()
    full.fill()
    full.tick(minutes=16)
    assert full.late() == 2
    for _ in range(3):
        full.tick(minutes=1)
    assert full.late() == 2
    decided = full.shop.clock.now()
    full.make_room()
    full.tick(minutes=10)
    assert full.shop.verdicts() == {"1": ["running", "breached"], "2": ["running", "breached"]}
    rows = full.shop.store.rows("SELECT max(verdict_at) AS at FROM clocks FINAL WHERE verdict = 'breached'")
    assert rows[0]["at"] < decided.replace(tzinfo=None)
    assert full.shop.incidents() == ["open"]
    assert len(full.shop.store.rows("SELECT 1 FROM incident_members FINAL WHERE left_at IS NULL")) == 2


def test_other_promises_are_gone_by_although_nothing_can_be_noted(full: Full, tmp_path: Path) -> None:
    full.shop.send(full.shop.event("shop.captured", "1"))
    full.tick()
    full.fill()
    full.pipeline.evaluation.reload(catalog(tmp_path, BOOK % "5 minutes"))
    full.engine.owed.update(STAGES)
    full.tick(minutes=6)
    assert full.late() == 1
    full.make_room()
    full.tick(minutes=1)
    assert full.shop.verdicts() == {"1": ["running", "breached"]}


def test_nothing_is_loaded_while_a_catalog_is_half_installed(full: Full, tmp_path: Path) -> None:
    full.shop.send(full.shop.event("shop.captured", "A-1"))
    full.tick()
    full.tick(minutes=1)
    full.fill("put")
    changed = catalog(tmp_path, BOOK % "20 minutes", booked=BY_SPAN)
    with pytest.raises(NoRoom):
        full.pipeline.reload(changed)
    full.make_room()
    full.shop.send(full.shop.event("shop.captured", "B-2"))
    full.tick(minutes=16)
    assert full.shop.verdicts() == {"A-1": ["running", "breached"]}, "the deadline of the old one passed"
    full.pipeline.reload(changed)
    full.engine.owed.update(STAGES)
    for _ in range(2):
        full.tick(minutes=1)
    assert full.shop.verdicts()["B-2"] == ["at_risk"]


def test_an_engine_that_ends_meanwhile_leaves_what_it_decided_to_the_next_one(full: Full) -> None:
    shop = full.shop
    with kept_in_journal(shop.store, shop.settings, shop.clock):
        shop.send(shop.event("shop.captured", "1"))
        full.tick()
        full.fill()
        full.tick(minutes=16)
        decided = full.pipeline.alerting.open_incidents(shop.clock.now())
        assert full.late() == 1
        for _ in range(len(shop.store.held)):
            shop.store.held._batches.pop()  # what a process that ends forgets
        full.make_room()
    shop.pass_time(minutes=5)
    with kept_in_journal(shop.store, shop.settings, shop.clock):
        assert shop.verdicts() == {"1": ["running", "breached"]}
        full.pipeline.alerting.recover()
        found = full.pipeline.alerting.open_incidents(shop.clock.now())
        assert [(one.incident_id, one.opened_at) for one in found] == [(one.incident_id, one.opened_at) for one in decided]
        full.tick()
        assert full.late() == 1
        assert shop.verdicts() == {"1": ["running", "breached"]}
        assert len(shop.store.rows("SELECT 1 FROM deliveries FINAL WHERE reason = 'opened'")) == 1
        assert HeldFile(shop.settings.journal / ENGINE / "held").read() == []


def test_what_waits_has_a_bound_beyond_which_deadlines_are_evaluated_once_there_is_room(
    full: Full, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("store.disk.held.ROWS_MAX", 4)
    monkeypatch.setattr("slas.engine.BATCH", 1)
    full.shop.send(*(full.shop.event("shop.captured", str(number)) for number in range(6)))
    full.tick()
    full.fill()
    full.tick(minutes=16)
    late, evaluated = full.late(), full.engine.evaluated
    assert 0 < late < 6
    full.tick(minutes=1)
    assert (full.late(), full.engine.evaluated) == (late, evaluated)
    assert caplog.text.count("the maximum number of rows waits in memory for the disk") == 1
    full.make_room()
    full.tick(minutes=1)
    assert full.late() == 6
    assert set(map(tuple, full.shop.verdicts().values())) == {("running", "breached")}


def test_what_ends_after_it_was_told_from_memory_is_resolved_once_there_is_room(full: Full) -> None:
    full.shop.send(full.shop.event("shop.captured", "1"))
    full.tick()
    full.fill()
    full.tick(minutes=16)
    full.make_room()
    full.shop.send(full.shop.event("erp.booked", "1"))
    full.tick(minutes=1)
    full.tick(minutes=1)
    assert full.shop.verdicts() == {"1": ["running", "breached", "met_late"]}
    assert full.shop.incidents() == ["resolved"]


@pytest.mark.parametrize("methods", [(), ("command",)], ids=["nothing is stored", "it is stored and not correlated"])
def test_an_order_that_a_waiting_signal_names_is_not_evaluated_until_the_signal_is(full: Full, methods: tuple[str, ...]) -> None:
    full.shop.send(full.shop.event("shop.captured", "A-1"), full.shop.event("shop.captured", "B-2"))
    full.tick()
    full.fill(*methods)
    full.tick(minutes=1)
    full.shop.send(full.shop.event("erp.booked", "B-2"))
    full.tick(minutes=1)
    full.tick(minutes=15)
    full.tick(minutes=1)
    assert full.late() == 1
    full.make_room()
    for _ in range(4):
        full.tick(seconds=30)
    assert full.shop.verdicts() == {"A-1": ["running", "breached"], "B-2": ["running", "met"]}
    assert full.late() == 1


def test_an_order_that_came_just_before_the_disk_filled_is_evaluated(full: Full) -> None:
    """What came since a tick began may be in that tick already: what waits is known by where it is in the journal, not by when it came."""
    full.engine.in_flight = timedelta(seconds=1)
    full.shop.send(full.shop.event("shop.captured", "A-1"), full.shop.event("shop.captured", "B-2"))
    full.tick()
    full.fill()
    full.shop.send(full.shop.event("erp.booked", "B-2"))
    full.tick(minutes=1)
    full.tick(minutes=16)
    full.tick(minutes=1)
    assert full.late() == 1
    full.make_room()
    for _ in range(4):
        full.tick(seconds=30)
    assert full.shop.verdicts() == {"A-1": ["running", "breached"], "B-2": ["running", "met"]}


def test_more_that_waits_than_can_be_looked_through_lets_nothing_be_evaluated(full: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.loading.unseen.MAX_BYTES", 10)
    full.shop.send(full.shop.event("shop.captured", "A-1"))
    full.tick()
    full.fill()
    full.tick(minutes=1)
    full.shop.send(full.shop.event("erp.booked", "B-2"))
    full.tick(minutes=16)
    assert full.late() == 0
    full.make_room()
    for _ in range(4):
        full.tick(seconds=30)
    assert full.late() == 1
