"""The Kafka receiver when brokers, partitions, topics and members of the group come and go: nothing is lost, and what is gone is told."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from andon.plugins import formats
from collector.receivers.kafka import RECEIVER
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.kafka import KafkaServer, kafka
from tests.servers.schema_registry_stand_in import SchemaRegistryStandIn, schema_registry

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("kafka")]
_numbers = itertools.count(1)


@pytest.fixture
def topic(kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", kafka_server.url)
    name = f"faults-{next(_numbers)}"
    kafka_server.create_topic(name, partitions=2)
    return name


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[KafkaServer]:
    """Three brokers, each with all messages."""
    with kafka(tmp_path_factory.mktemp("cluster"), pytestconfig.cache.mkdir("kafka"), brokers=3) as server:
        yield server


def settings(topic: str) -> dict[str, Any]:
    return {"type": "kafka", "url": "env:TEST_BROKER", "topics": [topic], "group": f"of-{topic}"}


def names(first: int, last: int) -> list[bytes]:
    return [f'"m-{number}"'.encode() for number in range(first, last)]


def data_of(*intakes: TestIntake) -> set[str]:
    return {event["data"] for intake in intakes for event in intake.events}


def ids_of(*intakes: TestIntake) -> set[str]:
    return {event["id"] for intake in intakes for event in intake.events}


def test_a_broker_that_is_killed_while_reading_loses_nothing(kafka_server: KafkaServer, topic: str, tmp_path: Path):
    intake, telemetry = TestIntake(), Telemetry()
    kafka_server.send(topic, *names(0, 3000))

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(topic), intake, tmp_path / "state", telemetry)):
            await until(lambda: len(intake.accepted) > 0)
            await asyncio.to_thread(kafka_server.kill)
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 0)
            await asyncio.to_thread(kafka_server.start)
            await asyncio.to_thread(kafka_server.send, topic, *names(3000, 3100), partition=1)
            await until(lambda: len(data_of(intake)) == 3100)

    asyncio.run(scenario())
    assert len(ids_of(intake)) == 3100


@pytest.mark.slow
def test_brokers_of_a_cluster_that_are_killed_by_turns_lose_nothing(cluster: KafkaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEST_BROKER", cluster.url)
    cluster.create_topic("orders", partitions=3)
    intake, chosen = TestIntake(), random.Random(4711)

    async def scenario() -> None:
        sent = 0
        async with running(RECEIVER, context_of(settings("orders"), intake, tmp_path / "state")):
            for _ in range(3):
                victim = chosen.choice(cluster.brokers)
                await asyncio.to_thread(cluster.stop, 9, [victim])
                for partition in range(3):
                    await asyncio.to_thread(cluster.send, "orders", *names(sent, sent + 200), partition=partition)
                    sent += 200
                await asyncio.to_thread(cluster.start, [victim])
            await until(lambda: len(data_of(intake)) == sent)

    asyncio.run(scenario())
    assert len(ids_of(intake)) == len(data_of(intake)) == 3 * 3 * 200


def test_a_partition_that_goes_to_another_member_is_read_on_by_it(kafka_server: KafkaServer, topic: str, tmp_path: Path):
    first, second = TestIntake(), TestIntake()
    kafka_server.send(topic, *names(0, 100))

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(topic), first, tmp_path / "first")):
            await until(lambda: len(first.accepted) == 100)
            async with running(RECEIVER, context_of(settings(topic), second, tmp_path / "second")):
                sent = 100
                while not (second.accepted and len(data_of(first)) > 100):
                    for partition in (0, 1):
                        await asyncio.to_thread(kafka_server.send, topic, *names(sent, sent + 10), partition=partition)
                        sent += 10
                await until(lambda: len(data_of(first, second)) == sent)
            await asyncio.to_thread(kafka_server.send, topic, *names(sent, sent + 100), partition=0)
            await asyncio.to_thread(kafka_server.send, topic, *names(sent + 100, sent + 200), partition=1)
            await until(lambda: len(data_of(first, second)) == sent + 200)

    asyncio.run(scenario())
    assert len(first.accepted) + len(second.accepted) == len(ids_of(first, second)), "a message was read twice where nothing failed"


def test_a_member_that_held_its_messages_too_long_commits_nothing(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("collector.receivers.kafka.HOLD_SECONDS", 6.0)
    monkeypatch.setattr("collector.receivers.kafka.SESSION_SECONDS", 6.0)
    zombie, other = TestIntake(full=1 << 30), TestIntake()
    kafka_server.send(topic, *names(0, 50))

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(topic), zombie, tmp_path / "zombie")):
            await until(lambda: zombie.calls > 0)
            async with running(RECEIVER, context_of(settings(topic), other, tmp_path / "other")):
                await until(lambda: len(other.accepted) == 50)
                await asyncio.to_thread(kafka_server.send, topic, *names(50, 60))
                await until(lambda: len(other.accepted) == 60)
                await until(lambda: kafka_server.committed(f"of-{topic}", topic) == 60)
                zombie.full = 0
                await until(lambda: "come again" in caplog.text)
                assert kafka_server.committed(f"of-{topic}", topic) == 60

    asyncio.run(scenario())
    assert data_of(zombie) <= data_of(other)
    assert ids_of(zombie) <= ids_of(other), "the same messages have the same ids"


def test_messages_that_the_topic_no_longer_has_are_told(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    telemetry, before, after = Telemetry(), TestIntake(), TestIntake()
    kafka_server.send(topic, *names(0, 10))

    async def read(intake: TestIntake, wanted: int) -> None:
        async with running(RECEIVER, context_of(settings(topic), intake, tmp_path / "state", telemetry)):
            await until(lambda: len(intake.accepted) >= wanted)

    asyncio.run(read(before, 10))
    kafka_server.send(topic, *names(10, 30))
    kafka_server.delete_messages(topic, before=25)
    asyncio.run(read(after, 5))

    assert data_of(after) == {f"m-{number}" for number in range(25, 30)}
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 1
    told = [record.__dict__["fields"] for record in caplog.records if "no longer has" in record.getMessage()]
    assert [(each["topic"], each["partition"], each["committed"], each["oldest"]) for each in told] == [(topic, 0, 10, 25)]


def test_a_topic_that_is_made_anew_is_read_from_its_beginning(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("collector.receivers.kafka.LOOK_SECONDS", 0.5)
    telemetry, intake = Telemetry(), TestIntake()
    kafka_server.send(topic, *names(0, 10))

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(topic), intake, tmp_path / "state", telemetry)):
            await until(lambda: len(intake.accepted) == 10)
            await asyncio.to_thread(kafka_server.delete_topic, topic)
            await asyncio.to_thread(kafka_server.create_topic, topic)
            await asyncio.to_thread(kafka_server.send, topic, *names(10, 50))
            await until(lambda: len(data_of(intake)) == 50)

    asyncio.run(scenario())
    assert len(ids_of(intake)) == 50, "the old topic's messages and the new one's have the same numbers, and are not the same"


def test_messages_wait_for_a_schema_registry_that_does_not_answer(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    schema = {"type": "record", "name": "Order", "fields": [{"name": "no", "type": "int"}]}
    intake = TestIntake()
    kafka_server.send(topic, struct.pack(">bI", 0, 9) + b"\x0a", None)

    async def scenario(registry: SchemaRegistryStandIn) -> None:
        reader = formats()["avro"].reader({"type": "avro", "registry": "env:REGISTRY"})
        async with running(RECEIVER, replace(context_of(settings(topic), intake, tmp_path / "state"), reader=reader)):
            await until(lambda: "does not give schema 9" in str([each.__dict__ for each in caplog.records]))
            assert not intake.calls
            registry.working = True
            await until(lambda: len(intake.accepted) == 2)

    with schema_registry({"/schemas/ids/9": {"schema": json.dumps(schema)}}) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        registry.working = False
        asyncio.run(scenario(registry))

    assert [(event["type"], event.get("data")) for event in intake.events] == [("Order", {"no": 5}), (f"{topic}.tombstone", None)]
