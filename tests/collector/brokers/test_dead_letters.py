"""What becomes of messages that others gave up, by the headers of each broker and framework."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.brokers.dead_letters import DeadLetter, as_dead_letter, dead_letter_of

DIED = datetime(2026, 3, 27, 14, 50, tzinfo=UTC)
DEATH = {"queue": "orders", "reason": "rejected", "count": 3, "exchange": "shop", "routing-keys": ["order.new"], "time": DIED}

LIMIT = "Delivery[2] exceeds redelivery policy limit:RedeliveryPolicy {destination = null, maximumRedeliveries = 1, redeliveryDelay = 1000}, cause:"
"""As ActiveMQ 5.17 writes it before the exception of the consumer, or null."""


def activemq(cause: str) -> dict[str, str]:
    return {"dlqDeliveryFailureCause": f"java.lang.Throwable: {cause}"}


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"x-death": [DEATH, {**DEATH, "queue": "wait", "reason": "expired"}]}, ("orders", "rejected", "", "3")),
        ({"x-first-death-queue": "orders", "x-first-death-reason": "maxlen"}, ("orders", "maxlen", "", "")),
        (
            {
                "__connect.errors.topic": b"orders",
                "__connect.errors.exception.class.name": b"org.apache.kafka.connect.errors.DataException",
                "__connect.errors.exception.message": b"no schema",
            },
            ("orders", "org.apache.kafka.connect.errors.DataException", "no schema", ""),
        ),
        (
            {
                "kafka_dlt-original-topic": b"orders",
                "kafka_dlt-exception-fqcn": b"org.springframework.kafka.listener.ListenerExecutionFailedException",
                "kafka_dlt-exception-cause-fqcn": b"java.lang.IllegalStateException",
                "kafka_dlt-exception-message": b"customer 17 is locked",
            },
            ("orders", "java.lang.IllegalStateException", "customer 17 is locked", ""),
        ),
        ({"_AMQ_ORIG_ADDRESS": "orders"}, ("orders", "", "", "")),
        ({"_AMQ_ORIG_ADDRESS": "orders", "_AMQ_ACTUAL_EXPIRY": "1796030965177"}, ("orders", "expired", "", "")),
        ({"original-destination": "/queue/orders", "originalExpiration": "0"}, ("/queue/orders", "", "", "")),
        (
            activemq("Message Expired. Expiration:1796030917855"),
            ("", "expired", "java.lang.Throwable: Message Expired. Expiration:1796030917855", ""),
        ),
        (activemq(f"{LIMIT}null"), ("", "delivery_limit", f"java.lang.Throwable: {LIMIT}null", "2")),
        (
            activemq(f"{LIMIT}java.lang.RuntimeException: no such material"),
            ("", "java.lang.RuntimeException", f"java.lang.Throwable: {LIMIT}java.lang.RuntimeException: no such material", "2"),
        ),
        (
            activemq("Suppressing duplicate delivery on connection, consumer ID:vm-1"),
            (
                "",
                "Suppressing duplicate delivery on connection",
                "java.lang.Throwable: Suppressing duplicate delivery on connection, consumer ID:vm-1",
                "",
            ),
        ),
        ({"x-death": "none", "kafka_dlt-original-topic": 7, "__connect.errors.topic": b"\xff\x00"}, ("\ufffd\ufffd", "", "", "")),
        ({"x-death": [{"count": "3", "time": 7, "routing-keys": []}]}, ("", "", "", "")),
        ({}, ("", "", "", "")),
    ],
)
def test_why_and_from_where_is_told_by_the_headers_of_each(headers: dict[str, Any], told: tuple[str, ...]) -> None:
    names = ("deadletterfrom", "deadletterreason", "deadletterdetail", "deadlettertries")
    assert dead_letter_of(headers, {}).attributes == {name: value for name, value in zip(names, told, strict=True) if value}


def test_it_is_told_as_of_where_it_comes_from() -> None:
    place = {"exchange": "dlx", "queue": "orders.dlq", "routing_key": "dead"}
    letter = dead_letter_of({"x-death": [DEATH]}, place)
    assert letter.place == {"exchange": "shop", "queue": "orders", "routing_key": "order.new"}
    assert dead_letter_of({}, place).place == place
    assert dead_letter_of({"kafka_dlt-original-topic": b"orders"}, {"partition": "0", "topic": "orders-dlt"}).place["topic"] == "orders"


def test_it_is_another_event_than_the_message_itself() -> None:
    event = json.dumps(
        {"specversion": "1.0", "id": "m-1", "source": "/q", "type": "order.created", "time": "2026-03-27T10:00:00Z", "data": 1}
    )
    found = json.loads(as_dead_letter(event.encode(), DeadLetter("orders", "rejected", time=DIED), "3"))
    assert (found["id"], found["type"], found["time"]) == ("m-1/dead/3", "order.created.dead_letter", DIED.isoformat())
    assert (found["data"], found["source"], found["deadletterreason"]) == (1, "/q", "rejected")


def test_a_time_of_spring_is_milliseconds() -> None:
    moment = int(DIED.timestamp() * 1000).to_bytes(8, "big")
    assert dead_letter_of({"kafka_dlt-original-timestamp": moment}, {}).time == DIED
    assert dead_letter_of({"kafka_dlt-original-timestamp": b"\x7f" + b"\xff" * 7}, {}).time is None
