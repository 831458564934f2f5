"""What is wrong with Andon itself: an incident of its own to the first channel, for as long as it holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.catalog.catalog import Catalog
from core.catalog.definition import Severity
from core.condition import Condition, Conditions
from tests.alerts.world import NOW, World, routes

FULL = Condition("disk-full", "/srv/andon", "Disk of /srv/andon is full: ingest stopped since 10:00 UTC", NOW)


@pytest.fixture
def elsewhere(world: World) -> World:
    """A catalog whose routes send everything to the second channel."""
    everything = [{"name": "all", "channels": ["second"], "repeat_every": "1 hour"}]
    world.catalog = Catalog(routes=routes("first", "second", routes=everything))
    return world


def test_a_condition_is_told_to_the_first_channel_and_so_is_its_end(elsewhere: World):
    world = elsewhere
    engine = world.engine()
    world.turn(engine)
    assert engine.next_deadline() is None

    world.conditions.raise_(FULL)
    due = engine.next_deadline()
    assert due is not None
    assert due <= NOW
    world.turn(engine)
    world.turn(engine)
    world.conditions.clear("disk-full")
    world.turn(engine)

    assert world.notifier.by_channel.keys() == {"first"}
    opened, resolved = world.notifier.by_channel["first"]
    assert (opened.reason, resolved.reason) == ("opened", "resolved")
    assert {opened.title, resolved.title} == {FULL.title}
    assert (opened.flow, opened.stage, opened.cause, opened.severity, opened.top) == ("andon", "disk-full", "/srv/andon", "critical", [])
    assert "transaction" not in opened.summary + resolved.summary


def test_one_that_changes_its_words_is_the_same_incident_and_not_told_again(world: World):
    engine = world.engine()
    world.conditions.raise_(FULL)
    world.turn(engine)
    world.conditions.raise_(Condition(FULL.name, FULL.subject, "Disk of /srv/andon is full: 12 MB left", FULL.since))
    world.turn(engine)

    assert world.notifier.reasons == ["opened"]
    assert [one.title for one in engine.open_incidents(NOW)] == ["Disk of /srv/andon is full: 12 MB left"]


def test_a_warning_stays_a_warning_and_two_subjects_are_two_incidents(world: World):
    engine = world.engine()
    for folder in ("/a", "/b"):
        world.conditions.raise_(Condition("disk-slow", folder, f"Disk of {folder} is slow", NOW, Severity.WARNING))
    world.turn(engine)
    world.later(engine, minutes=1)  # what is no more than a warning waits for its like
    world.conditions.clear("disk-slow", "/a")
    world.later(engine, minutes=1)

    assert [message.severity for message in world.notifier.received] == ["warning"] * 3
    assert [(one.cause, one.severity) for one in engine.open_incidents(NOW)] == [("/b", "warning")]


def test_after_a_restart_it_is_over_only_once_somebody_looked(world: World):
    engine = world.engine()
    world.conditions.raise_(FULL)
    world.turn(engine)

    world.conditions = Conditions()
    restarted = world.engine()
    world.later(restarted, minutes=20)
    assert world.notifier.reasons == ["opened"]

    world.conditions.raise_(Condition(FULL.name, FULL.subject, FULL.title, NOW + timedelta(minutes=20)))
    world.turn(restarted)
    assert world.notifier.reasons == ["opened"]

    world.conditions.clear("disk-full")
    world.turn(restarted)
    assert world.notifier.reasons == ["opened", "resolved"]


def test_one_that_was_cleared_before_the_restart_is_over(world: World):
    engine = world.engine()
    world.conditions.raise_(FULL)
    world.turn(engine)

    world.conditions = Conditions()
    world.conditions.clear("disk-full")
    world.turn(world.engine())

    assert world.notifier.reasons == ["opened", "resolved"]


def test_transactions_and_conditions_stand_side_by_side(world: World):
    engine = world.engine()
    world.clocks(2, "breached")
    world.conditions.raise_(FULL)
    world.turn(engine)
    world.clocks(2, "met_late")
    world.turn(engine)

    assert sorted((message.flow, message.reason.value) for message in world.notifier.received) == [
        ("andon", "opened"),
        ("orders", "opened"),
        ("orders", "resolved"),
    ]
    assert [one.flow for one in engine.open_incidents(NOW)] == ["andon"]
