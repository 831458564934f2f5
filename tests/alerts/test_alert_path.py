"""Routes, repetitions and fallbacks, through a real engine over a store in memory: who is notified of what, when, under which id."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.catalog.catalog import Catalog
from core.catalog.routing import Owner, Owners
from core.catalog.runbook import Runbook
from core.errors import Full, Permanent, Retryable
from tests.alerts.alert_path import PAGER_BACKED_BY_PHONE, deliveries
from tests.alerts.world import NOW, World, routes


@pytest.mark.parametrize(
    ("route", "clocks", "told"),
    [
        pytest.param({"flow": "orders"}, {}, "pager", id="its flow"),
        pytest.param({"flow": "shipments"}, {}, "desk", id="another flow: the first channel"),
        pytest.param({"severity": "critical"}, {}, "pager", id="its severity"),
        pytest.param({"severity": "critical"}, {"severity": "warning"}, "desk", id="another severity"),
        pytest.param({"owner": ["it", "desk"]}, {}, "pager", id="its owner"),
        pytest.param({"owner": "it"}, {}, "desk", id="another owner"),
        pytest.param({"when": "value > 15.0"}, {}, "pager", id="worth more"),
        pytest.param({"when": "value > 15.0"}, {"value": 1.0}, "desk", id="worth less"),
        pytest.param({"when": "values['USD'] > 5.0"}, {}, "pager", id="a condition that fails"),
    ],
)
def test_an_incident_goes_where_its_route_leads(world: World, route: dict[str, Any], clocks: dict[str, Any], told: str):
    world.catalog = Catalog(routes=routes("desk", "pager", routes=[{"name": "mine", "channels": ["pager"], **route}]))
    engine = world.engine()
    world.clocks(2, "breached", **clocks)
    world.turn(engine)
    world.later(engine, seconds=3)
    world.clocks(2, "met_late", **clocks)
    world.later(engine, seconds=3)

    assert {channel: world.notifier.reasons_of(channel) for channel in ("desk", "pager")} == {
        "desk": [],
        "pager": [],
        told: ["opened", "resolved"],
    }


def test_a_resolve_goes_also_where_no_route_leads_any_more(world: World):
    critical = {"name": "grave", "severity": "critical", "channels": ["pager"], "continue": True}
    world.catalog = Catalog(routes=routes("desk", "pager", routes=[critical, {"name": "all", "channels": ["desk"]}]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.clocks(1, "at_risk", first=1, due=timedelta(hours=1))
    world.turn(engine)
    world.clocks(1, "met_late")
    world.later(engine, minutes=5)
    assert world.notifier.reasons_of("pager") == ["opened"], "only a warning is left, which is not the pager's"
    world.clocks(1, "met", first=1)
    world.later(engine, minutes=5)

    assert world.notifier.reasons_of("pager") == world.notifier.reasons_of("desk") == ["opened", "resolved"]


def test_two_routes_to_one_channel_speak_in_the_hours_of_both(world: World):
    night = {"name": "night", "channels": ["desk"], "active": {"start": "18:00", "end": "08:00"}, "continue": True}
    day = {"name": "day", "channels": ["desk"], "active": {"start": "08:00", "end": "18:00"}}
    world.catalog = Catalog(routes=routes("desk", routes=[night, day]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)

    assert world.notifier.reasons == ["opened"], "it is ten in the morning"


def test_outside_its_hours_a_route_waits_and_tells_what_still_holds(world: World):
    hours = {"days": ["tue"], "start": "08:00", "end": "17:00", "time_zone": "Europe/Berlin"}
    world.catalog = Catalog(routes=routes("desk", routes=[{"name": "office", "channels": ["desk"], "active": hours}]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.clocks(1, "breached", first=1, cause="CREDIT")
    world.turn(engine)
    world.clocks(1, "met_late", first=1, cause="CREDIT")
    world.later(engine, hours=1)
    assert world.notifier.reasons == []

    opens = datetime.fromisoformat("2026-03-03T08:00+01:00")
    assert engine.next_deadline() == opens
    world.clock.set(opens)
    world.turn(engine)
    assert [(one.reason, one.cause) for one in world.notifier.received] == [("opened", "overdue")], (
        "the other one was over before anybody heard"
    )


def test_an_open_incident_is_repeated_as_its_route_says_and_a_resolved_one_leaves_no_work(world: World):
    world.catalog = Catalog(routes=routes("desk", routes=[{"name": "all", "channels": ["desk"], "repeat_every": "4 hours"}]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    world.later(engine, hours=3, minutes=59)
    assert world.notifier.reasons == ["opened"]
    world.later(engine, minutes=1)
    world.later(engine, hours=4)
    assert world.notifier.reasons == ["opened", "repeated", "repeated"]
    assert len({one.delivery_id for one in world.notifier.received}) == 3
    assert len({one.incident_id for one in world.notifier.received}) == 1

    world.clocks(1, "met_late")
    world.later(engine, minutes=1)
    world.later(engine, hours=1)
    world.later(engine, hours=8)
    assert world.notifier.reasons == ["opened", "repeated", "repeated", "resolved"]
    assert engine.next_deadline() is None


def test_the_quickest_of_two_repetitions_counts(world: World):
    slow = {"name": "slow", "channels": ["desk"], "repeat_every": "1 day", "continue": True}
    world.catalog = Catalog(routes=routes("desk", routes=[slow, {"name": "quick", "channels": ["desk"], "repeat_every": "30 minutes"}]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    assert engine.next_deadline() == NOW + timedelta(minutes=30)
    world.later(engine, minutes=30)

    assert world.notifier.reasons == ["opened", "repeated"]


def test_the_other_channel_hears_after_three_failures_and_both_hear_the_resolve(world: World):
    world.catalog = PAGER_BACKED_BY_PHONE
    engine = world.engine()
    world.notifier.errors["pager"] = Retryable("down")
    world.clocks(1, "breached")
    world.turn(engine)
    world.later(engine, seconds=2)
    assert (world.notifier.attempted, world.notifier.reasons_of("phone")) == (["pager"] * 2, [])
    world.later(engine, seconds=4)
    world.turn(engine)
    assert (world.notifier.attempted, world.notifier.reasons_of("phone")) == ([*["pager"] * 3, "phone"], ["opened"])
    for _ in range(5):
        world.later(engine, minutes=6)
    assert world.notifier.reasons_of("phone") == ["opened"], "once, however long the other is down"

    del world.notifier.errors["pager"]
    world.later(engine, minutes=6)
    world.clocks(1, "met_late")
    world.later(engine, minutes=1)
    assert world.notifier.reasons_of("pager") == world.notifier.reasons_of("phone") == ["opened", "resolved"]
    opened = [one.delivery_id for one in world.notifier.received if one.reason == "opened"]
    assert len(set(opened)) == 2, "each channel's message has an id of its own"


def test_the_other_channel_hears_after_two_minutes_of_a_receiver_that_asks_to_wait(world: World):
    world.catalog = PAGER_BACKED_BY_PHONE
    engine = world.engine()
    world.notifier.errors["pager"] = Full("too many requests", 300)
    world.clocks(1, "breached")
    world.turn(engine)
    assert engine.deliver(world.clock.now()) == NOW + timedelta(minutes=2), "it wakes for the fallback"
    world.later(engine, seconds=119)
    assert world.notifier.reasons_of("phone") == []
    world.later(engine, seconds=1)
    world.turn(engine)

    assert world.notifier.reasons_of("phone") == ["opened"]
    assert world.notifier.attempted.count("pager") == 1


def test_a_receiver_that_refuses_for_good_is_replaced_at_once(world: World):
    world.catalog = PAGER_BACKED_BY_PHONE
    engine = world.engine()
    world.notifier.errors["pager"] = Permanent("no such key")
    world.clocks(1, "breached")
    world.turn(engine)
    world.turn(engine)

    assert world.notifier.reasons_of("phone") == ["opened"]
    assert deliveries(world) == [
        {"channel": "pager", "reason": "opened", "state": "failed"},
        {"channel": "phone", "reason": "opened", "state": "sent"},
    ]


def test_a_fallback_survives_a_restart_and_keeps_its_id(world: World):
    world.catalog = PAGER_BACKED_BY_PHONE
    engine = world.engine()
    world.notifier.errors = {"pager": Permanent("no such key"), "phone": Retryable("down")}
    world.clocks(1, "breached")
    world.turn(engine)
    world.turn(engine)
    intended = {row["delivery_id"] for row in deliveries(world, "delivery_id", "channel") if row["channel"] == "phone"}

    world.notifier.errors = {}
    restarted = world.engine()
    world.later(restarted, minutes=6)
    world.turn(restarted)
    assert {one.delivery_id for one in world.notifier.by_channel["phone"]} == intended
    assert world.notifier.reasons_of("pager") == []


def test_a_channel_that_was_told_itself_does_not_hear_the_fallback_too(world: World):
    world.catalog = Catalog(
        routes=routes("phone", routes=[{"name": "all", "channels": ["pager", "phone"]}], pager={"fallback": "phone"}),
    )
    engine = world.engine()
    world.notifier.errors["pager"] = Permanent("no such key")
    world.clocks(1, "breached")
    world.turn(engine)
    world.turn(engine)

    assert world.notifier.reasons_of("phone") == ["opened"]


def test_a_channel_whose_secret_cannot_be_read_is_told_and_taken_all_the_same(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    file = tmp_path / "secret"
    engine = world.engine()
    with caplog.at_level(logging.INFO):
        engine.reload(Catalog(routes=routes(pager={"settings": {"channel": "pager", "secret": f"file:{file}"}})))
        engine.look_for_secrets()
        world.notifier.errors = {"pager": Retryable("secret file: No such file")}
        world.clocks(1, "breached")
        world.turn(engine)
        assert world.notifier.attempted == ["pager"]
        world.turn(engine)
        assert world.notifier.attempted == ["pager"], "it is not due yet"
        file.touch(0o600)
        file.write_text("hunter2")
        world.notifier.errors = {}
        engine.look_for_secrets()
    assert [record.getMessage() for record in caplog.records if record.name == "andon.catalog"] == [
        "a secret cannot be read; its channel's messages wait",
        "a secret is readable again",
    ]
    world.turn(engine)
    assert world.notifier.reasons_of("pager") == ["opened"], "at once, whatever the pause was"


def test_an_incident_that_flaps_is_one_conversation_and_its_last_state_is_told(world: World):
    engine = world.engine()
    for _ in range(6):
        world.clocks(1, "breached")
        world.later(engine, seconds=20)
        world.clocks(1, "met_late")
        world.later(engine, seconds=20)
    assert world.notifier.reasons == ["opened", "resolved"] * 3
    assert len({one.incident_id for one in world.notifier.received}) == 1
    assert len({one.delivery_id for one in world.notifier.received}) == 6

    world.clocks(1, "breached")
    world.later(engine, seconds=20)
    assert len(world.notifier.received) == 6, "held back"
    wakes = engine.next_deadline()
    assert wakes is not None
    world.clock.set(wakes)
    world.turn(engine)
    assert world.notifier.reasons[6:] == ["opened"]


def test_a_channel_hears_thirty_warnings_a_minute_and_the_others_later(world: World):
    engine = world.engine()
    for cause in range(40):
        world.clocks(1, "breached", first=cause, cause=f"C{cause}", severity="warning")
    world.turn(engine)
    world.later(engine, seconds=3)
    assert len(world.notifier.received) == 30
    world.clocks(1, "breached", first=50, cause="GRAVE")
    world.later(engine, seconds=10)
    assert [one.cause for one in world.notifier.received[30:]] == ["GRAVE"], "what is critical does not wait"

    world.later(engine, minutes=1)
    assert len({one.cause for one in world.notifier.received}) == 41


def test_an_incident_is_told_once_after_the_store_has_failed_in_between(world: World):
    """What is forgotten and read again must not count twice against the channel."""
    engine = world.engine()
    for cause in range(20):
        world.clocks(1, "breached", first=cause, cause=f"C{cause}", severity="warning")
    world.turn(engine)
    world.later(engine, seconds=3)
    assert len(world.notifier.received) == 20
    engine.recover()
    world.clocks(1, "breached", first=30, cause="LATER", severity="warning")
    world.later(engine, seconds=5)
    world.later(engine, seconds=5)

    assert [one.cause for one in world.notifier.received[20:]] == ["LATER"]


def test_the_message_names_the_runbook_of_the_cause_and_its_owner(world: World):
    books = {
        "book": Runbook(runbook="book", title="Order not booked", body="1. Look."),
        "credit": Runbook(runbook="credit", title="Credit block", causes=["CREDIT"], body="1. Call."),
    }
    team = Owner(title="Order desk", email="desk@example.com", phone="+49 89 1234", chat="#orders", members=["Ana", "Ben"])
    owners = Owners(owners={"desk": team})
    world.catalog = Catalog(routes=routes("desk"), runbooks=books, owners=owners)
    engine = world.engine()
    world.clocks(1, "breached", runbook="book")
    world.clocks(1, "breached", first=1, cause="CREDIT", runbook="book")
    world.turn(engine)

    said = {one.cause: (one.runbook, one.runbook_title, one.runbook_body, one.owner_title) for one in world.notifier.received}
    assert said == {
        "overdue": ("book", "Order not booked", "1. Look.", "Order desk"),
        "CREDIT": ("credit", "Credit block", "1. Call.", "Order desk"),
    }
    assert {str(one.contact) for one in world.notifier.received} == {"desk@example.com, +49 89 1234, #orders (Ana, Ben)"}


def test_penalties_of_all_promises_are_summed_by_currency_and_follow_the_clocks(world: World):
    engine = world.engine()
    world.clocks(2, "breached", penalty=100.0)
    world.clocks(1, "breached", first=2, penalty=50.0, currency="USD")
    world.clocks(2, "breached", sla="ship", penalty=1.5)
    world.turn(engine)
    (opened,) = world.notifier.received
    assert (opened.penalty, opened.value) == ({"EUR": 203.0, "USD": 50.0}, {"EUR": 20.0, "USD": 10.0})
    assert opened.summary == "3 transactions, 3 late or failed, 20 EUR + 10 USD at risk, 203 EUR + 50 USD penalty so far"
    assert sorted(line.penalty for line in opened.top) == [50.0, 101.5, 101.5], "a transaction owes what all its promises owe"

    world.clocks(2, "breached", penalty=200.0)
    restarted = world.engine()
    world.later(restarted, minutes=1)
    (row,) = world.rows("incidents")
    assert row["penalty"] == {"EUR": 403.0, "USD": 50.0}
    world.clocks(2, "met_late", penalty=200.0)
    world.clocks(2, "met_late", sla="ship", penalty=1.5)
    world.clocks(1, "met_late", first=2, penalty=50.0, currency="USD")
    world.later(restarted, minutes=1)
    assert (world.notifier.reasons, world.notifier.received[-1].penalty) == (["opened", "resolved"], {}), "nobody is in it any more"


def test_growth_is_told_once_a_minute_and_the_ids_never_change(world: World):
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    for batch in range(1, 4):
        world.clocks(20 * batch, "breached", first=100 * batch)
        world.later(engine, seconds=25)
    world.clocks(200, "breached", first=1000)
    world.later(engine, seconds=60)
    rows = deliveries(world, "delivery_id", "reason")

    assert world.notifier.reasons == ["opened", "grown", "grown"]
    assert [one.delivery_id for one in world.notifier.received] == [row["delivery_id"] for row in rows]
    assert [one.members for one in world.notifier.received] == [1, 121, 321]
