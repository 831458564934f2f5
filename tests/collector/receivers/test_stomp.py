"""The STOMP receiver against a real ActiveMQ."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collector.receiver import ReceiverContext
from collector.receivers.stomp import RECEIVER, StompSettings, message_of
from core.errors import UsageError
from core.signal import SignalKind
from core.telemetry import M
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.activemq import ActiveMqServer
from tests.servers.tls import in_tls

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("stomp")]
_numbers = itertools.count(1)


@pytest.fixture
def queue(activemq_server: ActiveMqServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", activemq_server.url)
    return f"/queue/orders-{next(_numbers)}"


def settings(destination: str, **more: Any) -> dict[str, Any]:
    return {"type": "stomp", "url": "env:TEST_BROKER", "destination": destination, **more}


async def nothing() -> None:
    return


def run(context: ReceiverContext, while_up: Callable[[], Awaitable[None]] = nothing) -> None:
    """Run until what is done while the source is read has been done."""
    context.tell_up(up=False)

    async def scenario() -> None:
        async with running(RECEIVER, context):
            await until(lambda: context.telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            await while_up()

    asyncio.run(scenario())


def receive(destination: str, state: Path, wanted: int, **more: Any) -> TestIntake:
    intake = TestIntake()

    async def read() -> None:
        await until(lambda: len(intake.accepted) >= wanted)

    run(context_of(settings(destination, **more), intake, state), read)
    return intake


def test_a_message_becomes_an_event_with_its_properties(activemq_server: ActiveMqServer, queue: str, tmp_path: Path) -> None:
    said = {"correlation-id": "c-9", "type": "order.created", "plant": "DE07", "content-type": "application/json", "odd": "a:b\nc"}
    activemq_server.send(queue, '{"order": "4711"}', **said)

    (event,) = receive(queue, tmp_path / "state", 1, event_type="erp.{headers.plant}.{type}").events

    assert event.pop("id").startswith("ID:")
    assert event.pop("time").startswith("20")
    assert event == {
        "specversion": "1.0",
        "source": queue,
        "type": "erp.DE07.order.created",
        "datacontenttype": "application/json",
        "data": {"order": "4711"},
        "plant": "DE07",
        "odd": "a:b\nc",
        "correlationid": "c-9",
    }


@pytest.mark.parametrize(("timestamp", "year"), [("1774623000123", 2026), ("0", None), ("", None), ("x", None), ("9" * 30, None)])
def test_the_time_is_the_senders_if_it_is_one(timestamp: str, year: int | None) -> None:
    frame = SimpleNamespace(headers={"timestamp": timestamp}, body=None)
    message = message_of(frame, StompSettings(**settings("/queue/q")))  # type: ignore[arg-type] # what it reads of one
    assert (message.time.year if message.time else None) == year
    assert message.body == b""


def test_bytes_with_zeros_come_whole_and_poison_goes_to_quarantine(activemq_server: ActiveMqServer, queue: str, tmp_path: Path) -> None:
    activemq_server.send(queue, b"{", **{"content-type": "application/json"})
    activemq_server.send(queue, b"\x00\x01\n\x00")

    intake = receive(queue, tmp_path / "state", 2)

    assert [record.kind for record in intake.accepted] == [SignalKind.QUARANTINE, SignalKind.EVENT]
    assert intake.events[0]["data_base64"] == "AAEKAA=="


def test_a_message_without_a_body_is_taken_counted_and_told_once(
    activemq_server: ActiveMqServer, queue: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As ActiveMQ gives an ObjectMessage or a MapMessage to STOMP; what its properties say is kept."""
    for number, body in enumerate(("", "{}", "")):
        activemq_server.send(queue, body, order=f"471{number}")
    intake = TestIntake()
    context = context_of(settings(queue), intake, tmp_path)

    async def read() -> None:
        await until(lambda: context.telemetry.value(M.EMPTY_MESSAGES, source="erp") == 2)

    run(context, read)
    assert [(event["order"], "data" in event) for event in intake.events] == [("4710", False), ("4711", True), ("4712", False)]
    assert caplog.text.count("let its sender write a TextMessage or a BytesMessage") == 1


def test_a_durable_subscription_keeps_what_is_sent_to_the_topic_while_we_are_away(
    activemq_server: ActiveMqServer, queue: str, tmp_path: Path
) -> None:
    topic = queue.replace("queue", "topic")
    run(context_of(settings(topic, durable="andon", client_id=topic), TestIntake(), tmp_path / "state"))
    activemq_server.send(topic, "1", "2")

    assert [event["data"] for event in receive(topic, tmp_path / "state", 2, durable="andon", client_id=topic).events] == [1, 2]


def test_a_message_that_expired_is_a_dead_letter_of_its_queue(activemq_server: ActiveMqServer, queue: str, tmp_path: Path) -> None:
    activemq_server.send(queue, '{"order": "4711"}', expires="1", **{"content-type": "application/json"})
    (event,) = receive("/queue/ActiveMQ.DLQ", tmp_path / "state", 1, reads="dead_letters").events

    assert (event["type"], event["deadletterreason"], event["deadletterfrom"]) == (f"{queue}.dead_letter", "expired", queue)
    assert event["data"] == {"order": "4711"}


def test_a_selector_leaves_the_others_in_the_queue(activemq_server: ActiveMqServer, queue: str, tmp_path: Path) -> None:
    activemq_server.send(queue, "1", plant="AT01")
    activemq_server.send(queue, "2", plant="DE07")

    assert [event["data"] for event in receive(queue, tmp_path / "state", 1, selector="plant = 'DE07'").events] == [2]
    left = TestIntake()

    async def the_other() -> None:  # 2 may come again before it: we ended before the broker knew that we had it
        await until(lambda: any(event["data"] == 1 for event in left.events))

    run(context_of(settings(queue), left, tmp_path / "state"), the_other)


def test_prefetch_bounds_what_is_held_while_the_journal_is_full(activemq_server: ActiveMqServer, queue: str, tmp_path: Path) -> None:
    activemq_server.send(queue, *(str(number) for number in range(50)))
    intake = TestIntake()

    async def others_get_the_rest() -> None:
        await until(lambda: intake.calls > 0)
        other = TestIntake()
        async with running(RECEIVER, context_of(settings(queue), other, tmp_path / "other")):
            await until(lambda: len(other.accepted) == 40)

    intake.blocked = True
    run(context_of(settings(queue, prefetch=10), intake, tmp_path / "state"), others_get_the_rest)


def test_a_refusal_is_told_with_the_brokers_words_and_no_password(
    activemq_server: ActiveMqServer, queue: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_BROKER", activemq_server.url.replace("//", "//andon:hunter2@"))

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(queue, selector="= ="), TestIntake(), tmp_path / "state")):
            await until(lambda: "the source cannot be read" in caplog.text)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(scenario())

    (why, *_) = [record.__dict__["fields"]["why"] for record in caplog.records if "cannot be read" in record.getMessage()]
    assert why.startswith("Retryable: the broker refused: ")
    assert "hunter2" not in "".join(str(record.__dict__) for record in caplog.records)


def test_it_reads_in_tls(
    activemq_server: ActiveMqServer, queue: str, tmp_path: Path, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    activemq_server.send(queue, *["x" * 50_000] * 20)
    intake = TestIntake()

    async def scenario() -> None:
        async with in_tls(activemq_server.port, certificate) as port:
            monkeypatch.setenv("TEST_BROKER", f"stomps://127.0.0.1:{port}?cafile={certificate[0]}")
            async with running(RECEIVER, context_of(settings(queue), intake, tmp_path / "state")):
                await until(lambda: len(intake.accepted) == 20)

    asyncio.run(scenario())


@pytest.mark.parametrize("wrong", [{"destination": "/orders"}, {"destination": "/queue/"}, {"prefetch": 0}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"^'{next(iter(wrong))}' is wrong"):
        RECEIVER.validate(settings("/queue/q") | wrong)


@pytest.mark.slow
def test_crashes_of_the_broker_while_reading_lose_nothing_and_repeat_nothing(
    activemq_server: ActiveMqServer, queue: str, tmp_path: Path
) -> None:
    count, intake = 2_000, TestIntake()
    activemq_server.send(queue, *(str(number) for number in range(count)))

    async def crash() -> None:
        for part in (0.3, 0.6):
            await until(lambda part=part: len(intake.accepted) > part * count)  # type: ignore[misc]
            await asyncio.to_thread(activemq_server.kill)
            assert len({event["id"] for event in intake.events}) < count, "the broker was to go in the middle"
            await asyncio.to_thread(activemq_server.start)
        await until(lambda: len({event["id"] for event in intake.events}) == count)

    run(context_of(settings(queue, prefetch=50), intake, tmp_path / "state"), crash)

    by_id = {event["id"]: event["data"] for event in intake.events}
    assert sorted(by_id.values()) == list(range(count))


def test_it_says_when_nobody_tells_what_waits() -> None:
    assert RECEIVER.untold(settings("/queue/a")) == "ActiveMQ and Artemis tell it where its receiver names their management"
    assert RECEIVER.untold(settings("/queue/a", management="env:MANAGEMENT")) == ""
