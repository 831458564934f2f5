"""Random transactions through the real engine and store say what the plain model says, whatever the order of arrival."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from store.client import Store
from tests.model.verdicts import Order, Promise, expected, moment
from tests.slas.builders import BOOK, calendar, catalog, engine

PROMISES = {
    "book": Promise("booked", 100),
    "hours": Promise("booked", 240, working=True),
    "ship": Promise("shipped", 600, all_deliveries=True),
    "any": Promise("shipped", 120, working=True),
}
_PAUSE = {**BOOK, "warn": "80%", "pause": {"from": "blocked", "to": "released"}}
SLAS: dict[str, dict[str, Any]] = {
    "book": {**_PAUSE, "within": "100 minutes"},
    "hours": {**_PAUSE, "within": "240 working minutes", "calendar": "plant"},
    "ship": {**_PAUSE, "to": "shipped", "within": "10 hours"},
    "any": {**_PAUSE, "to": "shipped", "within": "2 working hours", "calendar": "plant", "of": "any"},
}
ORDERS, RUNS, MINUTES = 120, 4, 5_500


@pytest.mark.parametrize("seed", [1, 2])
def test_verdicts_equal_the_model_after_every_run(store: Store, seed: int) -> None:
    """Each run hears one more random part of every order, in random order, so events come late and corrections happen."""
    chance = random.Random(seed)
    orders = [_order(chance) for _ in range(ORDERS)]
    heard: list[set[str]] = [set() for _ in orders]
    slas = engine(store, catalog(SLAS, [calendar()]))
    runs = sorted(chance.randrange(MINUTES) for _ in range(RUNS))
    for number, minute in enumerate(runs, start=1):
        now = moment(minute)
        known: list[Order] = []
        rows = []
        for index, order in enumerate(orders):
            parts = [name for name in ("booked", "blocked", "released", "cancelled", *order.deliveries) if chance.random() < number / RUNS]
            heard[index] |= set(parts)
            part = _part(order, heard[index], now)
            known.append(part)
            rows.append((index, part))
        chance.shuffle(rows)
        _write(store, rows, number)
        slas.run(now)
        found = {(row["transaction_id"], row["sla"]): row for row in store.rows("SELECT * FROM clocks FINAL WHERE removed = 0")}
        differences = []
        for index, order in enumerate(known):
            for name, promise in PROMISES.items():
                row = found[f"t{index}", name]
                says = (row["verdict"], _utc(row["due_at"]), _utc(row["stopped_at"]))
                wanted = expected(promise, order, now)
                if says != (wanted.verdict, wanted.due_at, wanted.stopped_at):
                    differences.append((name, now, order, says, wanted))
        assert differences == []


def _order(chance: random.Random) -> Order:
    start = chance.randrange(0, 4_000)

    def later(share: float) -> datetime | None:
        return moment(start + chance.choice([0, 60, 100, 240, chance.randrange(1_500)])) if chance.random() < share else None

    deliveries = {f"d{number}": later(0.8) for number in range(chance.randrange(4))}
    return Order(moment(start), later(0.6), later(0.4), later(0.4), later(0.15), deliveries)


def _part(order: Order, heard: set[str], now: datetime) -> Order:
    """Return what is known of an order: what was heard of, and has happened by now. That a delivery exists is known at once."""

    def seen(name: str, at: datetime | None) -> datetime | None:
        return at if name in heard and at is not None and at <= now else None

    return replace(
        order,
        booked=seen("booked", order.booked),
        blocked=seen("blocked", order.blocked),
        released=seen("released", order.released),
        cancelled=seen("cancelled", order.cancelled),
        deliveries={name: seen(name, at) for name, at in order.deliveries.items()},
    )


def _write(store: Store, rows: list[tuple[int, Order]], number: int) -> None:
    columns: dict[str, list[Any]] = {name: [] for name in ("flow", "transaction_id", "revision", "reference", "keys", "state", "reached")}
    columns |= {"first_at": [], "last_at": [], "started_at": []}
    for position, (index, order) in enumerate(rows):
        names = ("captured", "booked", "blocked", "released", "cancelled")
        at = {name: getattr(order, name) for name in names if getattr(order, name) is not None}
        shipped = {name: when for name, when in order.deliveries.items() if when is not None}
        first = at | ({"shipped": min(shipped.values())} if shipped else {})
        last = at | ({"shipped": max(shipped.values())} if shipped else {})
        keys = {"order": [str(index)]} | ({"delivery": list(order.deliveries)} if order.deliveries else {})
        reached = {"shipped": [("delivery", name, when) for name, when in shipped.items()]} if shipped else {}
        state = "cancelled" if order.cancelled else "open"
        values = ("o2c", f"t{index}", number * 10_000 + position, str(index), keys, state, reached, first, last, order.captured)
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
    store.insert("transactions", columns)


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)
