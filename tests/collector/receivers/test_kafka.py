"""The Kafka receiver against a real broker: what becomes of messages, and where reading begins."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from andon.plugins import formats
from collector.format import Reader
from collector.receivers.kafka import RECEIVER
from core.errors import UsageError
from core.signal import SignalKind
from core.telemetry import M, Telemetry
from tests.collector.formats.test_protobuf import AS_JSON as PROTOBUF_AS_JSON
from tests.collector.formats.test_protobuf import an_order, order_file, party_file, sent, serialized
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.kafka import LOGIN, Header, KafkaServer
from tests.servers.schema_registry_stand_in import schema_registry

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("kafka")]
_numbers = itertools.count(1)
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def topic(kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", kafka_server.url)
    name = f"orders.inbound-{next(_numbers)}"
    kafka_server.create_topic(name)
    return name


def settings(topic: str, **more: Any) -> dict[str, Any]:
    return {"type": "kafka", "url": "env:TEST_BROKER", "topics": [topic], "group": f"of-{topic}", **more}


def receive(wanted: int, state: Path, chosen: dict[str, Any], reader: Reader | None = None) -> TestIntake:
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, replace(context_of(chosen, intake, state), reader=reader)):
            await until(lambda: len(intake.accepted) >= wanted)

    asyncio.run(scenario())
    return intake


def read_ten(server: KafkaServer, topic: str, group: str) -> None:
    other = Consumer({"bootstrap.servers": server.addresses, "group.id": group, "auto.offset.reset": "earliest"})
    other.subscribe([topic])
    assert len(other.consume(10, 60)) == 10
    other.commit(asynchronous=False)
    other.close()


def test_a_message_becomes_an_event_with_its_context(kafka_server: KafkaServer, topic: str, tmp_path: Path):
    headers: list[Header] = [("traceparent", PARENT.encode()), ("baggage", b"sales_order=4711"), ("X-Try", b"2"), ("none", None)]
    kafka_server.send(topic, b'{"order": "4711", "total": 12000.10}', key=b"4711", headers=headers)

    event = receive(1, tmp_path / "state", settings(topic)).events[0]

    moment = datetime.fromisoformat(event["time"])
    assert event == {
        "specversion": "1.0",
        "id": f"{topic}/0/0@{round(moment.timestamp() * 1000)}",
        "source": f"/topics/{topic}",
        "type": topic,
        "time": event["time"],
        "data": {"order": "4711", "total": 12000.10},
        "traceparent": PARENT,
        "baggage": "sales_order=4711",
        "xtry": "2",
        "partitionkey": "4711",
        "partition": "0",
        "offset": "0",
    }
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 600


def test_messages_in_protobuf_are_read_by_a_schema_registry_and_by_a_descriptor_set(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = order_file()
    by_set = {"descriptor_set": str(tmp_path / "orders.binpb"), "message": "shop.Order"}
    (tmp_path / "orders.binpb").write_bytes(FileDescriptorSet(file=[file, party_file()]).SerializeToString())
    kafka_server.send(topic, an_order().SerializeToString(), b"\xff")
    intake = receive(2, tmp_path / "1", settings(topic, group="set"), formats()["protobuf"].reader({"type": "protobuf", **by_set}))
    assert [(event["type"], event["data"]) for event in intake.events] == [("shop.Order", PROTOBUF_AS_JSON)]
    assert [record.body for record in intake.accepted if record.kind is SignalKind.QUARANTINE] == [b"\xff"]

    refers = {"name": "shop/party.proto", "subject": "party", "version": 1}
    answers = {
        "/schemas/ids/7?format=serialized": {"schema": serialized(file), "references": [refers]},
        "/subjects/party/versions/1?format=serialized": {"schema": serialized(party_file())},
    }
    with schema_registry(answers) as registry:
        monkeypatch.setenv("REGISTRY", registry.url)
        reader = formats()["protobuf"].reader({"type": "protobuf", "registry": "env:REGISTRY"})
        kafka_server.send(topic, sent(7, b"\0", an_order()))
        intake = receive(3, tmp_path / "2", settings(topic, group="registry"), reader)
    assert [(event["type"], event["data"]) for event in intake.events] == [("shop.Order", PROTOBUF_AS_JSON)]


def test_cloud_events_are_taken_as_they_are(kafka_server: KafkaServer, topic: str, tmp_path: Path):
    names = {"specversion": "1.0", "id": "e-1", "source": "/crm", "type": "crm.order.captured"}
    in_headers: list[Header] = [(f"ce_{name}", value.encode()) for name, value in names.items()]
    kafka_server.send(topic, b'{"a": 1}', headers=[*in_headers, ("content-type", b"application/json"), ("traceparent", PARENT.encode())])
    event = {**names, "id": "e-2", "data": {"a": 1}}
    kafka_server.send(topic, json.dumps(event).encode(), headers=[("content-type", b"application/cloudevents+json; charset=utf-8")])

    events = receive(2, tmp_path / "state", settings(topic)).events

    assert events == [{**names, "traceparent": PARENT, "datacontenttype": "application/json", "data": {"a": 1}}, event]


def test_a_tombstone_is_told_as_one_and_any_key_is_text(kafka_server: KafkaServer, topic: str, tmp_path: Path):
    kafka_server.send(topic, None, key=b"4711")
    kafka_server.send(topic, b"1", key=b"\xff\x00")
    kafka_server.send(topic, b"1", key=b"k" * 5000)

    events = receive(3, tmp_path / "state", settings(topic, event_type="erp.{type}")).events

    assert (events[0]["type"], events[0]["partitionkey"]) == (f"erp.{topic}.tombstone", "4711")
    assert not {"data", "data_base64", "datacontenttype"} & events[0].keys()
    assert [(event["type"], event["partitionkey"]) for event in events[1:]] == [(f"erp.{topic}", "/wA="), (f"erp.{topic}", "k" * 4096)]


def test_poison_goes_to_quarantine_and_does_not_come_back(kafka_server: KafkaServer, topic: str, tmp_path: Path):
    as_json: list[Header] = [("content-type", b"application/json")]
    kafka_server.send(topic, b'{"a": ', b"[" * 100_000, headers=as_json)
    kafka_server.send(topic, b"{}")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(topic), intake, tmp_path / "state")):
            await until(lambda: kafka_server.committed(f"of-{topic}", topic) == 3)

    asyncio.run(scenario())
    assert [entry["reason"] for entry in intake.quarantined] == ["bad_json:syntax", "bad_json:too_deep"]
    assert [event["data"] for event in intake.events] == [{}]


def test_what_a_transaction_took_back_is_not_read(kafka_server: KafkaServer, topic: str, tmp_path: Path):
    producer = Producer({"bootstrap.servers": kafka_server.addresses, "transactional.id": topic, "log_level": 0})
    producer.init_transactions(60)
    for value, kept in ((b"1", True), (b"2", False), (b"3", True)):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(60)
        (producer.commit_transaction if kept else producer.abort_transaction)(60)

    assert [event["data"] for event in receive(2, tmp_path / "state", settings(topic)).events] == [1, 3]


def test_topics_by_pattern_and_one_that_does_not_exist_yet(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("collector.receivers.kafka.NEW_TOPIC_SECONDS", 0.3)
    late, intake, telemetry = f"late-{topic}", TestIntake(), Telemetry()
    chosen = settings(topic, topics=[f"^{topic[:-1]}.*", late])
    kafka_server.send(topic, b"1")

    async def scenario() -> None:
        async with running(RECEIVER, context_of(chosen, intake, tmp_path / "state", telemetry)):
            await until(lambda: "a topic cannot be read" in caplog.text and len(intake.events) >= 1)
            await asyncio.to_thread(kafka_server.create_topic, late)
            await asyncio.to_thread(kafka_server.send, late, b"2")
            await until(lambda: {event["type"] for event in intake.events} >= {topic, late})
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 1)

    asyncio.run(scenario())


def test_a_partition_nobody_has_committed_is_read_from_its_oldest_message_or_from_a_time(
    kafka_server: KafkaServer, topic: str, tmp_path: Path
):
    producer = Producer({"bootstrap.servers": kafka_server.addresses, "log_level": 0})
    for day in (1, 2, 3):
        producer.produce(topic, str(day).encode(), timestamp=int(datetime(2026, 11, day, tzinfo=UTC).timestamp() * 1000))
    producer.flush(60)

    later = receive(2, tmp_path / "later", settings(topic, group=f"later-{topic}", start="2026-11-02T00:00:00Z"))
    whole = receive(3, tmp_path / "all", settings(topic))

    assert [event["data"] for event in later.events] == [2, 3]
    assert [event["data"] for event in whole.events] == [1, 2, 3]


def test_what_waits_for_us_and_for_other_groups_is_measured_with_the_age_of_the_oldest(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("collector.receivers.kafka.LOOK_SECONDS", 0.1)
    dated = Producer({"bootstrap.servers": kafka_server.addresses, "log_level": 0})
    for number in range(30):
        dated.produce(topic, b"1", timestamp=int(time.time() - (7200 if number < 10 else 3600)) * 1000)
    assert dated.flush(60) == 0
    read_ten(kafka_server, topic, f"import-{topic}")
    intake, telemetry = TestIntake(), Telemetry()

    def waiting(reader: str) -> float:
        return telemetry.value(M.QUEUE_WAITING, source="erp", queue=topic, reader=reader)

    async def scenario() -> None:
        chosen = settings(topic, watch=[f"import-{topic}"])
        context = context_of(chosen, intake, tmp_path / "state", telemetry)
        async with running(RECEIVER, context):
            await until(lambda: len(intake.events) == 30 and waiting(f"import-{topic}") == 20)
            assert waiting(f"of-{topic}") == 0
            await until(lambda: context.queues.due()["erp", topic, f"of-{topic}"][0].oldest_seconds == 0)
            await until(lambda: context.queues.due()["erp", topic, f"import-{topic}"][0].oldest_seconds is not None)
            theirs = context.queues.due()["erp", topic, f"import-{topic}"][0]
            assert theirs.done == 10
            assert 3600 <= (theirs.oldest_seconds or 0) < 7200, "of the first message that they have not read"

    asyncio.run(scenario())


def test_the_mark_of_a_transactions_end_is_no_message_that_waits(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A group that commits behind its last message had one waiting for ever, as if the topic stood still."""
    monkeypatch.setattr("collector.receivers.kafka.LOOK_SECONDS", 0.1)
    producer = Producer({"bootstrap.servers": kafka_server.addresses, "transactional.id": topic, "log_level": 0})
    producer.init_transactions(60)
    for value in (b"1", b"2"):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.commit_transaction(60)
    reader = Consumer({"bootstrap.servers": kafka_server.addresses, "group.id": f"import-{topic}", "log_level": 0})
    reader.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    reader.close()
    context = context_of(settings(topic, watch=[f"import-{topic}"]), TestIntake(), tmp_path / "state")

    def told() -> tuple[Any, ...]:
        state = context.queues.due().get(("erp", topic, f"import-{topic}"))
        return (state[0].done, state[0].waiting, state[0].oldest_seconds) if state else ()

    async def scenario() -> None:
        async with running(RECEIVER, context):
            await until(lambda: told() == (3, 0, 0.0))

    asyncio.run(scenario())


def test_a_group_that_can_no_longer_be_asked_about_is_not_told_to_have_caught_up(
    kafka_server: KafkaServer, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("collector.receivers.kafka.LOOK_SECONDS", 0.1)
    kafka_server.send(topic, *[b"1"] * 30)
    read_ten(kafka_server, topic, f"import-{topic}")
    telemetry = Telemetry()

    def refused(*_: object, **__: object) -> None:
        raise KafkaException(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))

    async def scenario() -> None:
        chosen = settings(topic, watch=[f"import-{topic}"])
        async with running(RECEIVER, context_of(chosen, TestIntake(), tmp_path / "state", telemetry)):
            figure = {"source": "erp", "queue": topic, "reader": f"import-{topic}"}
            await until(lambda: telemetry.value(M.QUEUE_WAITING, **figure) == 20)
            monkeypatch.setattr("confluent_kafka.admin.AdminClient.list_consumer_group_offsets", refused)
            await until(lambda: caplog.text.count("the lag of a consumer group cannot be measured") >= 2)
            assert telemetry.value(M.QUEUE_WAITING, **figure) == 20

    asyncio.run(scenario())


def test_the_password_is_never_logged(topic: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEST_BROKER", "kafka://andon:hunter2@127.0.0.1:9")

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(topic), TestIntake(), tmp_path / "state")):
            await until(lambda: "no broker answers" in caplog.text)

    asyncio.run(scenario())

    assert "refused" in str([record.__dict__ for record in caplog.records])
    assert "hunter2" not in "".join(str(record.__dict__) for record in caplog.records)


def test_a_user_logs_in_by_scram_over_tls_and_a_wrong_password_is_told_and_never_logged(
    kafka_server: KafkaServer,
    topic: str,
    tmp_path: Path,
    certificate: tuple[Path, Path],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    kafka_server.send(topic, b"1")
    rest = f"127.0.0.1:{kafka_server.brokers[0].guarded_port}?sasl.mechanism=SCRAM-SHA-512&ssl.ca.location={certificate[0]}"
    monkeypatch.setenv("TEST_BROKER", f"kafkas://{LOGIN[0]}:hunter2@{rest}")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(topic), intake, tmp_path / "state")):
            await until(lambda: "uthentication failed" in str([each.__dict__ for each in caplog.records]))
            monkeypatch.setenv("TEST_BROKER", f"kafkas://{LOGIN[0]}:{quote(LOGIN[1], '')}@{rest}")
            await until(lambda: len(intake.events) == 1)

    asyncio.run(scenario())
    assert "hunter2" not in "".join(str(record.__dict__) for record in caplog.records)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(UsageError, match=r"^'start' is wrong: .*timezone"):
        RECEIVER.validate(settings("orders", start="2026-11-02T00:00:00"))


def test_a_dead_letter_of_a_framework_is_told_as_of_its_own_topic(kafka_server: KafkaServer, topic: str, tmp_path: Path):
    headers: list[Header] = [("kafka_dlt-original-topic", b"orders"), ("kafka_dlt-exception-fqcn", b"java.lang.IllegalStateException")]
    kafka_server.send(topic, b'{"order": "4711"}', headers=headers)

    (event,) = receive(1, tmp_path / "state", settings(topic, reads="dead_letters")).events

    assert (event["type"], event["source"]) == ("orders.dead_letter", "/topics/orders")
    assert (event["deadletterreason"], event["data"]) == ("java.lang.IllegalStateException", {"order": "4711"})
