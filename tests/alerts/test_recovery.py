"""Recovery: what alerting must not forget, and what it must: rows merged before it reads, restarts between two messages, repetition that
ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from clickhouse_connect.driver.exceptions import OperationalError

from alerts.advance import advance
from alerts.delivery.delivery import rows as delivery_rows
from alerts.engine import AlertEngine
from alerts.incidents import State
from alerts.incidents import rows as incident_rows
from alerts.members import RANKS, candidates
from alerts.recovery import deliveries_of, silences_of, state_of
from alerts.stage import Silence
from core.catalog.catalog import Catalog
from core.catalog.routing import Channel, Route, Routes
from core.config import Settings
from core.errors import Retryable
from core.telemetry import Telemetry
from store.stages.incidents import StoredIncidents
from tests.alerts.clocks import clocks
from tests.alerts.delivery.deliveries import delivery
from tests.alerts.memory_store import MemoryStore
from tests.alerts.shop import CATALOG
from tests.alerts.world import NOW, FakeNotifier, StoredWorld, World


@pytest.mark.parametrize("merged", [False, True])
def test_an_end_that_was_written_over_before_alerting_read_it_is_still_told(stored_world: StoredWorld, merged: bool) -> None:
    stored_world.clocks(1, "breached")
    stored_world.turn(stored_world.engine())
    stored_world.clocks(1, "met_late")
    stored_world.clocks(1, "met_late")  # the same verdict again: something else about the clock has changed
    if merged:
        stored_world.database.command("OPTIMIZE TABLE clocks FINAL")
    engine = stored_world.engine()
    stored_world.turn(engine)
    assert stored_world.notifier.reasons == ["opened", "resolved"]
    assert stored_world.database.rows("SELECT status FROM incidents FINAL") == [{"status": "resolved"}]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_first_message_that_never_left_is_said_when_its_cause_is_back(world: World, restarted: bool) -> None:
    engine = world.engine()
    world.clocks(1, "breached")
    engine.run(world.clock.now())
    world.clocks(1, "met_late")
    engine.run(world.clock.now())
    world.clock.advance(timedelta(minutes=1))
    world.clocks(1, "breached")
    if restarted:
        engine = world.engine()
    for _ in range(3):
        world.turn(engine)
        world.clock.advance(timedelta(minutes=5))
    assert world.notifier.reasons == ["opened"]


def test_after_the_resolve_of_a_repeated_incident_there_is_nothing_to_wait_for(world: World) -> None:
    routes = Routes(channels={"desk": Channel(type="desk")}, routes=[Route(name="all", channels=["desk"], repeat_every="4 hours")])
    world.catalog = Catalog(routes=routes)
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    world.clock.advance(timedelta(hours=5))
    world.turn(engine)
    world.clocks(1, "met_late")
    world.turn(engine)
    assert world.notifier.reasons == ["opened", "repeated", "resolved"]
    world.clock.advance(timedelta(days=2))
    world.turn(engine)
    assert engine.next_deadline() is None
    assert not engine._outbox.log._last, "what was said of an incident that is over takes no memory"
    assert not engine._outbox.log._latest


@pytest.mark.parametrize("restarted", [False, True])
def test_a_fallback_says_a_message_once_however_long_its_target_is_down(world: World, restarted: bool) -> None:
    pager, mail = FakeNotifier("pager", down=True), FakeNotifier("mail")
    routes = [Route(name="page", channels=["pager"], **{"continue": True}), Route(name="mail", channels=["mail"], repeat_every="1 hour")]
    channels = {"pager": Channel(type="pager", fallback="mail"), "mail": Channel(type="mail")}
    definitions = Catalog(routes=Routes(channels=channels, routes=routes))

    def engine() -> AlertEngine:
        return AlertEngine(world.store, definitions, {"pager": pager, "mail": mail}, Settings(), Telemetry(), world.clock)

    running = engine()
    world.clocks(1, "breached")
    for minute in range(150):
        world.turn(running)
        world.clock.advance(timedelta(minutes=1))
        if restarted and minute == 30:
            running = engine()
    ids = [message.delivery_id for message in mail.received]
    assert len(ids) == len(set(ids))
    # its own and that repeated; it needs no fallback to say what it has been told
    assert sorted(message.reason.value for message in mail.received) == ["opened", "repeated", "repeated"]


def test_what_was_sent_while_the_store_was_away_is_not_sent_again(stored_world: StoredWorld) -> None:
    class Away(StoredIncidents):
        away = False

        def save(self, *arguments: Any, **more: Any) -> None:
            if self.away:
                raise Retryable("the store is away")
            super().save(*arguments, **more)

        def changes(self, limit: int) -> Any:
            if self.away:
                raise OperationalError("the store is away")
            return super().changes(limit)

    store = Away(stored_world.database)
    engine = stored_world.engine(store)
    stored_world.clocks(1, "breached")
    engine.run(stored_world.clock.now())
    stored_world.notifier.after = lambda: setattr(store, "away", True)  # while the message is on its way
    engine.deliver(stored_world.clock.now())
    engine.settle()
    with pytest.raises(OperationalError):
        engine.run(stored_world.clock.now())
    store.away = False
    stored_world.notifier.after = lambda: None
    for _ in range(3):
        stored_world.turn(engine)
    assert stored_world.notifier.reasons == ["opened"]
    assert stored_world.database.rows("SELECT state, attempts FROM deliveries FINAL") == [{"state": "sent", "attempts": 1}]


def saved(**tables: pd.DataFrame) -> dict[str, pd.DataFrame]:
    store = MemoryStore()
    store.save(tables)
    return store.saved()


def test_from_nothing_comes_nothing() -> None:
    state = state_of(saved(), Catalog())

    assert (state.incidents, len(state.members), state.seen) == ({}, 0, {})
    assert (silences_of(saved()), deliveries_of(saved())) == ({}, [])


def test_members_are_as_grave_as_the_catalog_of_now_says() -> None:
    """And know of their incident what only it keeps: stage, cause, owner, runbook."""
    opened = advance(State(), candidates(clocks("breached"), pd.DataFrame(), CATALOG, NOW), (), CATALOG, NOW)
    tables = saved(incidents=incident_rows(opened.written), incident_members=opened.members)

    for catalog, rank in ((CATALOG, "critical"), (Catalog(), "warning")):
        (member,) = state_of(tables, catalog).members.to_dict("records")
        assert member["rank"] == RANKS[rank]
        assert (member["stage"], member["cause"], member["owner"]) == ("booked", "overdue", "desk")


def test_members_of_an_incident_that_is_not_there_are_left_out() -> None:
    opened = advance(State(), candidates(clocks("breached", 2), pd.DataFrame(), CATALOG, NOW), (), CATALOG, NOW)
    state = state_of(saved(incident_members=opened.members), CATALOG)

    assert (len(state.members), state.seen) == (0, {})


def test_deliveries_and_silences_have_aware_times_and_whole_numbers() -> None:
    sent = delivery(attempts=2, state="sent", finished_at=NOW + timedelta(hours=1))
    silence = Silence("s1", "orders", "", "", "", NOW, NOW + timedelta(hours=1), "Ana", "maintenance")
    tables = saved(deliveries=delivery_rows([sent, delivery("dlv_2")]), silences=pd.DataFrame([vars(silence)], dtype=object))

    assert deliveries_of(tables) == [sent, delivery("dlv_2")]
    assert silences_of(tables) == {"s1": silence}
