"""Silences through the action API: what they keep quiet, for how long, and that their end lets it speak."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.alerts.counter import Counter
from tests.alerts.world import NOW


def test_a_silence_of_an_incident_keeps_it_quiet_and_its_resolve_is_told(counter: Counter):
    said = counter.act("silence", reason="maintenance", hours=2)
    (stored,) = counter.silences()
    assert said == {"incidents": [], "silences": [stored["silence_id"]]}
    assert (stored["incident_id"], stored["created_by"], stored["reason"], stored["removed"]) == (counter.incident, "Ana", "maintenance", 0)
    assert stored["ends_at"] - stored["starts_at"] == timedelta(hours=2)
    assert counter.actions() == [("Ana", "silence", counter.incident)]
    counter.world.later(counter.engine, minutes=90)
    assert counter.world.notifier.reasons == ["opened"]
    counter.world.clocks(1, "met_late")
    counter.world.later(counter.engine, minutes=1)

    assert counter.world.notifier.reasons == ["opened", "resolved"]


@pytest.mark.parametrize("hours", [168, 0.001])
def test_a_silence_lasts_seven_days_at_most_and_any_moment_at_least(counter: Counter, hours: float):
    counter.act("silence", reason="maintenance", hours=hours)

    (stored,) = counter.silences()
    assert abs((stored["ends_at"] - stored["starts_at"]) - timedelta(hours=hours)) < timedelta(milliseconds=1)


def test_a_silence_of_many_incidents_names_what_it_silences(counter: Counter):
    body = {"by": "Ana", "reason": "maintenance", "hours": 1}
    assert counter.post("/silences", body)[1]["error"].startswith("incident_id: say what to silence")
    assert counter.post("/silences", {**body, "incident_id": "none"})[0] == 404
    assert counter.post("/silences", {**body, "flow": "orders", "stage": "booked"})[0] == 200
    counter.world.clocks(1, "breached", first=1, cause="CREDIT")
    counter.world.later(counter.engine, minutes=35)

    assert counter.world.notifier.reasons == ["opened"]


def test_the_same_silence_made_twice_is_one_that_ends_later(counter: Counter):
    first = counter.act("silence", reason="maintenance", hours=1)
    counter.world.later(counter.engine, minutes=10)
    assert counter.act("silence", reason="maintenance", hours=1) == first
    (stored,) = counter.silences()
    assert stored["ends_at"].replace(tzinfo=NOW.tzinfo) == NOW + timedelta(minutes=70)

    assert counter.act("silence", reason="another", hours=1) != first
    assert len(counter.silences()) == 2


def test_a_silence_that_is_ended_early_lets_it_speak_at_once_and_ends_once(counter: Counter):
    (silence_id,) = counter.act("silence", reason="maintenance", hours=100)["silences"]
    counter.world.later(counter.engine, hours=1)
    assert counter.world.notifier.reasons == ["opened"]

    assert counter.post(f"/silences/{silence_id}/end", {"by": ""})[0] == 400
    assert counter.post(f"/silences/{silence_id}/end", {"by": "Ben"}) == (200, {"incidents": [], "silences": [silence_id]})
    counter.world.turn(counter.engine)
    assert counter.world.notifier.reasons == ["opened", "rearmed"]
    (stored,) = counter.silences()
    assert (stored["removed"], stored["ends_at"].replace(tzinfo=NOW.tzinfo)) == (1, NOW + timedelta(hours=1))
    assert counter.post(f"/silences/{silence_id}/end", {"by": "Ben"})[0] == 404
    assert [one[:2] for one in counter.actions()] == [("Ana", "silence"), ("Ben", "end silence")]
