"""Acknowledgements and silences, through a real engine over a store in memory: what they keep quiet, and what is told when they end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts import actions
from core.catalog.catalog import Catalog
from tests.alerts.alert_path import only, silence
from tests.alerts.world import NOW, World, routes


@pytest.mark.parametrize("quiet", ["acknowledged", "silenced"])
def test_what_is_acknowledged_or_silenced_is_not_repeated(world: World, quiet: str):
    world.catalog = Catalog(routes=routes("desk", routes=[{"name": "all", "channels": ["desk"], "repeat_every": "5 minutes"}]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    if quiet == "acknowledged":
        world.act(engine, actions.acknowledge, only(world), "Ana", "", world.clock.now() + timedelta(hours=1))
    else:
        silence(world, engine, incident_id=only(world))
    for _ in range(11):
        world.later(engine, minutes=5)
    assert world.notifier.reasons == ["opened"]

    world.later(engine, minutes=5)
    assert world.notifier.reasons == ["opened", "rearmed"]


def test_what_is_given_back_is_repeated_again(world: World):
    world.catalog = Catalog(routes=routes("desk", routes=[{"name": "all", "channels": ["desk"], "repeat_every": "30 minutes"}]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    world.act(engine, actions.acknowledge, only(world), "Ana", "", None)
    world.later(engine, minutes=40)
    assert world.notifier.reasons == ["opened"]

    world.act(engine, actions.unacknowledge, only(world), "Ana")
    world.turn(engine)
    assert world.notifier.reasons == ["opened", "repeated"]
    assert world.notifier.received[-1].status == "open"
    (row,) = world.rows("incidents")
    assert (row["status"], row["acknowledged_by"], row["acknowledged_until"]) == ("open", "", None)


def test_an_acknowledged_incident_that_becomes_worse_speaks_and_says_who_has_it(world: World):
    engine = world.engine()
    world.clocks(1, "at_risk", due=timedelta(minutes=30))
    world.turn(engine)
    world.later(engine, seconds=3)
    world.act(engine, actions.acknowledge, only(world), "Ana", "", None)
    world.act(engine, actions.assign, only(world), "Ana", "Ben")
    world.clocks(1, "breached")
    world.later(engine, minutes=1)

    assert world.notifier.reasons == ["opened", "worsened"]
    last = world.notifier.received[-1]
    assert (last.status, last.acknowledged_by, last.assignee) == ("acknowledged", "Ana", "Ben")


@pytest.mark.parametrize("ended", ["by itself", "early"])
def test_what_still_holds_when_a_silence_ends_is_told(world: World, ended: str):
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    silence_id = silence(world, engine, flow="orders")
    world.clocks(30, "breached", first=1)
    world.clocks(1, "breached", first=40, cause="CREDIT")
    world.later(engine, minutes=10)
    assert world.notifier.reasons == ["opened"]

    if ended == "early":
        now = world.clock.now()
        engine.act(lambda _, silences: actions.end_silence(silences, silence_id, "Ben", now), now)
    else:
        world.clock.set(NOW + timedelta(hours=1))
    world.turn(engine)
    assert [(one.reason, one.cause, one.members) for one in world.notifier.received[1:]] == [
        ("rearmed", "overdue", 31),
        ("opened", "CREDIT", 1),
    ]
    world.later(engine, minutes=30)
    assert len(world.notifier.received) == 3, "told once"


@pytest.mark.parametrize("repeats", [{}, {"repeat_every": "24 hours"}])
def test_what_still_holds_is_told_although_nothing_happened_while_it_was_silenced(world: World, repeats: dict[str, str]):
    world.catalog = Catalog(routes=routes("desk", routes=[{"name": "all", "channels": ["desk"], **repeats}]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    silence(world, engine, flow="orders")
    world.turn(engine)
    assert engine.next_deadline() == NOW + timedelta(hours=1)
    world.later(engine, minutes=59)
    assert world.notifier.reasons == ["opened"]
    world.later(engine, minutes=1)
    assert world.notifier.reasons == ["opened", "rearmed"]


def test_a_silence_that_ended_while_the_engine_was_down_is_told_once_after_it(world: World):
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    silence(world, engine, stage="booked")
    world.turn(engine)
    world.clock.advance(timedelta(days=2))
    for _ in range(2):
        restarted = world.engine()
        world.turn(restarted)

    assert world.notifier.reasons == ["opened", "rearmed"]


@pytest.mark.parametrize(("known", "said"), [(True, ["opened", "resolved"]), (False, [])])
def test_what_is_resolved_while_it_is_silenced_is_taken_back_where_it_was_told(world: World, known: bool, said: list[str]):
    engine = world.engine()
    if not known:
        silence(world, engine, flow="orders")
    world.clocks(1, "breached")
    world.turn(engine)
    if known:
        silence(world, engine, cause="overdue")
    world.clocks(1, "met_late")
    world.later(engine, minutes=1)
    world.later(engine, hours=2)

    assert world.notifier.reasons == said


@pytest.mark.parametrize(
    ("matching", "silenced"),
    [({"flow": "orders"}, {"overdue", "CREDIT"}), ({"cause": "CREDIT"}, {"CREDIT"}), ({"flow": "orders", "stage": "shipped"}, set())],
)
def test_a_silence_keeps_quiet_what_matches_and_nothing_else(world: World, matching: dict[str, str], silenced: set[str]):
    engine = world.engine()
    silence(world, engine, **matching)
    world.clocks(1, "breached")
    world.clocks(1, "breached", first=1, cause="CREDIT")
    world.turn(engine)

    assert {one.cause for one in world.notifier.received} == {"overdue", "CREDIT"} - silenced
