"""The MQTT receiver against a real broker."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from collector.cloud_events import STRUCTURED
from collector.message import records_of
from collector.receiver import ReceiverContext
from collector.receivers.mqtt import RECEIVER, MqttSettings, message_of
from core.errors import UsageError
from core.signal import SignalKind
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.mosquitto import MosquittoServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("mqtt")]
_numbers = itertools.count(1)


@pytest.fixture
def topic(mosquitto_server: MosquittoServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", mosquitto_server.url)
    return f"receiver/{next(_numbers)}/orders"


def settings(topic: str, **more: Any) -> dict[str, Any]:
    return {"type": "mqtt", "url": "env:TEST_BROKER", "topics": [topic], "client_id": topic.replace("/", "-"), **more}


def properties(**given: Any) -> Properties:
    made = Properties(PacketTypes.PUBLISH)
    for name, value in given.items():
        setattr(made, name, value)
    return made


def send(server: MosquittoServer, topic: str, *bodies: str, qos: int = 1, retain: bool = False, said: Properties | None = None) -> None:
    """Publish in MQTT 5, and wait until the broker has acknowledged all."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(0)
    client.connect("127.0.0.1", server.port)
    client.loop_start()
    for published in [client.publish(topic, body, qos, retain, said) for body in bodies]:
        published.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def run(context: ReceiverContext, while_up: Callable[[], Awaitable[None]]) -> None:
    """Run until what is done while the source is read has been done."""
    context.tell_up(up=False)

    async def scenario() -> None:
        async with running(RECEIVER, context):
            await until(lambda: context.telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            await while_up()

    asyncio.run(scenario())


def subscribe(topic: str, state: Path, **more: Any) -> None:
    """Let the broker know us, so that it keeps what is sent to us."""

    async def nothing() -> None:
        return

    run(context_of(settings(topic, **more), TestIntake(), state), nothing)


def receive(topic: str, state: Path, wanted: int, **more: Any) -> TestIntake:
    intake = TestIntake()

    async def read() -> None:
        await until(lambda: len(intake.accepted) >= wanted)

    run(context_of(settings(topic, **more), intake, state), read)
    return intake


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_message_becomes_an_event_with_its_context(mosquitto_server: MosquittoServer, topic: str, tmp_path: Path, qos: int) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    said = properties(
        ContentType="application/json", CorrelationData=b"c-9", UserProperty=[("traceparent", parent), ("X-Shift", "late"), ("", "x")]
    )
    intake = TestIntake()

    async def publish_and_read() -> None:
        await asyncio.to_thread(send, mosquitto_server, topic, '{"order": "4711"}', qos=qos, said=said)
        await until(lambda: len(intake.accepted) == 1)

    wild = settings("receiver/+/#", levels=["", "line"], event_type="mes.{headers.X-Shift}")
    run(
        context_of({**wild, "topics": [topic.replace("orders", "#")], "client_id": "context"}, intake, tmp_path / "state"), publish_and_read
    )

    (event,) = intake.events
    assert event.pop("id")
    assert event == {
        "specversion": "1.0",
        "source": f"/topics/{topic}",
        "type": "mes.late",
        "datacontenttype": "application/json",
        "data": {"order": "4711"},
        "traceparent": parent,
        "xshift": "late",
        "correlationid": "c-9",
        "topic": topic,
        "line": topic.split("/")[1],
    }


def test_cloud_events_are_taken_as_they_are(mosquitto_server: MosquittoServer, topic: str, tmp_path: Path) -> None:
    in_properties = {"specversion": "1.0", "id": "e-1", "source": "/mes", "type": "mes.order.started", "Not-Of-The-Event": "x"}
    whole = {"specversion": "1.0", "id": "e-2", "source": "/mes", "type": "mes.order.done", "data": [1]}
    subscribe(topic, tmp_path)
    send(mosquitto_server, topic, "{}", said=properties(ContentType="application/json", UserProperty=list(in_properties.items())))
    send(mosquitto_server, topic, json.dumps(whole), said=properties(ContentType=STRUCTURED))

    first, second = receive(topic, tmp_path, 2).events

    assert (first["id"], first["type"], first["data"]) == ("e-1", "mes.order.started", {})
    assert second == whole


def test_a_retained_message_says_so_and_comes_once(mosquitto_server: MosquittoServer, topic: str, tmp_path: Path) -> None:
    send(mosquitto_server, topic, "1", retain=True)
    (event,) = receive(topic, tmp_path, 1).events
    assert (event["data"], event["retained"]) == (1, "true")

    send(mosquitto_server, topic, "2")
    assert [event["data"] for event in receive(topic, tmp_path, 1).events] == [2]


@pytest.mark.parametrize("version", [5, "3.1.1"])
def test_what_was_not_accepted_comes_again_also_what_was_published_with_qos_2(
    mosquitto_server: MosquittoServer, topic: str, tmp_path: Path, version: Any
) -> None:
    subscribe(topic, tmp_path, version=version)
    send(mosquitto_server, topic, *(str(number) for number in range(10)), qos=2)
    blocked = TestIntake(blocked=True)

    async def taken() -> None:
        await until(lambda: blocked.calls > 0)

    run(context_of(settings(topic, version=version), blocked, tmp_path), taken)

    assert [event["data"] for event in receive(topic, tmp_path, 10, version=version).events] == list(range(10))


def test_the_same_message_has_the_same_id_and_another_has_not() -> None:
    def id_of(topic: str = "t", body: bytes = b"{}", *, dup: bool = False, retain: bool = False, shift: str = "late") -> str:
        sent = SimpleNamespace(UserProperty=[("shift", shift)])
        delivered = SimpleNamespace(topic=topic, payload=body, dup=dup, retain=retain, properties=sent)
        message = message_of(delivered, MqttSettings(**settings("t")))  # type: ignore[arg-type] # what it reads of one
        (record,) = records_of([message], context_of(settings("t"), TestIntake(), Path()), MqttSettings(**settings("t")))
        return str(json.loads(record.body)["id"])

    assert id_of() == id_of(dup=True, retain=True)
    assert len({id_of(), id_of("u"), id_of(body=b"[]"), id_of(shift="early")}) == 4


def test_poison_goes_to_quarantine_and_is_acknowledged(mosquitto_server: MosquittoServer, topic: str, tmp_path: Path) -> None:
    subscribe(topic, tmp_path)
    send(mosquitto_server, topic, "{", said=properties(ContentType="application/json"))
    send(mosquitto_server, topic, "fine")

    intake = receive(topic, tmp_path, 2)
    assert [record.kind for record in intake.accepted] == [SignalKind.QUARANTINE, SignalKind.EVENT]
    send(mosquitto_server, topic, "next")
    assert len(receive(topic, tmp_path, 1).accepted) == 1


def test_a_gap_in_the_numbers_of_a_sender_is_told(mosquitto_server: MosquittoServer, topic: str, tmp_path: Path) -> None:
    subscribe(topic, tmp_path, sequence="data.seq")
    send(mosquitto_server, topic, *(f'{{"seq": {number}}}' for number in (1, 2, 3)))
    receive(topic, tmp_path, 3, sequence="data.seq")
    send(mosquitto_server, topic, '{"seq": 9}')
    intake, telemetry = TestIntake(), Telemetry()

    async def read() -> None:  # what was acknowledged last may come again before it
        await until(lambda: {"seq": 9} in [event["data"] for event in intake.events])

    run(context_of(settings(topic, sequence="data.seq"), intake, tmp_path, telemetry), read)

    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 1


def test_a_session_that_the_broker_lost_is_told(
    mosquitto_server: MosquittoServer, topic: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(topic, tmp_path)
    assert "messages of the source are missing" not in caplog.text
    forget = Client(CallbackAPIVersion.VERSION2, settings(topic)["client_id"], clean_session=True)
    forget.on_connect = lambda *_: forget.disconnect()
    forget.connect("127.0.0.1", mosquitto_server.port)
    forget.loop_forever()

    subscribe(topic, tmp_path)

    assert "the broker no longer had our session" in caplog.text


def test_a_topic_that_is_no_longer_asked_for_no_longer_comes(mosquitto_server: MosquittoServer, topic: str, tmp_path: Path) -> None:
    both = {"topics": [topic, f"{topic}/old"]}
    subscribe(topic, tmp_path, **both)
    subscribe(topic, tmp_path)
    send(mosquitto_server, f"{topic}/old", "0")
    send(mosquitto_server, topic, "1")

    assert [event["data"] for event in receive(topic, tmp_path, 1).events] == [1]


def test_the_password_is_never_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_BROKER", "mqtt://andon:hunter2@127.0.0.1:9")

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings("t"), TestIntake(), tmp_path / "state")):
            await until(lambda: "the source cannot be read" in caplog.text)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(scenario())

    assert "hunter2" not in "".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"topics": []}, r"^'topics' is wrong"),
        ({"topics": ["a/#/b"]}, r"^'topics' is wrong: 'a/#/b' is no topic filter"),
        ({"topics": ["a+/b"]}, r"^'topics' is wrong: 'a\+/b' is no topic filter"),
        ({"levels": ["Line 4"]}, r"^'levels' is wrong: 'Line 4' is no name of an attribute"),
        ({"levels": ["", "type"]}, r"^'levels' is wrong: 'type' is no name"),
        ({"qos": 2}, r"^'qos' is wrong"),
        ({"version": 4}, r"^'version' is wrong"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        RECEIVER.validate({**settings("t"), **wrong})


@pytest.mark.slow
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_restarts_of_the_broker_while_reading_lose_nothing_and_repeat_nothing(
    mosquitto_server: MosquittoServer, topic: str, tmp_path: Path, end: str
) -> None:
    subscribe(topic, tmp_path)
    sent = [str(number) for number in range(4_000)]
    send(mosquitto_server, topic, *sent)
    mosquitto_server.stop()  # all of it is on its disk now
    mosquitto_server.start()
    intake = TestIntake()

    async def restart() -> None:
        for part in (0.2, 0.5, 0.8):
            await until(lambda part=part: len(intake.accepted) > part * len(sent))  # type: ignore[misc]
            await asyncio.to_thread(getattr(mosquitto_server, end))
            assert len({event["id"] for event in intake.events}) < len(sent), "the broker was to go in the middle"
            await asyncio.to_thread(mosquitto_server.start)
        await until(lambda: len({event["id"] for event in intake.events}) == len(sent))

    run(context_of(settings(topic, prefetch=50), intake, tmp_path), restart)

    by_id = {event["id"]: event["data"] for event in intake.events}
    assert sorted(by_id.values()) == sorted(map(int, sent))


def test_it_says_that_nobody_tells_of_its_sessions() -> None:
    assert RECEIVER.untold(settings("t")) == "MQTT brokers tell it of no session"
