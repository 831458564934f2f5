"""What real brokers of ActiveMQ and Artemis tell of their queues."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.brokers import activemq_queues
from collector.brokers.activemq_queues import Place, Watched
from collector.brokers.queue_series import QueueState
from collector.receiver import ReceiverContext
from collector.receivers.stomp import RECEIVER
from core.telemetry import Telemetry
from tests.collector.receivers.driving import BLOCK_FOR_EVER, TestIntake, context_of, running, until
from tests.servers.activemq import ActiveMqServer
from tests.servers.artemis import ArtemisServer
from tests.waiting import wait_until

_numbers = itertools.count(1)
Broker = ActiveMqServer | ArtemisServer


@pytest.fixture(
    params=[
        pytest.param(f"{name}_server", marks=[pytest.mark.server, pytest.mark.xdist_group("stomp")]) for name in ("activemq", "artemis")
    ]
)
def broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Broker:
    server: Broker = request.getfixturevalue(request.param)
    monkeypatch.setenv("TEST_BROKER", server.url)
    monkeypatch.setenv("TEST_MANAGEMENT", server.management.url)
    monkeypatch.setattr("collector.brokers.management.LOOK_SECONDS", 0.2)
    return server


def at(broker: Broker, kind: str, name: str) -> tuple[str, dict[str, str]]:
    """Return how a queue or topic is addressed, and what its messages say besides."""
    if isinstance(broker, ActiveMqServer):
        return f"/{kind}/{name}", {}
    return name, {"destination-type": "ANYCAST" if kind == "queue" else "MULTICAST"}


def send(broker: Broker, kind: str, name: str, *bodies: str) -> None:
    destination, headers = at(broker, kind, name)
    broker.send(destination, *bodies, **headers)


def context(tmp_path: Path, intake: TestIntake, destination: str, **more: Any) -> ReceiverContext:
    given = {"type": "stomp", "url": "env:TEST_BROKER", "destination": destination, "management": "env:TEST_MANAGEMENT", **more}
    return context_of(given, intake, tmp_path / "state", Telemetry())


def latest(context: ReceiverContext, queue: str, reader: str = "") -> QueueState:
    return context.queues.due().get(("erp", queue, reader), (QueueState(""), 0))[0]


def look_until(context: ReceiverContext, watched: Watched, wanted: Callable[[], bool]) -> None:
    """Look without reading anything; Artemis counts a message a little after it has taken it."""
    teller = activemq_queues._Teller(context, watched)

    def seen() -> bool:
        asyncio.run(teller.look())
        return wanted()

    wait_until(seen, 30, "it is told")


def tell(context: ReceiverContext, *wanted: Callable[[], object]) -> None:
    """Run the receiver until it has told all of this."""

    async def scenario() -> None:
        async with running(RECEIVER, context):
            for one in wanted:
                await until(one)

    asyncio.run(scenario())


def test_what_waits_for_others_grows_with_its_oldest_message_and_its_dead_letters(broker: Broker, tmp_path: Path) -> None:
    inbound, dead, tap = (f"{name}.{next(_numbers)}" for name in ("in", "dead", "tap"))
    send(broker, "queue", inbound, "1", "2")
    send(broker, "queue", dead, "1", "2", "3")
    asked = context(tmp_path, TestIntake(), at(broker, "queue", tap)[0], watch=[inbound], dead_letters={inbound: dead})

    def more() -> bool:
        send(broker, "queue", inbound, "3")
        return True

    tell(asked, lambda: latest(asked, inbound).waiting == 2, more, lambda: latest(asked, inbound).waiting == 3)

    state = latest(asked, inbound)
    assert (state.unacknowledged, state.dead_letters, state.done) == (0, 3, 0)
    assert 0 < (state.oldest_seconds or 0) < 600
    assert latest(asked, tap) == QueueState(tap, waiting=0, unacknowledged=0, oldest_seconds=0.0, done=0)


def test_what_we_have_not_put_on_disk_is_unacknowledged_and_then_done(broker: Broker, tmp_path: Path) -> None:
    queue = f"held.{next(_numbers)}"
    send(broker, "queue", queue, "1", "2")
    intake = TestIntake()
    intake.full = BLOCK_FOR_EVER
    reading = context(tmp_path, intake, at(broker, "queue", queue)[0])

    def room() -> bool:
        intake.full = 0
        return True

    tell(
        reading,
        lambda: (latest(reading, queue).unacknowledged, latest(reading, queue).waiting, latest(reading, queue).done) == (2, 0, 0),
        room,
        lambda: latest(reading, queue) == QueueState(queue, waiting=0, unacknowledged=0, oldest_seconds=0.0, done=2),
    )


def test_what_a_topic_keeps_for_a_durable_subscription_is_told_while_nobody_reads_it(broker: Broker, tmp_path: Path) -> None:
    topic, client = f"news.{next(_numbers)}", f"client-{next(_numbers)}"
    reading = context(tmp_path, TestIntake(), at(broker, "topic", topic)[0], durable="andon", client_id=client)
    tell(reading, lambda: latest(reading, topic, "andon") == QueueState(topic, "andon", 0, 0, 0.0, done=0))
    send(broker, "topic", topic, "1", "2", "3")
    watched = Watched("env:TEST_BROKER", "env:TEST_MANAGEMENT", [Place(topic, client, "andon")], {})
    look_until(reading, watched, lambda: latest(reading, topic, "andon").waiting == 3)


@pytest.mark.parametrize("name", ["orders.in/out", "Aufträge DE", "a=b", "it's"])
def test_a_queue_is_found_whatever_its_name_holds(broker: Broker, name: str, tmp_path: Path) -> None:
    send(broker, "queue", f"{name}{next(_numbers)}", "other")
    queue = f"{name}{next(_numbers)}"
    send(broker, "queue", queue, "1")
    asked = context(tmp_path, TestIntake(), "tap")

    watched = Watched("env:TEST_BROKER", "env:TEST_MANAGEMENT", [Place(queue)], {})
    look_until(asked, watched, lambda: latest(asked, queue).waiting == 1)


def test_what_cannot_be_told_is_said_once_and_keeps_no_message_from_being_read(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    queue, intake = f"read.{next(_numbers)}", TestIntake()
    send(broker, "queue", queue, "1")
    reading = context(tmp_path, intake, at(broker, "queue", queue)[0], watch=["nowhere"])
    tell(reading, lambda: len(intake.accepted) == 1 and latest(reading, queue).done == 1)
    assert [record.fields["queues"] for record in caplog.records if record.msg.startswith("the broker has no such queue")] == [["nowhere"]]
    caplog.clear()
    teller = activemq_queues._Teller(reading, Watched("env:TEST_BROKER", "env:TEST_MANAGEMENT", [Place(queue)], {}))
    monkeypatch.setenv("TEST_MANAGEMENT", broker.management.url.replace("hunter2", "other"))

    for _ in range(2):
        asyncio.run(teller.look())

    (said,) = [record.fields for record in caplog.records]
    assert said["why"] == "the management API answers 401 to POST"


def test_whatever_answers_in_place_of_a_broker_it_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = context(tmp_path, TestIntake(), "tap")
    monkeypatch.setenv("TEST_MANAGEMENT", "http://127.0.0.1:1/jolokia")
    watched = Watched("env:TEST_BROKER", "env:TEST_MANAGEMENT", [Place("tap")], {})
    none, active = {"status": 404}, {"status": 200, "value": {"bean": {"Active": True}}}
    refused = {"status": 403, "error": "Origin http://127.0.0.1 is not allowed"}
    odd: list[tuple[Any, str]] = [
        (None, "otherwise than Jolokia"), ({}, "otherwise than Jolokia"), ([], "otherwise than Jolokia"), ([1, 2, 3, 4], "attribute 'get'"),
        ([none] * 4, "neither ActiveMQ nor Artemis is managed there"),
        ([none, {"status": 200, "value": {"bean": {"Active": False}}}, none, none], "a backup which is not active"),
        ([{"status": 200, "value": {"bean": {"Slave": True}}}, none, none, none], "a backup which is not active"),
        ([none, active, {"status": 200, "value": {"bean": 5}}, none], ""), ([none, active, refused, none], "jolokia-access.xml"),
        (refused, "jolokia-access.xml"),
    ]  # fmt: skip
    said = []

    async def scenario() -> None:
        for answer, _ in odd:

            async def answered(*_: Any, answer: Any = answer) -> Any:
                return answer

            monkeypatch.setattr(activemq_queues._Jolokia, "_asked", answered)
            await activemq_queues._Teller(asked, watched).look()  # a new one, for each says the same only once
            said.append([record.fields.get("why", "") for record in caplog.records])
            caplog.clear()

    asyncio.run(scenario())
    for (answer, words), found in zip(odd, said, strict=True):
        assert words in " ".join(found), answer
    assert not asked.queues.due()


def test_a_dead_letter_queue_that_is_made_for_the_first_dead_letter_is_empty_until_then(broker: Broker, tmp_path: Path) -> None:
    inbound, dead = f"in.{next(_numbers)}", f"dead.{next(_numbers)}"
    send(broker, "queue", inbound, "1")
    watched = Watched("env:TEST_BROKER", "env:TEST_MANAGEMENT", [Place(inbound)], {inbound: dead})
    asked = context(tmp_path, TestIntake(), "tap")
    look_until(asked, watched, lambda: latest(asked, inbound).dead_letters == 0)
    send(broker, "queue", dead, "1")
    look_until(asked, watched, lambda: latest(asked, inbound).dead_letters == 1)


def test_a_queue_that_the_broker_has_deleted_since_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = context(tmp_path, TestIntake(), "tap")
    teller = activemq_queues._Teller(asked, Watched("", "", [Place("orders")], {}))
    there: list[Any] = [None, {"MessageCount": 3, "DeliveringCount": 1, "MessagesAcknowledged": 7}, None]
    told = []

    async def scenario() -> None:
        for one in there:

            async def found(*_: Any, one: Any = one) -> Any:
                return {Place("orders"): one}

            monkeypatch.setattr(activemq_queues, "_found", found)
            await teller.look()
            told.append(latest(asked, "orders").waiting)

    asyncio.run(scenario())
    assert told == [None, 2, 0]


def test_queues_that_there_are_not_are_told_before_the_start(broker: Broker) -> None:
    queue = f"known.{next(_numbers)}"
    send(broker, "queue", queue, "1")
    given = {"type": "stomp", "url": "env:TEST_BROKER", "destination": "/queue/tap", "management": "env:TEST_MANAGEMENT"}
    assert RECEIVER.doubts(given) == []
    (doubt,) = RECEIVER.doubts({**given, "watch": [queue, "nowhere"]})
    assert doubt == "the broker has no queue 'nowhere'; correct its name, unless it is made for the first message"
    assert RECEIVER.doubts({key: value for key, value in given.items() if key != "management"}) == []
