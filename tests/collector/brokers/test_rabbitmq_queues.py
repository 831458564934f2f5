"""What a real RabbitMQ tells of its queues, by its management API and without it."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from collector.brokers import management, rabbitmq_queues
from collector.brokers.queue_series import QueueState
from collector.receivers.rabbitmq import RECEIVER
from core.telemetry import Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, losing_a_cancellation, running, until
from tests.servers.rabbitmq import RabbitServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("rabbitmq")]
_numbers = itertools.count(1)


@pytest.fixture
def tap(rabbit_server: RabbitServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", rabbit_server.url)
    monkeypatch.setenv("TEST_MANAGEMENT", rabbit_server.management)
    return f"tap-{next(_numbers)}"


def settings(tap: str, **more: Any) -> dict[str, Any]:
    return {"type": "rabbitmq", "url": "env:TEST_BROKER", "queue": tap, "declare": True, **more}


async def prepare(server: RabbitServer, queue: str, messages: int, **arguments: Any) -> None:
    """Declare a queue that is not ours, with messages that nobody reads."""
    async with await aio_pika.connect(server.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments=arguments)
        for _ in range(messages):
            await channel.default_exchange.publish(aio_pika.Message(b"{}"), queue)


def told(server: RabbitServer, tmp_path: Path, given: dict[str, Any], wanted: QueueState, *queues: tuple[str, int, dict[str, Any]]) -> None:
    """Run the receiver until it tells this state of a queue."""
    context = context_of(given, TestIntake(), tmp_path / "state", Telemetry())

    async def scenario() -> None:
        for name, messages, arguments in queues:
            await prepare(server, name, messages, **arguments)
        async with running(RECEIVER, context):
            await until(lambda: any(state == wanted for state, _ in context.queues.due().values()))

    asyncio.run(scenario())


def test_a_cancellation_that_the_client_loses_ends_it_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client waits for an answer with a time limit, which can lose a cancellation; the state is asked for again and again then."""

    async def scenario() -> None:
        asked, never = asyncio.Event(), asyncio.Event()

        async def ask(*_: Any) -> None:
            asked.set()
            await never.wait()

        monkeypatch.setattr(rabbitmq_queues._Teller, "_by_declaration", losing_a_cancellation(ask, None))
        context = context_of(settings("tap"), TestIntake(), tmp_path / "state", Telemetry())
        watched = rabbitmq_queues.Watched("", "", ["tap"], {})
        async with asyncio.timeout(management.LOOK_SECONDS / 2) as limit:
            async with rabbitmq_queues.telling_queues(object(), context, watched):  # type: ignore[arg-type]  # it is not asked
                await asked.wait()
        assert not limit.expired()

    asyncio.run(scenario())


def test_whatever_the_management_api_answers_it_is_asked_again_and_what_is_wrong_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A password with a slash, and what is no answer of a broker, ended the teller for good."""
    context = context_of(settings("tap"), TestIntake(), tmp_path / "state", Telemetry())
    teller = rabbitmq_queues._Teller(object(), context, rabbitmq_queues.Watched("env:TEST_BROKER", "env:TEST_MANAGEMENT", ["tap"], {}))  # type: ignore[arg-type]  # no connection is asked
    monkeypatch.setenv("TEST_BROKER", "amqp://127.0.0.1/")
    monkeypatch.setenv("TEST_MANAGEMENT", "http://andon:hunter/2@127.0.0.1:1/")
    told: list[str] = []
    answers = [*[{}] * 2, [], "", 5, {"name": "tap"}, {"arguments": 5}, *[{"message_stats": {"ack": None}}] * 2, {"name": "tap"}]

    async def scenario() -> None:
        await teller._by_management()
        assert "'/' in a password as %2F" in caplog.records[0].fields["why"]
        assert "hunter" not in str(caplog.records[0].fields)
        monkeypatch.setenv("TEST_MANAGEMENT", "http://andon:hunter2@127.0.0.1:1/")
        caplog.clear()
        for answer in answers:

            async def asked(*_: Any, answer: Any = answer) -> Any:
                return answer

            monkeypatch.setattr(rabbitmq_queues._Management, "_asked", asked)
            await teller._by_management()
            told.append(f"{len(caplog.records)}")
            caplog.clear()

    asyncio.run(scenario())
    assert "".join(told) == "0011101100"


def test_one_missing_queue_hides_nothing_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first that was missing kept those behind it, and a dead-letter queue that is not made yet its own, from being told."""
    telemetry = Telemetry()
    context = context_of(settings("tap"), TestIntake(), tmp_path / "state", telemetry)
    watched = rabbitmq_queues.Watched("env:TEST_BROKER", "env:TEST_MANAGEMENT", ["gone", "tap"], {"tap": "not-yet"})
    teller = rabbitmq_queues._Teller(object(), context, watched)  # type: ignore[arg-type]  # no connection is asked
    monkeypatch.setenv("TEST_BROKER", "amqp://127.0.0.1/")
    monkeypatch.setenv("TEST_MANAGEMENT", "http://127.0.0.1:1/")
    told: list[QueueState] = []
    monkeypatch.setattr(type(context), "tell_queue", lambda _, state: told.append(state))

    async def asked(_: Any, path: str) -> Any:
        if path.endswith("/tap"):
            return {"name": "tap", "messages_ready": 3, "messages_unacknowledged": 0}
        raise management.NoSuchThing(f"the management API answers 404 to {path}")

    monkeypatch.setattr(rabbitmq_queues._Management, "_asked", asked)
    for _ in range(2):
        asyncio.run(teller._by_management())
    assert [(state.queue, state.waiting, state.dead_letters) for state in told] == [("tap", 3, None)] * 2
    assert [(record.fields["queue"], record.fields["why"].rpartition("/")[2]) for record in caplog.records] == [
        ("gone", "gone"),
        ("tap", "not-yet"),
    ]


def test_without_a_management_api_a_broker_tells_what_is_ready(rabbit_server: RabbitServer, tap: str, tmp_path: Path) -> None:
    inbound, dead = f"{tap}.in", f"{tap}.dead"
    given = settings(tap, watch=[inbound], dead_letters={inbound: dead})
    told(rabbit_server, tmp_path, given, QueueState(inbound, waiting=3, dead_letters=2), (inbound, 3, {}), (dead, 2, {}))


def test_the_management_api_tells_what_is_unacknowledged_done_and_dead_lettered(
    rabbit_server: RabbitServer, tap: str, tmp_path: Path
) -> None:
    inbound, dead = f"{tap}.in", f"{tap}.dead"
    given = settings(tap, watch=[inbound], management="env:TEST_MANAGEMENT")
    context = context_of(given, TestIntake(), tmp_path / "state", Telemetry())

    def latest() -> QueueState:
        return context.queues.due().get(("erp", inbound, ""), (QueueState(""), 0))[0]

    async def scenario() -> None:
        await prepare(rabbit_server, dead, 0)
        await prepare(rabbit_server, inbound, 4, **{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
        async with await aio_pika.connect(rabbit_server.url) as connection, running(RECEIVER, context):
            channel = await connection.channel()
            queue = await channel.get_queue(inbound)
            await (await queue.get()).ack()
            await (await queue.get()).reject(requeue=False)
            await queue.get()  # and never done
            expected = QueueState(inbound, waiting=1, unacknowledged=1, dead_letters=1, done=1)
            await until(lambda: latest() == expected)

    asyncio.run(scenario())


def test_a_quorum_queue_that_drops_what_is_given_back_too_often_is_told_before_the_start(rabbit_server: RabbitServer, tap: str) -> None:
    limited, safe = f"{tap}.limited", f"{tap}.safe"

    async def scenario() -> None:
        await prepare(rabbit_server, tap, 0)
        await prepare(rabbit_server, limited, 0, **{"x-queue-type": "quorum", "x-delivery-limit": 3})
        await prepare(rabbit_server, safe, 0, **{"x-queue-type": "quorum", "x-delivery-limit": 3, "x-dead-letter-exchange": "dead"})

    asyncio.run(scenario())
    (doubt,) = RECEIVER.doubts(settings(tap, watch=[limited, safe], management="env:TEST_MANAGEMENT"))
    assert doubt == (
        f"quorum queue '{limited}' drops a message after 3 deliveries, because it has no dead-letter exchange; give it one"
        " (x-dead-letter-exchange, or a policy)"
    )
    assert RECEIVER.doubts(settings(tap, watch=[limited])) == []


def test_a_queue_that_does_not_exist_keeps_no_message_from_being_read(rabbit_server: RabbitServer, tap: str, tmp_path: Path) -> None:
    intake = TestIntake()
    context = context_of(settings(tap, watch=["nowhere"]), intake, tmp_path / "state")

    async def scenario() -> None:
        await prepare(rabbit_server, tap, 2)
        async with running(RECEIVER, context):
            await until(lambda: len(intake.accepted) == 2 and ("erp", tap, "") in context.queues.due())

    asyncio.run(scenario())


@pytest.mark.parametrize("milliseconds", [1_774_612_800_000, 1 << 62])
def test_a_time_that_is_none_keeps_no_state_from_being_told(milliseconds: int) -> None:
    described = {"name": "orders", "messages": 3, "messages_ready": 3, "head_message_timestamp": milliseconds}
    state = rabbitmq_queues._state(described, None, datetime(2026, 3, 27, 12, tzinfo=UTC))
    assert (state.waiting, state.oldest_seconds) == (3, None)
