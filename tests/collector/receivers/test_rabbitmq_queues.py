"""What becomes of a queue or a stream of a real RabbitMQ while it is read, and of its broker."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractRobustChannel

from collector.receivers import rabbitmq
from collector.receivers.rabbitmq import RECEIVER
from core.errors import UsageError
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, losing_a_cancellation, running, until
from tests.collector.receivers.rabbitmq_queues import on_channel, receive, send, settings
from tests.servers.rabbitmq import RabbitServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("rabbitmq")]


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
    monkeypatch.setattr(rabbitmq.Arrived, "batch", losing_a_cancellation(rabbitmq.Arrived.batch, []))
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
