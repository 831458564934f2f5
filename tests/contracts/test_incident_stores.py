"""The contract of the alert stage's store, over the real one and the one in memory that tests of the stage use."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from alerts.advance import advance
from alerts.delivery.delivery import rows as delivery_rows
from alerts.incidents import Incident, State
from alerts.incidents import rows as incident_rows
from alerts.members import candidates
from alerts.ports import IncidentStore
from alerts.recovery import deliveries_of, silences_of, state_of
from alerts.stage import Silence
from core.catalog.catalog import Catalog
from store.client import Store
from store.stages.cursors import MOVES
from tests.alerts.clocks import at, clocks
from tests.alerts.delivery.deliveries import SECOND, delivery
from tests.alerts.messages import NOW
from tests.alerts.world import StoredWorld, World

LIMIT = 1000
HOUR = timedelta(hours=1)


@pytest.fixture(params=["real", "in memory"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "in memory":
        return World()
    store: Store = request.getfixturevalue("store")
    return StoredWorld(database=store)


def state_in(store: IncidentStore) -> State:
    return state_of(store.saved(), Catalog())


def changed(store: IncidentStore) -> list[tuple[str, str]]:
    frames, _, _ = store.changes(LIMIT)
    found = frames["clocks"]
    return sorted(zip(found["transaction_id"].str[-1:], found["verdict"], strict=True)) if len(found) else []


def test_an_empty_store_has_no_changes_and_nothing_to_recover(world: World):
    frames, cursors, more = world.port().changes(LIMIT)

    assert ({table: len(frame) for table, frame in frames.items()}, cursors, more) == ({"clocks": 0, "transactions": 0}, {}, False)
    assert {table: len(frame) for table, frame in world.port().saved().items()} == {
        "incidents": 0,
        "incident_members": 0,
        "deliveries": 0,
        "silences": 0,
    }


def test_changes_are_read_again_until_their_cursors_are_saved_and_not_after_it(world: World):
    world.clocks(2, "breached")
    store = world.port()
    assert changed(store) == changed(store) == [("0", "breached"), ("1", "breached")]
    _, cursors, _ = store.changes(LIMIT)
    store.save({}, cursors)
    assert changed(store) == []
    for _ in range(MOVES - 1):
        store.save({}, cursors)
    assert changed(world.port()) == [], "after a crash at most so many moves are read again"

    world.clocks(1, "met_late", first=1)
    assert changed(store) == [("1", "met_late")]


def test_of_a_clock_that_changed_twice_the_current_row_counts(world: World):
    world.clocks(1, "at_risk")
    world.clocks(1, "breached")

    assert changed(world.port()) == [("0", "breached")]


def test_what_was_saved_is_recovered_as_it_was(world: World):
    world.clocks(3, "breached", due=HOUR, value=12.5)
    store = world.port()
    frames, cursors, _ = store.changes(LIMIT)
    advanced = advance(State(), candidates(frames["clocks"], frames["transactions"], Catalog(), NOW), (), Catalog(), NOW)
    store.save({"incidents": incident_rows(advanced.written), "incident_members": advanced.members}, cursors)
    recovered = state_in(world.port())

    assert recovered.incidents == advanced.state.incidents
    assert recovered.seen == advanced.state.seen
    columns = ["incident_id", "transaction_id", "sla", "due_at", "joined_at", "value"]
    assert recovered.members[columns].sort_values("transaction_id").to_dict("records") == advanced.state.members[columns].sort_values(
        "transaction_id"
    ).to_dict("records")


def test_the_last_row_of_a_key_counts_and_a_member_that_left_is_known_and_gone(world: World):
    opened = Incident("i1", "orders", "booked", "overdue", NOW, NOW, members=1, value={"EUR": 10.0}, customers=["ACME"])
    member = advance(State(), candidates(clocks("breached"), pd.DataFrame(), Catalog(), NOW), (), Catalog(), NOW).members
    member = member.assign(incident_id="i1")
    store = world.port()
    store.save({"incidents": incident_rows([opened]), "incident_members": member})
    taken = replace(opened, status="acknowledged", acknowledged_by="Ana", acknowledged_until=NOW + HOUR)
    store.save({"incidents": incident_rows([taken]), "incident_members": member.assign(left_at=at(NOW + SECOND))})
    state = state_in(world.port())

    assert state.incidents == {"i1": taken}
    assert (len(state.members), state.seen) == (0, {"i1": frozenset(member["transaction_id"])})


def test_deliveries_are_recovered_in_the_order_in_which_they_were_made(world: World):
    made = [delivery(f"dlv_{number}", created_at=NOW + number * SECOND) for number in range(4)]
    store = world.port()
    store.save({"incidents": incident_rows([Incident("i1", "orders", "booked", "overdue", NOW, NOW)]), "deliveries": delivery_rows(made)})
    sent = replace(made[1], state="sent", attempts=2, finished_at=NOW + HOUR, error="")
    store.save({"deliveries": delivery_rows([sent])})

    assert deliveries_of(world.port().saved()) == [made[0], sent, *made[2:]]


def test_a_pending_delivery_is_recovered_whatever_became_of_its_incident(world: World):
    world.port().save({"deliveries": delivery_rows([delivery("dlv_1", "gone")])})

    assert deliveries_of(world.port().saved()) == [delivery("dlv_1", "gone")]


def test_a_silence_is_recovered_and_its_last_row_counts(world: World):
    now = world.clock.now()
    silence = Silence("s1", "orders", "", "", "", now, now + HOUR, "Ana", "maintenance")
    store = world.port()
    for one in (silence, replace(silence, ends_at=now + 2 * HOUR)):
        store.save({"silences": pd.DataFrame([vars(one)], dtype=object)}, hold=False)

    assert silences_of(world.port().saved()) == {"s1": replace(silence, ends_at=now + 2 * HOUR)}


def test_an_incident_is_known_for_ever_and_one_that_never_was_is_not(world: World):
    resolved = Incident("i1", "orders", "booked", "overdue", NOW, NOW, status="resolved", resolved_at=NOW)
    world.port().save({"incidents": incident_rows([resolved])})

    assert world.port().has_incident("i1")
    assert not world.port().has_incident("i2")
