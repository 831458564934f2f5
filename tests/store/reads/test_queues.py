"""Queues: what stands in each now, and the most that stood in it in each hour."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from core.catalog.source import OWN_SOURCE
from store.client import Store
from store.reads import queues
from store.statement import statement
from tests.store.queues import send, tell
from tests.store.rows import DAY, HOUR, START


def test_a_queue_is_as_it_was_told_last(store: Store) -> None:
    states = [(START, {"waiting": 9}), (START + HOUR, {"waiting": 3, "unacknowledged": 4}), (START + HOUR * 1.5, {"waiting": 1})]
    tell(store, "broker", "orders", *states)
    tell(store, "broker", "orders", (START, {"waiting": 5, "oldest_seconds": 2.5}), reader="erp")
    tell(store, "broker", "earlier", (START - timedelta(minutes=1), {"waiting": 5}))
    one, two = queues.latest(store.reader, since=START).to_dict("records")
    assert (one["source"], one["queue"], one["reader"], one["waiting"]) == ("broker", "orders", "", 1)
    assert one["told_at"] == (START + HOUR * 1.5).replace(tzinfo=None)
    assert pd.isna(one["unacknowledged"])
    assert dict(one["by_hour"]) == {int(START.timestamp()): 9, int((START + HOUR).timestamp()): 7}
    assert (two["reader"], two["oldest_seconds"]) == ("erp", 2.5)


def rabbitmq(queue: str, host: str = "/") -> dict[str, str]:
    return {"rabbitmq.queue.name": queue, "rabbitmq.vhost.name": host, "rabbitmq.node.name": "rabbit@one"}


def test_queues_of_which_the_collector_of_opentelemetry_tells_are_queues_of_the_source_that_sends(store: Store) -> None:
    ready, unacknowledged = {"state": "ready"}, {"state": "unacknowledged"}
    figures = [
        ("rabbitmq.message.current", ready, 7),
        ("rabbitmq.message.current", unacknowledged, 2),
        ("rabbitmq.message.acknowledged", {}, 90),
    ]
    send(store, "broker", START, rabbitmq("orders"), *figures)
    send(store, "broker", START, rabbitmq("orders", "erp"), ("rabbitmq.message.current", ready, 1))
    group = {"group": "erp", "topic": "deliveries"}
    send(store, "log", START, {}, ("kafka.consumer_group.lag_sum", group, 40), ("kafka.consumer_group.offset_sum", group, 1000))
    rows = queues.latest(store.reader, since=START).to_dict("records")
    assert [(row["source"], row["queue"], row["reader"], row["waiting"]) for row in rows] == [
        ("broker", "erp/orders", "", 1),
        ("broker", "orders", "", 7),
        ("log", "deliveries", "erp", 40),
    ]
    assert rows[1]["unacknowledged"] == 2
    assert dict(rows[1]["by_hour"]) == {int(START.timestamp()): 9}


@pytest.mark.parametrize(
    ("resource", "waiting", "attributes"),
    [
        ({"rabbitmq.queue.name": "orders", "rabbitmq.vhost.name": "/"}, "rabbitmq.message.current", {"state": "ready"}),
        ({}, "kafka.consumer_group.lag_sum", {"group": "erp", "topic": "orders"}),
    ],
)
def test_a_moment_to_come_does_not_hide_what_is_told_until_then(
    store: Store, resource: dict[str, str], waiting: str, attributes: dict[str, str]
) -> None:
    send(store, "broker", START + DAY * 3650, resource, (waiting, attributes, 500), received=START)
    minute = timedelta(minutes=1)
    for number in range(1, 7):
        send(store, "broker", START + number * minute, resource, (waiting, attributes, 30 - number))
    (row,) = queues.latest(store.reader, since=START).to_dict("records")
    assert (row["waiting"], row["told_at"]) == (24, (START + 6 * minute).replace(tzinfo=None))
    assert list(dict(row["by_hour"])) == [int(START.timestamp())]
    limits = {"since": START, "limit": 60_000, "own": OWN_SOURCE}
    moved = store.frame(statement("queues/movement"), limits).to_dict("records")
    assert [(row["inside"], row["at"] - row["moved_at"]) for row in moved] == [(24, 0)]
    assert queues.latest(store.reader, since=START + HOUR).empty


def test_a_sender_tells_nothing_of_the_queues_of_others(store: Store) -> None:
    forged = {"source": "broker", "queue": "orders", "reader": ""}
    send(store, "stranger", START, {"service.name": "andon-collector"}, ("andon_queue_waiting_messages", forged, 7))
    assert queues.latest(store.reader, since=START).empty
