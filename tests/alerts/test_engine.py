"""The alert stage through a real store: crashes at every step, receivers that are down, storms, acknowledgements, silences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from alerts import actions
from alerts.engine import AlertEngine
from core.clock import FakeClock
from core.config import Settings
from core.errors import LeftBehind, NoRoom, Retryable
from core.telemetry import M, Telemetry
from store.stages.incidents import StoredIncidents
from tests.alerts.clocks import clocks
from tests.alerts.memory_store import MemoryStore
from tests.alerts.world import NOW, FakeNotifier, StoredWorld, World, catalog


class Crash(BaseException):
    """The process ends here."""


class Crashing:
    """The real store, until the n-th table write: that one and what follows never happen."""

    def __init__(self, store: StoredIncidents, writes: int) -> None:
        self._store = store
        self._left = writes

    def changes(self, limit: int) -> Any:
        return self._store.changes(limit)

    def saved(self) -> Any:
        return self._store.saved()

    def save(self, tables: dict[str, pd.DataFrame], cursors: dict[str, int] | None = None, *, hold: bool = True) -> None:
        for table, frame in tables.items():
            self._step()
            self._store.save({table: frame}, hold=hold)
        if cursors:
            self._step()
            self._store.save({}, cursors)

    def _step(self) -> None:
        if self._left == 0:
            raise Crash
        self._left -= 1


def test_a_breach_is_told_once_and_its_end_is_told_once(stored_world: StoredWorld):
    engine = stored_world.engine()
    stored_world.clocks(2, "breached")
    stored_world.turn(engine)
    stored_world.turn(engine)
    stored_world.clocks(2, "met_late")
    stored_world.turn(engine)

    assert stored_world.notifier.reasons == ["opened", "resolved"]
    assert stored_world.notifier.received[0].value == {"EUR": 20.0}


@pytest.mark.parametrize("writes", range(8))
def test_a_crash_at_any_write_loses_nothing_and_repeats_only_the_same_id(stored_world: StoredWorld, writes: int):
    stored_world.clocks(3, "breached")
    crashing = stored_world.engine(Crashing(StoredIncidents(stored_world.database), writes))
    try:
        crashing.run(NOW)
        for delivery in crashing._outbox._queue.waiting():
            crashing._outbox.attempt(delivery)
    except Crash:
        pass
    engine = stored_world.engine()
    stored_world.turn(engine)
    stored_world.clocks(3, "met_late")
    stored_world.turn(engine)

    assert len({message.delivery_id for message in stored_world.notifier.received if message.reason == "opened"}) == 1
    assert stored_world.notifier.reasons[-1] == "resolved"
    assert stored_world.notifier.reasons.count("resolved") == 1
    rows = stored_world.database.rows("SELECT uniqExact(incident_id) AS incidents FROM incidents FINAL")
    assert rows[0]["incidents"] == 1


def test_a_receiver_that_was_down_hears_each_state_once_after_recovery(world: World):
    engine = world.engine()
    world.notifier.down = True
    world.clocks(1, "at_risk", due=timedelta(hours=1))
    world.turn(engine)
    world.clock.advance(timedelta(seconds=3))
    world.turn(engine)
    world.clocks(1, "breached")
    world.turn(engine)
    world.clock.advance(timedelta(minutes=10))
    world.notifier.down = False
    world.turn(engine)
    world.turn(engine)

    assert world.notifier.reasons == ["worsened"]


def test_what_is_critical_is_tried_without_end(world: World):
    engine = world.engine()
    world.notifier.down = True
    world.clocks(1, "breached")
    engine.run(NOW)
    for _ in range(4 * 24):  # four days
        world.clock.advance(timedelta(hours=1))
        engine.deliver(world.clock.now())
        engine.settle()
    engine = world.engine()
    world.notifier.down = False
    world.clock.advance(timedelta(hours=1))
    world.turn(engine)
    world.turn(engine)

    assert world.notifier.reasons == ["opened"]
    assert [(row["state"], row["attempts"]) for row in world.rows("deliveries")] == [("sent", 4 * 24 + 1)]


def test_what_nobody_heard_of_is_not_taken_back(world: World):
    engine = world.engine()
    world.clocks(1, "breached")
    engine.run(NOW)
    world.clocks(1, "met_late")
    world.turn(engine)

    assert world.notifier.reasons == []


def test_a_storm_is_one_incident_and_few_messages_and_a_restart_repeats_none(stored_world: StoredWorld):
    engine = stored_world.engine()
    for batch in range(10):
        stored_world.clocks(1000, "breached", first=batch * 1000)
        stored_world.clock.advance(timedelta(seconds=6))
        stored_world.turn(engine)

    row = stored_world.database.rows("SELECT count() AS incidents, any(members) AS members FROM incidents FINAL")[0]
    assert row == {"incidents": 1, "members": 10_000}
    assert 1 <= len(stored_world.notifier.received) <= 3

    told, written = len(stored_world.notifier.received), stored_world.database.rows("SELECT max(revision) AS last FROM incidents")
    restarted = stored_world.engine()
    stored_world.turn(restarted)
    assert [one.members for one in restarted.open_incidents(stored_world.clock.now())] == [10_000]
    assert len(stored_world.notifier.received) == told
    assert stored_world.database.rows("SELECT max(revision) AS last FROM incidents") == written


def test_an_acknowledgement_ends_with_the_next_deadline(world: World):
    engine = world.engine()
    world.clocks(1, "at_risk", due=timedelta(minutes=30), severity="warning")
    world.turn(engine)
    world.clock.advance(timedelta(seconds=3))
    world.turn(engine)
    incident_id = world.notifier.received[0].incident_id
    engine.act(
        lambda incidents, _: actions.acknowledge(incidents, incident_id, "Ana", "", None, world.clock.now()),
        world.clock.now(),
    )
    world.clocks(50, "at_risk", first=10, due=timedelta(hours=2), severity="warning")
    world.clock.advance(timedelta(minutes=5))
    world.turn(engine)
    assert world.notifier.reasons == ["opened"]

    assert engine.next_deadline() == NOW + timedelta(minutes=30)
    world.clock.set(NOW + timedelta(minutes=30))
    world.turn(engine)
    assert world.notifier.reasons == ["opened", "rearmed"]


def test_a_silence_keeps_quiet_until_it_ends_and_survives_a_restart(stored_world: StoredWorld):
    ends = NOW + timedelta(hours=1)
    stored_world.engine().act(lambda *_: actions.silence({}, {}, {"flow": "orders"}, "Ana", "maintenance", ends, NOW), NOW)
    engine = stored_world.engine()
    stored_world.clocks(1, "breached")
    stored_world.turn(engine)
    assert stored_world.notifier.reasons == []

    assert engine.next_deadline() == ends
    stored_world.clock.set(ends)
    stored_world.turn(engine)
    assert stored_world.notifier.reasons == ["opened"]


class Refusing(MemoryStore):
    """Refuses what it is asked to: reads, or saves of a table."""

    reads = False
    table = ""
    error: Exception = Retryable("the store is away")

    def changes(self, limit: int) -> Any:
        if self.reads:
            raise self.error
        return super().changes(limit)

    def save(self, tables: dict[str, pd.DataFrame], *arguments: Any, **more: Any) -> None:
        if self.table in tables:
            raise self.error
        super().save(tables, *arguments, **more)


@pytest.fixture
def refusing() -> Refusing:
    return Refusing()


@pytest.fixture
def notifier() -> FakeNotifier:
    return FakeNotifier()


@pytest.fixture
def memory_engine(refusing: Refusing, notifier: FakeNotifier) -> AlertEngine:
    engine = AlertEngine(refusing, catalog(), {"desk": notifier}, Settings(), Telemetry(), FakeClock(NOW))
    engine.run(NOW)
    return engine


def turn(engine: AlertEngine) -> None:
    engine.run(NOW)
    engine.deliver(NOW)
    engine.settle()


def test_the_steps_follow_each_other_and_only_what_changed_is_written(
    memory_engine: AlertEngine, refusing: Refusing, notifier: FakeNotifier
):
    refusing.clocks, refusing.at_once = [clocks("breached", 3), clocks("met_late", 3)], 1
    assert memory_engine.run(NOW), "there is more to read at once"
    assert not memory_engine.run(NOW)
    assert not memory_engine.run(NOW)

    assert refusing.writes == [
        {"incidents": 1, "incident_members": 3, "deliveries": 1},
        {"incidents": 1, "incident_members": 3, "deliveries": 1},
    ]
    assert [row["state"] for row in refusing.rows("deliveries")] == ["superseded"], "nothing left the house: nothing to take back"
    assert notifier.attempted == []


@pytest.mark.parametrize("table", ["incidents", "deliveries"])
def test_what_could_not_be_saved_is_decided_again_from_what_the_store_says(
    memory_engine: AlertEngine, refusing: Refusing, notifier: FakeNotifier, table: str
):
    refusing.clocks, refusing.table = [clocks("breached")], table
    for _ in range(2):
        with pytest.raises(Retryable):
            memory_engine.run(NOW)
    assert (len(refusing.clocks), memory_engine.open_incidents(NOW)) == (1, []), "it was not read, and nothing is open"
    refusing.table = ""
    turn(memory_engine)
    turn(memory_engine)

    assert notifier.reasons == ["opened"]
    assert refusing.recoveries == 3


def test_a_read_that_fails_makes_nobody_recover(memory_engine: AlertEngine, refusing: Refusing, notifier: FakeNotifier):
    refusing.reads = True
    with pytest.raises(Retryable):
        memory_engine.run(NOW)
    refusing.reads, refusing.clocks = False, [clocks("breached")]
    turn(memory_engine)

    assert (refusing.recoveries, notifier.reasons) == (1, ["opened"])


@pytest.mark.parametrize(
    ("error", "recoveries"),
    [
        pytest.param(NoRoom("full"), 1, id="nothing was stored"),
        pytest.param(LeftBehind("hangs"), 2, id="nobody knows yet"),
        pytest.param(Retryable("away"), 2, id="who knows"),
    ],
)
def test_an_action_that_is_not_stored_is_not_in_force(memory_engine: AlertEngine, refusing: Refusing, error: Exception, recoveries: int):
    refusing.clocks = [clocks("breached")]
    turn(memory_engine)
    (one,) = memory_engine.open_incidents(NOW)
    refusing.table, refusing.error = "actions", error
    with pytest.raises(type(error)):
        memory_engine.act(lambda incidents, _: actions.acknowledge(incidents, one.incident_id, "Ana", "", None, NOW), NOW)

    assert [found.status for found in memory_engine.open_incidents(NOW)] == ["open"]
    assert refusing.recoveries == recoveries


def test_the_open_incidents_are_counted_by_severity(refusing: Refusing):
    telemetry = Telemetry()
    engine = AlertEngine(refusing, catalog(), {"desk": FakeNotifier()}, Settings(), telemetry, FakeClock(NOW))
    refusing.clocks = [pd.concat([clocks("breached", 2), clocks("at_risk", first=5, cause="source-silent:erp")], ignore_index=True)]
    engine.run(NOW)
    assert [telemetry.value(M.INCIDENTS_OPEN, severity=severity) for severity in ("critical", "warning", "info")] == [1, 1, 0]
    refusing.clocks = [clocks("met_late", 2)]
    engine.run(NOW)

    assert telemetry.value(M.INCIDENTS_OPEN, severity="critical") == 0
