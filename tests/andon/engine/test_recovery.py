"""Whatever table loses its parts while the engine runs, its rows come back as they were, by themselves, and nothing is told twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from andon.engine.pipeline import Pipeline
from andon.engine.recovery import Recovery
from core.errors import NoRoom
from core.telemetry import M, Telemetry
from store.client import Store
from store.recovery.losses import CONDITION, Losses
from store.recovery.parts_ledger import PartsLedger, listed
from store.stages.derived import follow_clocks
from tests.andon.shop import BOOK, BY_SPAN, SHIP, catalog
from tests.andon.world import World, content, live

MORE = {"loaded_segments": "segment", "event_contents": "key, content", "transaction_outcomes": "flow, transaction_id"}
TOGETHER = [
    ("events", "event_contents", "transactions", "clocks"),
    ("spans", "source_hours", "verdicts", "open_clocks"),
    ("transaction_events", "transaction_keys", "milestone_rules"),
    ("milestone_events", "incidents", "incident_members", "deliveries", "silences"),
    ("actions", "delivery_attempts", "cursors"),
    ("loaded_segments", "revision_blocks", "schema_files", "transaction_outcomes"),
]


@dataclass
class Running:
    """An engine with the watch of its parts."""

    world: World
    pipeline: Pipeline
    losses: Losses
    recovery: Recovery
    telemetry: Telemetry

    def everything(self) -> dict[str, list[dict[str, object]]]:
        store = self.world.shop.store
        more = {table: store.rows(f"SELECT {key} FROM {table} FINAL ORDER BY {key}") for table, key in MORE.items()}
        return {**content(store), **more}

    def lose(self, *tables: str) -> None:
        """Remove the files of all parts of these tables."""
        for parts in listed(self.world.shop.store, active=True, tables=list(tables)).values():
            for one in parts:
                shutil.rmtree(one.path)
        self.losses.look()

    def recover(self) -> None:
        assert not self.recovery.step(), "it is told first"
        self.world.shop.settle(self.pipeline)
        assert self.recovery.step()
        assert not self.losses.waiting()


@contextmanager
def started(store: Store, folder: Path, live: Callable[[World], Pipeline]) -> Iterator[Running]:
    slas = BOOK % "15 minutes" + SHIP % "4 hours"
    world = World(store, folder, catalog(folder, slas, facts=", note: {}", booked=BY_SPAN))
    pipeline = live(world)
    pipeline.loader.write_progress()
    follow_clocks(store)
    telemetry = Telemetry()
    losses = Losses(store, PartsLedger(folder / "parts.json", Path("/")), world.shop.clock, telemetry, pipeline.conditions)
    yield Running(world, pipeline, losses, Recovery(pipeline, losses), telemetry)
    world.end()


@pytest.fixture
def running(store: Store, tmp_path: Path) -> Iterator[Running]:
    """With two orders, of which no more is to be known than that they were captured."""

    def live(world: World) -> Pipeline:
        pipeline = world.begin()
        world.shop.send(*(world.shop.event("shop.captured", number, amount=100) for number in ("1", "2")))
        world.shop.settle(pipeline)
        return pipeline

    with started(store, tmp_path, live) as found:
        yield found


@pytest.fixture
def lived(store: Store, tmp_path: Path) -> Iterator[Running]:
    """In a world where all has happened that can be lost."""
    with started(store, tmp_path, live) as found:
        yield found


def own(running: Running) -> list[dict[str, object]]:
    return running.world.shop.store.rows(
        "SELECT status, title, cause FROM incidents FINAL WHERE stage = {name:String}", {"name": CONDITION}
    )


@pytest.mark.slow
def test_what_is_lost_comes_back_by_itself(lived: Running) -> None:
    for tables in TOGETHER:
        before = lived.everything()
        lived.lose(*tables)
        assert {loss.table_name for loss in lived.losses.waiting()} == set(tables)
        lived.recover()
        assert lived.telemetry.value(M.STORE_LOST_ROWS) == 0
        lived.world.shop.settle(lived.pipeline)
        found = lived.everything()
        told = {row["incident_id"] for row in found["incidents"] if row["stage"] == CONDITION}
        for table, rows in found.items():
            others = [row for row in rows if row.get("incident_id") not in told or row in before[table]]
            known = [row for row in before[table] if row.get("stage") != CONDITION and row.get("cause") not in tables]
            assert [row for row in others if row.get("stage") != CONDITION] == known, f"{table}, after {tables} were lost"
    assert {row["status"] for row in own(lived)} == {"resolved"}
    assert all("being loaded again" in str(row["title"]) for row in own(lived))
    assert {row["cause"] for row in own(lived)} == {table for tables in TOGETHER for table in tables}


def test_while_the_disk_is_full_nothing_is_recovered_and_the_engine_goes_on(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoRoom("the disk of the store accepts no more")

    running.lose("events")
    assert not running.recovery.step()
    with monkeypatch.context() as full:
        full.setattr(running.world.shop.store, "insert_raw", refuse)
        assert not running.recovery.step()
    assert running.losses.waiting()
    assert running.recovery.step()
    assert not running.losses.waiting()


def test_what_the_journal_does_not_have_is_named_and_the_incident_stays_open(running: Running) -> None:
    shop = running.world.shop
    running.pipeline.loader.close()
    shop.pass_time(days=2)
    assert running.pipeline.loader.sweep()
    running.lose("events")
    running.recover()
    shop.settle(running.pipeline)
    (incident,) = own(running)
    assert incident["status"] == "open"
    assert "lost 2 rows of events" in str(incident["title"])
    assert "deleted after they were loaded" in str(incident["title"])
    assert running.telemetry.value(M.STORE_LOST_ROWS) == 2
