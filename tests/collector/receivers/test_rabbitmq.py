"""The RabbitMQ receiver against a real broker."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aio_pika
import pamqp.encode
import pytest
from aio_pika.abc import AbstractRobustChannel

from collector.message import records_of
from collector.receivers import rabbitmq
from collector.receivers.rabbitmq import RECEIVER, RabbitmqSettings, message_of
from core.errors import UsageError
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, losing_a_cancellation, running, until
from tests.servers.rabbitmq import RabbitServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("rabbitmq")]
_numbers = itertools.count(1)


@pytest.fixture
def queue(rabbit_server: RabbitServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", rabbit_server.url)
    return f"orders.inbound-{next(_numbers)}"


def settings(queue: str, **more: Any) -> dict[str, Any]:
    return {"type": "rabbitmq", "url": "env:TEST_BROKER", "queue": queue, **more}


async def on_channel(server: RabbitServer, work: Callable[[Any], Awaitable[None]]) -> None:
    async with await aio_pika.connect(server.url) as connection:
        await work(await connection.channel())


async def send(server: RabbitServer, queue: str, *messages: aio_pika.Message) -> None:
    async def work(channel: AbstractRobustChannel) -> None:
        await channel.declare_queue(queue, durable=True)
        for message in messages:
            message.delivery_mode = aio_pika.DeliveryMode.PERSISTENT
            await channel.default_exchange.publish(message, queue)

    await on_channel(server, work)


def receive(server: RabbitServer, tmp_path: Path, queue: str, *messages: aio_pika.Message, **more: Any) -> TestIntake:
    intake = TestIntake()

    async def scenario() -> None:
        await send(server, queue, *messages)
        async with running(RECEIVER, context_of(settings(queue, **more), intake, tmp_path / "state")):
            await until(lambda: len(intake.accepted) >= len(messages))

    asyncio.run(scenario())
    return intake


def test_a_message_becomes_an_event_with_its_context(rabbit_server: RabbitServer, queue: str, tmp_path: Path):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    message = aio_pika.Message(
        b'{"order": "4711", "total": 12000.10}',
        content_type="application/json",
        message_id="m-1",
        type="order.created",
        correlation_id="c-9",
        timestamp=datetime(2026, 3, 27, 14, 50, tzinfo=UTC),
        headers={"traceparent": parent, "baggage": "sales_order=4711", "X-Retry-Count": 3, "nested": {"a": 1}},
    )

    event = receive(rabbit_server, tmp_path, queue, message).events[0]

    assert event == {
        "specversion": "1.0",
        "id": "m-1",
        "source": f"/queues/{queue}",
        "type": "order.created",
        "time": "2026-03-27T14:50:00+00:00",
        "datacontenttype": "application/json",
        "data": {"order": "4711", "total": 12000.10},
        "traceparent": parent,
        "baggage": "sales_order=4711",
        "xretrycount": "3",
        "correlationid": "c-9",
        "routingkey": queue,
    }


@pytest.mark.parametrize(
    ("template", "expected"),
    [("{type}", "t"), ("erp.{type}", "erp.t"), ("{headers.kind}", "idoc"), ("{exchange}x{headers.none}", "x"), ("{headers.none}", "QUEUE")],
)
def test_the_event_type_is_made_of_what_the_message_says(
    rabbit_server: RabbitServer, queue: str, tmp_path: Path, template: str, expected: str
):
    message = aio_pika.Message(b"{}", type="t", headers={"kind": "idoc"})

    event = receive(rabbit_server, tmp_path, queue, message, event_type=template).events[0]

    assert event["type"] == (queue if expected == "QUEUE" else expected)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"a": 1.10}', None, {"data": {"a": 1.1}}),
        (b"[1, 2]", "application/vnd.x+json", {"data": [1, 2]}),
        (b"\x00\xff", None, {"data_base64": "AP8="}),
        (b"plain words", None, {"data_base64": "cGxhaW4gd29yZHM="}),
        ("Größe".encode(), "text/plain", {"data": "Größe"}),
        (b"<IDOC/>", "application/xml", {"data": "<IDOC/>"}),
        (b"", "application/octet-stream", {}),
    ],
)  # fmt: skip
def test_the_body_is_kept_exactly(
    rabbit_server: RabbitServer, queue: str, tmp_path: Path, body: bytes, content_type: str | None, expected: dict[str, Any]
):
    event = receive(rabbit_server, tmp_path, queue, aio_pika.Message(body, content_type=content_type)).events[0]

    assert {name: event[name] for name in ("data", "data_base64") if name in event} == expected


def test_cloud_events_are_taken_as_they_are(rabbit_server: RabbitServer, queue: str, tmp_path: Path):
    event = {"specversion": "1.0", "id": "e-1", "source": "/crm", "type": "crm.order.captured", "data": {"a": 1}}
    structured = aio_pika.Message(json.dumps(event).encode(), content_type="application/cloudevents+json; charset=utf-8")
    batch = aio_pika.Message(
        json.dumps([{**event, "id": "e-2"}, {**event, "id": ""}]).encode(), content_type="application/cloudevents-batch+json"
    )
    names = {"specversion": "1.0", "id": "e 3 ü%", "source": "/crm", "type": "crm.order.captured", "plant": "DE07"}
    headers: dict[str, Any] = {f"cloudEvents:{name}": value for name, value in names.items()}
    binary = aio_pika.Message(b'{"a": 1}', content_type="application/json", headers={**headers, "traceparent": "00-x"})

    intake = TestIntake()

    async def scenario() -> None:
        await send(rabbit_server, queue, structured, batch, binary)
        async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state")):
            await until(lambda: len(intake.accepted) >= 4)

    asyncio.run(scenario())

    assert intake.events == [
        event,
        {**event, "id": "e-2"},
        {**names, "traceparent": "00-x", "datacontenttype": "application/json", "data": {"a": 1}},
    ]
    assert [entry["field"] for entry in intake.quarantined] == ["id"]


def test_poison_goes_to_quarantine_and_does_not_come_back(rabbit_server: RabbitServer, queue: str, tmp_path: Path):
    bodies = [
        (b'{"a": ', "application/json", "bad_json:syntax"),
        (b"{}", "application/cloudevents+json", "bad_cloudevent"),
        (b"[" * 100_000, "application/json", "bad_json:too_deep"),
    ]
    messages = [aio_pika.Message(body, content_type=content_type) for body, content_type, _ in bodies]

    intake = receive(rabbit_server, tmp_path, queue, *messages, aio_pika.Message(b"{}", message_id="good"))
    again = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(queue), again, tmp_path / "state")):
            await asyncio.sleep(1)

    asyncio.run(scenario())

    assert [entry["reason"] for entry in intake.quarantined] == [reason for *_, reason in bodies]
    assert intake.accepted[0].body == b'{"a": '
    assert [event["id"] for event in intake.events] == ["good"]
    assert again.accepted == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1_774_623_000, "2026-03-27T14:50:00+00:00"),
        (1_774_623_000_123, "2026-03-27T14:50:00.123000+00:00"),
        (1_774_623_000_123_456, "2026-03-27T14:50:00.123456+00:00"),
        (1_774_623_000_123_456_789, "2026-03-27T14:50:00.123456+00:00"),
        (2**64 - 1, "2554-07-21T23:34:33.709551+00:00"),
    ],
)
def test_a_timestamp_in_any_unit_does_not_hold_up_the_queue(
    rabbit_server: RabbitServer, queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: str
):
    intake, moment = TestIntake(), datetime(2026, 3, 27, tzinfo=UTC)
    odd = aio_pika.Message(b"{}", message_id="odd", timestamp=moment, headers={"sentat": moment})

    async def scenario() -> None:
        with monkeypatch.context() as patch:
            # The client library sends seconds only, other publishers do not.
            patch.setattr(pamqp.encode, "timestamp", lambda _: number.to_bytes(8, "big"))
            patch.setitem(pamqp.encode.METHODS, "timestamp", pamqp.encode.timestamp)
            await send(rabbit_server, queue, odd)
        await send(rabbit_server, queue, aio_pika.Message(b"{}", message_id="next"))
        async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state")):
            await until(lambda: len(intake.accepted) >= 2)

    asyncio.run(scenario())

    assert [event["id"] for event in intake.events] == ["odd", "next"]
    assert (intake.events[0]["time"], intake.events[0]["sentat"]) == (expected, expected)


def test_texts_that_are_not_utf_8_do_not_hold_up_the_queue(
    rabbit_server: RabbitServer, queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def in_latin_1(text: str) -> bytes:
        return bytes([len(text)]) + text.encode("latin-1")

    deep: dict[str, Any] = {}
    for _ in range(100):  # each level once doubled the time, and deeper ones ended the connection
        deep = {"inner": deep, "maß": 2}

    async def scenario() -> None:
        with monkeypatch.context() as patch:  # the client library sends UTF-8, other publishers do not
            patch.setattr(pamqp.encode, "short_string", in_latin_1)
            patch.setitem(pamqp.encode.METHODS, "shortstr", in_latin_1)
            for odd in ({"headers": {"größe": "1", **deep}}, {"message_id": "Ü-1"}, {"type": "für", "correlation_id": "ß"}):
                await send(rabbit_server, queue, aio_pika.Message(b"{}", **{"message_id": "odd", **odd}))
        await send(rabbit_server, queue, aio_pika.Message(b"{}", message_id="next"))
        async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state")):
            await until(lambda: len(intake.accepted) >= 4)

    intake = TestIntake()
    asyncio.run(scenario())
    assert [event["id"] for event in intake.events] == ["odd", "next"]
    assert [kept["reason"] for kept in intake.quarantined] == ["unreadable_message"] * 2


def test_a_message_without_an_id_is_the_same_event_when_it_is_delivered_again(tmp_path: Path):
    def id_of(body: bytes = b"{}", routing_key: str = "order.created", **headers: Any) -> str:
        # The client library gives every message it sends an id, other publishers do not.
        words = dict.fromkeys(("message_id", "type", "correlation_id", "timestamp", "content_type", "content_encoding"))
        read = RabbitmqSettings(**settings("orders"))
        message = message_of(SimpleNamespace(body=body, routing_key=routing_key, exchange="", headers=headers, **words), read)  # type: ignore[arg-type]
        return str(json.loads(records_of([message], context_of(settings("orders"), TestIntake(), tmp_path), read)[0].body)["id"])

    assert id_of(kind="a") == id_of(**{"kind": "a", "x-delivery-count": 1})
    assert len({id_of(), id_of(b"[]"), id_of(routing_key="other"), id_of(kind="a"), id_of(kind="b")}) == 5


def test_prefetch_bounds_what_is_held_while_the_journal_is_full(rabbit_server: RabbitServer, queue: str, tmp_path: Path):
    intake = TestIntake(full=1_000_000)

    async def scenario() -> int:
        await send(rabbit_server, queue, *(aio_pika.Message(b"{}") for _ in range(50)))
        waiting = 0

        async def look(channel: Any) -> None:
            nonlocal waiting
            waiting = (await channel.declare_queue(queue, passive=True)).declaration_result.message_count

        async with running(RECEIVER, context_of(settings(queue, prefetch=10), intake, tmp_path / "state")):
            await until(lambda: intake.calls > 3)
            await on_channel(rabbit_server, look)
            intake.full = 0
            await until(lambda: len(intake.accepted) >= 50)
        return waiting

    assert asyncio.run(scenario()) == 40
    assert len(intake.accepted) == 50


def test_it_stops_even_if_the_client_loses_the_cancellation(
    rabbit_server: RabbitServer, queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rabbitmq, "_batch", losing_a_cancellation(rabbitmq._batch, []))
    assert receive(rabbit_server, tmp_path, queue, aio_pika.Message(b"1")).events[0]["data"] == 1


def test_a_missing_queue_is_waited_for_and_a_deleted_one_found_again(
    rabbit_server: RabbitServer, queue: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("collector.receivers.rabbitmq.CHECK_SECONDS", 0.3)
    intake, telemetry = TestIntake(), Telemetry()

    async def delete(channel: Any) -> None:
        await channel.queue_delete(queue)

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state", telemetry)):
            await until(lambda: "the source cannot be read" in caplog.text)
            assert telemetry.value(M.RECEIVER_UP, source="erp") == 0
            await send(rabbit_server, queue, aio_pika.Message(b"1"))
            await until(lambda: len(intake.accepted) == 1)
            assert telemetry.value(M.RECEIVER_UP, source="erp") == 1
            await on_channel(rabbit_server, delete)
            await send(rabbit_server, queue, aio_pika.Message(b"2"))
            await until(lambda: len(intake.accepted) == 2)

    asyncio.run(scenario())

    assert [event["data"] for event in intake.events] == [1, 2]


def test_it_may_declare_its_queue_and_bind_it(rabbit_server: RabbitServer, queue: str, tmp_path: Path):
    intake = TestIntake()
    declared = settings(
        queue, declare=True, arguments={"x-max-length": 1000}, bindings=[{"exchange": "amq.topic", "routing_key": "order.*"}]
    )

    async def publish(channel: Any) -> None:
        exchange = await channel.get_exchange("amq.topic")
        await exchange.publish(aio_pika.Message(b"{}"), "order.created")

    async def scenario() -> None:
        telemetry = Telemetry()
        async with running(RECEIVER, context_of(declared, intake, tmp_path / "state", telemetry)):
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            await on_channel(rabbit_server, publish)
            await until(lambda: len(intake.accepted) == 1)

    asyncio.run(scenario())

    assert intake.events[0]["type"] == "order.created"


def test_the_password_is_never_logged(queue: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEST_BROKER", "amqp://andon:hunter2@127.0.0.1:9/")

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(queue), TestIntake(), tmp_path / "state")):
            await until(lambda: "the source cannot be read" in caplog.text)

    asyncio.run(scenario())

    assert "hunter2" not in "".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize("template", ["", "{colour}", "{type", "{headers.}"])
def test_an_unknown_place_in_a_template_is_refused(template: str):
    with pytest.raises(UsageError, match=r"^'event_type' is wrong: write text with \{type\}"):
        RECEIVER.validate(settings("q", event_type=template))


async def send_to_stream(server: RabbitServer, stream: str, *bodies: str, arguments: dict[str, Any] | None = None) -> None:
    async def work(channel: AbstractRobustChannel) -> None:
        await channel.declare_queue(stream, durable=True, arguments={"x-queue-type": "stream", **(arguments or {})})
        for body in bodies:
            await channel.default_exchange.publish(aio_pika.Message(body.encode()), stream)

    await on_channel(server, work)


def test_a_stream_is_read_from_where_we_were(rabbit_server: RabbitServer, queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("collector.receivers.rabbitmq.CHECK_SECONDS", 0.3)

    def read(wanted: list[int], intake: TestIntake) -> None:
        async def scenario() -> None:
            async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state")) as task:
                await until(lambda: len(intake.accepted) >= len(wanted) or (intake.calls > 0 and intake.blocked))
                await asyncio.sleep(1)  # for what must not come
                assert not task.done()

        asyncio.run(scenario())
        assert [event["data"] for event in intake.events] == wanted

    asyncio.run(send_to_stream(rabbit_server, queue, "1", "2", "3"))
    first = TestIntake()
    read([1, 2, 3], first)
    assert [event["xstreamoffset"] for event in first.events] == ["0", "1", "2"]

    asyncio.run(send_to_stream(rabbit_server, queue, "4", "5"))
    read([], TestIntake(blocked=True))
    read([4, 5], TestIntake())
    read([], TestIntake())


def test_what_a_stream_dropped_before_it_was_read_is_told(
    rabbit_server: RabbitServer, queue: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    small = {"x-max-length-bytes": 200_000, "x-stream-max-segment-size-bytes": 50_000}
    intake, telemetry = TestIntake(), Telemetry()

    async def scenario() -> None:
        await send_to_stream(rabbit_server, queue, '"first"', arguments=small)
        async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state", telemetry)):
            await until(lambda: len(intake.accepted) == 1)
        for _ in range(10):
            await send_to_stream(rabbit_server, queue, *['"' + "x" * 40_000 + '"'] * 5, arguments=small)
        async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state", telemetry)):
            await until(lambda: telemetry.value(M.SOURCE_GAPS, source="erp") == 1)

    asyncio.run(scenario())

    assert "the stream dropped messages before they were read" in caplog.text


def test_a_broker_restart_while_reading_loses_nothing(rabbit_server: RabbitServer, queue: str, tmp_path: Path):
    intake, sent = TestIntake(), [f"m-{number}" for number in range(3_000)]

    async def scenario() -> None:
        await send(rabbit_server, queue, *(aio_pika.Message(b"{}", message_id=each) for each in sent))
        async with running(RECEIVER, context_of(settings(queue, prefetch=50), intake, tmp_path / "state")):
            await until(lambda: len(intake.accepted) > 200)
            await asyncio.to_thread(rabbit_server.stop)
            before = len(intake.accepted)
            assert before < len(sent), "the broker was to go in the middle"
            await asyncio.to_thread(rabbit_server.start)
            await until(lambda: {event["id"] for event in intake.events} == set(sent), 60)

    asyncio.run(scenario())

    # What was accepted but not yet acknowledged comes again, under the same id: at most what was in our hands.
    assert len(intake.accepted) - len(sent) <= 100


def test_a_dead_letter_is_told_as_of_its_own_queue_and_why(rabbit_server: RabbitServer, queue: str, tmp_path: Path):
    dead = f"{queue}.dead"

    async def give_up() -> None:
        async with await aio_pika.connect(rabbit_server.url) as connection:
            channel = await connection.channel()
            await channel.declare_queue(dead, durable=True)
            arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead}
            own = await channel.declare_queue(f"{queue}.own", durable=True, arguments=arguments)
            message = aio_pika.Message(b'{"order": "4711"}', message_id="m-1")
            await channel.default_exchange.publish(message, own.name)
            taken = await own.get(timeout=60)
            await taken.reject(requeue=False)

    intake = TestIntake()

    async def scenario() -> None:
        await give_up()
        async with running(RECEIVER, context_of(settings(dead, reads="dead_letters"), intake, tmp_path / "state")):
            await until(lambda: len(intake.accepted) >= 1)

    asyncio.run(scenario())
    (event,) = intake.events
    assert (event["type"], event["source"], event["id"]) == (f"{queue}.own.dead_letter", f"/queues/{queue}.own", "m-1/dead/1")
    assert (event["deadletterfrom"], event["deadletterreason"], event["deadlettertries"]) == (f"{queue}.own", "rejected", "1")
    assert event["data"] == {"order": "4711"}
    assert abs((datetime.now(UTC) - datetime.fromisoformat(event["time"])).total_seconds()) < 600
