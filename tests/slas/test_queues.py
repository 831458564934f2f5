"""Queues before milestones: when they hold up what is behind them, whom, and until when. Over the real store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.catalog.catalog import Catalog
from core.catalog.flow import Through
from slas.queues import LOOK
from store.client import Store
from store.stages.clocks import StoredClocks
from tests.slas.builders import BOOK, catalog, clock, engine, utc, verdicts, write_transaction
from tests.store.queues import tell

TEN = utc("2026-03-27 10:00")
LIMIT = timedelta(minutes=5)
INBOUND = Through(source="broker", queue="orders.inbound")


def definitions(slas: dict[str, dict[str, Any]] | None = None, through: Through = INBOUND) -> Catalog:
    return catalog(slas or {"book": {**BOOK, "within": "2 hours"}}, through={"booked": through})


def every_minute(start: datetime, *waiting: int, **more: list[int]) -> list[tuple[datetime, dict[str, Any]]]:
    return [
        (start + timedelta(minutes=number), {"waiting": inside, **{name: values[number] for name, values in more.items()}})
        for number, inside in enumerate(waiting)
    ]


def captured(store: Store, transaction: str, at: datetime, **more: datetime) -> None:
    first = {"captured": f"{at:%F %T}", **{name: f"{each:%F %T}" for name, each in more.items()}}
    write_transaction(store, transaction, first, facts={"amount": "900", "currency": "EUR", "customer": "ACME"})


def test_a_queue_that_stands_still_puts_what_waits_behind_it_at_risk_until_it_moves(store: Store) -> None:
    captured(store, "waits", TEN)
    captured(store, "booked", TEN, booked=TEN + timedelta(minutes=1))
    slas = engine(store, definitions())
    tell(store, "broker", "orders.inbound", *every_minute(TEN, 2, 3, 3, 4, 4, 5, 5))
    slas.run(TEN + timedelta(minutes=6))
    row = clock(store, "waits")
    assert (row["verdict"], row["cause"], row["value"]) == ("at_risk", "queue-stopped:broker/orders.inbound", 900)
    (reason,) = store.rows("SELECT reason FROM verdicts FINAL WHERE transaction_id = 'waits' ORDER BY version DESC LIMIT 1")
    assert "it waits behind a queue: orders.inbound stands still" in reason["reason"]
    assert verdicts(store, "booked") == ["met"]

    captured(store, "later", TEN + timedelta(minutes=6))
    slas.run(TEN + timedelta(minutes=6, seconds=1))
    assert clock(store, "later")["verdict"] == "at_risk"

    tell(store, "broker", "orders.inbound", *every_minute(TEN + timedelta(minutes=7), 1))
    assert slas.next_deadline() == TEN + timedelta(minutes=6) + LOOK
    slas.run(TEN + timedelta(minutes=7))
    assert clock(store, "waits")["verdict"] == clock(store, "later")["verdict"] == "running"
    assert clock(store, "waits")["cause"] == ""


def test_queues_are_read_again_only_once_more_was_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []
    movement = StoredClocks.queue_movement
    monkeypatch.setattr(StoredClocks, "queue_movement", lambda own, since, limit: asked.append(since) or movement(own, since, limit))
    slas = engine(store, definitions())
    tell(store, "broker", "orders.inbound", *every_minute(TEN, 2, 3))
    for seconds in (0, 10, 20, 30):
        slas.run(TEN + timedelta(minutes=2, seconds=seconds))
    assert len(asked) == 1
    tell(store, "broker", "orders.inbound", *every_minute(TEN + timedelta(minutes=2), 3))
    slas.run(TEN + timedelta(minutes=2, seconds=40))
    assert len(asked) == 2


def test_of_promises_about_later_milestones_alone_the_next_is_at_risk_at_once(store: Store) -> None:
    later = {"from": "captured", "within": "9 hours", "impact": {"value": "amount"}}
    captured(store, "waits", TEN)
    slas = engine(store, definitions({"released": {**later, "to": "released"}, "shipped": {**later, "to": "shipped"}}))
    tell(store, "broker", "orders.inbound", *every_minute(TEN, *[4] * 7))
    slas.run(TEN + timedelta(minutes=6))
    rows = store.rows("SELECT stage, verdict, cause FROM clocks FINAL ORDER BY stage")
    assert [(row["stage"], row["verdict"]) for row in rows] == [("released", "at_risk"), ("shipped", "running")]
    assert rows[0]["cause"] == "queue-stopped:broker/orders.inbound"


@pytest.mark.parametrize(
    ("waiting", "more"),
    [
        ([0, 0, 0, 0, 0, 0, 0], {}),
        ([3, 4, 3, 4, 5, 6, 6], {}),  # something left it four minutes ago
        ([3, 3, 3, 3, 3, 3, 3], {"done": [7, 7, 8, 9, 9, 9, 9]}),  # as much came as went
        ([3, 3, 3], {}),  # not for long enough
    ],
)
def test_a_queue_that_moves_holds_nothing_up(store: Store, waiting: list[int], more: dict[str, list[int]]) -> None:
    captured(store, "t1", TEN)
    slas = engine(store, definitions())
    tell(store, "broker", "orders.inbound", *every_minute(TEN, *waiting, **more))
    slas.run(TEN + timedelta(minutes=6))
    assert clock(store)["verdict"] == "running"


def test_messages_that_a_reader_has_and_does_not_finish_wait_too(store: Store) -> None:
    captured(store, "t1", TEN)
    tell(store, "broker", "orders.inbound", *every_minute(TEN, *[0] * 7, unacknowledged=[5] * 7))
    engine(store, definitions()).run(TEN + timedelta(minutes=6))
    assert clock(store)["cause"] == "queue-stopped:broker/orders.inbound"


def test_a_queue_that_fills_faster_than_it_is_read_holds_up_too(store: Store) -> None:
    captured(store, "t1", TEN)
    filling = [10, 9, 12, 11, 10, 14, 20, 22, 21, 25, 30, 29]
    tell(store, "broker", "orders.inbound", *every_minute(TEN, *filling))
    engine(store, definitions()).run(TEN + timedelta(minutes=11))
    assert clock(store)["cause"] == "queue-growing:broker/orders.inbound"


def test_dead_letters_hold_up_what_waited_then_and_still_does(store: Store) -> None:
    captured(store, "waited", TEN)
    slas = engine(store, definitions())
    tell(store, "broker", "orders.inbound", *every_minute(TEN + timedelta(minutes=1), *[0] * 8, dead_letters=[0, 0, 1, 1, 1, 1, 1, 1]))
    captured(store, "after", TEN + timedelta(minutes=4))
    slas.run(TEN + timedelta(minutes=9))
    assert clock(store, "waited")["cause"] == "dead-letters:broker/orders.inbound"
    assert clock(store, "after")["verdict"] == "running"
    slas.run(TEN + timedelta(minutes=40))  # nobody tells of the queue any more
    assert clock(store, "waited")["verdict"] == "at_risk"
    tell(store, "broker", "orders.inbound", *every_minute(TEN + timedelta(minutes=41), 0, dead_letters=[0]))
    slas.run(TEN + timedelta(minutes=41))
    assert clock(store, "waited")["verdict"] == "running"


def test_what_an_earlier_engine_found_a_new_one_finds_again(store: Store) -> None:
    captured(store, "t1", TEN)
    tell(store, "broker", "orders.inbound", *every_minute(TEN, *[4] * 8))
    engine(store, definitions()).run(TEN + timedelta(minutes=7))
    again = engine(store, definitions())
    assert not again.run(TEN + timedelta(minutes=8))
    assert clock(store)["verdict"] == "at_risk"


def test_only_the_named_reader_counts(store: Store) -> None:
    captured(store, "t1", TEN)
    tell(store, "broker", "orders", *every_minute(TEN, *[4] * 7), reader="audit")
    tell(store, "broker", "orders", *every_minute(TEN, *[4, 3, 2, 1, 0, 0, 0]), reader="erp")
    engine(store, definitions(through=Through(source="broker", queue="orders", reader="erp"))).run(TEN + timedelta(minutes=6))
    assert clock(store)["verdict"] == "running"
    engine(store, definitions(through=Through(source="broker", queue="orders"))).run(TEN + timedelta(minutes=6))
    assert clock(store)["verdict"] == "at_risk"


def test_a_promise_about_a_later_milestone_joins_when_it_is_in_danger_itself(store: Store) -> None:
    ship = {**BOOK, "to": "shipped", "within": "1 hour"}
    captured(store, "t1", TEN)
    slas = engine(store, definitions({"book": {**BOOK, "within": "2 hours"}, "ship": ship}))
    tell(store, "broker", "orders.inbound", *every_minute(TEN, *[4] * 7))
    slas.run(TEN + timedelta(minutes=6))
    assert (clock(store)["verdict"], clock(store, sla="ship")["verdict"]) == ("at_risk", "running")
    slas.run(TEN + timedelta(minutes=61))
    assert (clock(store, sla="ship")["verdict"], clock(store, sla="ship")["cause"]) == ("breached", "queue-stopped:broker/orders.inbound")
    later = definitions({"ship": ship})
    engine(store, later).run(TEN + timedelta(minutes=7))
    assert clock(store, sla="ship")["cause"] == "queue-stopped:broker/orders.inbound", "no promise is about the milestone itself"


def test_what_has_gone_on_past_the_milestone_or_not_come_to_the_queue_waits_for_nothing(store: Store) -> None:
    write_transaction(store, "past", {"captured": f"{TEN:%F %T}", "rejected": f"{TEN:%F %T}"})
    tell(store, "broker", "orders.inbound", *every_minute(TEN, *[4] * 7))
    engine(store, definitions()).run(TEN + timedelta(minutes=6))
    assert clock(store, "past")["verdict"] == "running"


def test_what_was_late_before_the_queue_stays_late_for_its_own_reason(store: Store) -> None:
    captured(store, "t1", TEN, booked=TEN + timedelta(hours=3))
    rules = {"book": {**BOOK, "within": "2 hours"}, "ship": {**BOOK, "to": "shipped", "within": "9 hours"}}
    slas = engine(store, catalog(rules, through={"rejected": INBOUND}))
    tell(store, "broker", "orders.inbound", *every_minute(TEN + timedelta(hours=3), *[4] * 7))
    slas.run(TEN + timedelta(hours=3, minutes=6))
    assert (clock(store)["verdict"], clock(store)["cause"]) == ("met_late", "overdue")
    assert clock(store, sla="ship")["cause"] == "queue-stopped:broker/orders.inbound"
