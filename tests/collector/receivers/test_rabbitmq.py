"""What messages of a real RabbitMQ become."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pamqp.encode
import pytest
from pika import spec

from collector.brokers.rabbitmq_decoding import ReadProperties
from collector.message import records_of
from collector.receivers.rabbitmq import RECEIVER, RabbitmqSettings, message_of
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.collector.receivers.rabbitmq_queues import receive, send, settings
from tests.servers.rabbitmq import RabbitServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("rabbitmq")]


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
            # The library that sends knows seconds only, other publishers do not.
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
        with monkeypatch.context() as patch:  # the library that sends knows UTF-8 only, other publishers do not
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
    def event_of(body: bytes = b"{}", routing_key: str = "order.created", **headers: Any) -> Any:
        # The library that sends gives every message an id, other publishers do not.
        method, read = spec.Basic.Deliver(exchange="", routing_key=routing_key), RabbitmqSettings(**settings("orders"))
        message = message_of(method, ReadProperties(headers=headers), body, read.queue)
        return json.loads(next(records_of([message], context_of(settings("orders"), TestIntake(), tmp_path), read)).body)

    def id_of(*parts: Any, **more: Any) -> str:
        return str(event_of(*parts, **more)["id"])

    again = {"x-delivery-count": 1, "x-acquired-count": 2, "x-first-death-reason": "expired", "x-last-death-queue": "wait"}
    assert event_of(kind="a") == event_of(kind="a", **again)  # in all it says, or it would seem to contradict the first one
    assert len({id_of(), id_of(b"[]"), id_of(routing_key="other"), id_of(kind="a"), id_of(kind="b")}) == 5
