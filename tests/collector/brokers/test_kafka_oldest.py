"""The age of the oldest message that waits, read from a real Kafka."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Producer, TopicPartition

from collector.brokers.kafka_address import connection_of
from collector.brokers.kafka_oldest import KafkaOldest
from core.clock import SystemClock
from tests.servers.kafka import KafkaServer
from tests.waiting import slowness

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("kafka")]
_numbers = itertools.count(1)
NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)


class AtNoon(SystemClock):
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def topic(kafka_server: KafkaServer) -> str:
    name = f"oldest-{next(_numbers)}"
    kafka_server.create_topic(name, partitions=3)
    return name


@pytest.fixture
def oldest(kafka_server: KafkaServer) -> Iterator[KafkaOldest]:
    reader = KafkaOldest(connection_of(kafka_server.url), "nobody", AtNoon())
    yield reader
    reader.close()


def send(server: KafkaServer, topic: str, partition: int, *seconds_ago: float) -> None:
    producer = Producer({"bootstrap.servers": server.addresses, "log_level": 0})
    for seconds in seconds_ago:
        moment = NOW - timedelta(seconds=seconds)
        producer.produce(topic, b"x" * 100_000, partition=partition, timestamp=int(moment.timestamp() * 1000))
        producer.flush(60)


def ages(oldest: KafkaOldest, *places: tuple[str, int, int], seconds: float | None = None) -> dict[str, float | None]:
    return oldest.ages([TopicPartition(*each) for each in places], 20 * slowness() if seconds is None else seconds)[0]


def test_it_is_the_oldest_of_the_topics_partitions_at_the_offsets_asked_and_no_group_is_joined(
    kafka_server: KafkaServer, topic: str, oldest: KafkaOldest
) -> None:
    other = f"{topic}-other"
    kafka_server.create_topic(other)
    send(kafka_server, topic, 0, 90, 60, 30)
    send(kafka_server, topic, 1, 80, 20)
    send(kafka_server, other, 0, 5)

    assert ages(oldest) == {}
    assert ages(oldest, (topic, 0, 0), (topic, 1, 0), (other, 0, 0)) == {topic: 90, other: 5}
    assert ages(oldest, (topic, 0, 2), (topic, 1, 0)) == {topic: 80}
    assert ages(oldest, (topic, 0, 1), (topic, 1, 1)) == {topic: 60}
    assert "nobody" not in {each.group_id for each in kafka_server.admin.list_consumer_groups().result(60).valid}


def test_it_is_not_known_where_a_message_is_gone_or_bears_no_time_or_nobody_answers(
    kafka_server: KafkaServer, topic: str, oldest: KafkaOldest
) -> None:
    send(kafka_server, topic, 0, 90, 60)
    send(kafka_server, topic, 1, NOW.timestamp() - 1)
    kafka_server.delete_messages(topic, before=1)

    assert ages(oldest, (topic, 0, 0)) == {topic: None}
    assert ages(oldest, (topic, 0, 1), (topic, 1, 0)) == {topic: None}, "the other partition's may be older"
    assert ages(oldest, (topic, 0, 1)) == {topic: 60}
    nowhere = KafkaOldest(connection_of("kafka://127.0.0.1:9"), "nobody", AtNoon())
    assert ages(nowhere, (topic, 0, 1), seconds=0.2) == {topic: None}
    nowhere.close()


def test_a_partition_with_nothing_to_read_makes_no_topic_older(kafka_server: KafkaServer, topic: str, oldest: KafkaOldest) -> None:
    send(kafka_server, topic, 0, 90)
    producer = Producer({"bootstrap.servers": kafka_server.addresses, "transactional.id": topic, "log_level": 0})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(topic, b"1", partition=1)
    producer.flush(60)

    assert ages(oldest, (topic, 1, 0)) == {topic: None}, "the transaction is open"
    producer.abort_transaction(60)
    assert ages(oldest, (topic, 0, 0), (topic, 1, 0)) == {topic: 90}
