"""A store that is lost, or lacks something, comes back from the journal: with the ids, verdicts and moments that it had, and nothing is
told twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.client import Store
from store.recovery.keeping import is_rebuilding
from tests.andon.shop import BOOK, BY_SPAN, SHIP, catalog
from tests.andon.world import World, content, live


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Iterator[World]:
    slas = BOOK % "15 minutes" + SHIP % "4 hours"
    world = World(store, tmp_path, catalog(tmp_path, slas, facts=", note: {}", booked=BY_SPAN))
    yield world
    world.end()


def test_a_lost_store_comes_back_as_it_was_and_nothing_is_told_twice(world: World) -> None:
    live(world)
    before = content(world.shop.store)
    assert {row["verdict"] for row in before["verdicts"]} >= {"running", "at_risk", "breached", "met", "met_late"}
    assert all(before[table] for table in ("incidents", "deliveries", "delivery_attempts", "silences", "actions", "transaction_keys"))

    assert {row["action"] for row in before["actions"]} == {"acknowledge", "assign", "note", "send", "step", "silence"}

    world.lose_all()
    world.shop.pass_time(minutes=2)
    pipeline = world.rebuild()

    assert content(world.shop.store) == before
    assert not is_rebuilding(world.shop.store)
    world.shop.settle(pipeline)
    after = content(world.shop.store)
    assert [row["delivery_id"] for row in after["deliveries"]] == [row["delivery_id"] for row in before["deliveries"]]
    assert [row["incident_id"] for row in after["incidents"]] == [row["incident_id"] for row in before["incidents"]]
    (incident,) = [row for row in after["incidents"] if row["stage"] == "booked"]
    assert (incident["status"], incident["acknowledged_by"], incident["assignee"]) == ("acknowledged", "Ana", "Ben")
    world.shop.pass_time(hours=4)
    world.shop.settle(pipeline)
    silenced = [row for row in content(world.shop.store)["incidents"] if row["stage"] == "shipped"]
    told = {row["incident_id"] for row in content(world.shop.store)["deliveries"]}
    assert silenced, "the promise to ship is broken by now"
    assert not told.intersection(row["incident_id"] for row in silenced), "the silence is in force"
