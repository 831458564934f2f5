"""The STOMP receiver against a real ActiveMQ Artemis."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from collector.receiver import ReceiverContext
from collector.receivers.stomp import RECEIVER
from core.telemetry import M
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.artemis import ArtemisServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("stomp")]
_numbers = itertools.count(1)
QUEUE, TOPIC = {"destination-type": "ANYCAST"}, {"destination-type": "MULTICAST"}


@pytest.fixture
def address(artemis_server: ArtemisServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", artemis_server.url)
    return f"orders-{next(_numbers)}"


def context(address: str, intake: TestIntake, state: Path, **more: str | int) -> ReceiverContext:
    return context_of({"type": "stomp", "url": "env:TEST_BROKER", "destination": address, **more}, intake, state)


def receive(context: ReceiverContext, intake: TestIntake, wanted: int) -> None:
    context.tell_up(up=False)

    async def scenario() -> None:
        async with running(RECEIVER, context):
            await until(lambda: context.telemetry.value(M.RECEIVER_UP, source="erp") == 1 and len(intake.accepted) >= wanted)

    asyncio.run(scenario())


def test_a_message_becomes_an_event_with_its_properties(artemis_server: ArtemisServer, address: str, tmp_path: Path) -> None:
    said = {"correlation-id": "c-9", "type": "order.created", "plant": "DE07", "content-type": "application/json"}
    artemis_server.send(address, '{"order": "4711"}', **said, **QUEUE)
    intake = TestIntake()

    receive(context(address, intake, tmp_path / "state", event_type="erp.{type}"), intake, 1)

    (event,) = intake.events
    assert (event["type"], event["data"], event["plant"], event["correlationid"]) == ("erp.order.created", {"order": "4711"}, "DE07", "c-9")
    assert event["source"] == address
    assert set(event) == {"specversion", "id", "source", "type", "time", "datacontenttype", "data", "plant", "correlationid"}


def test_a_durable_subscription_keeps_what_is_sent_to_the_topic_while_we_are_away(
    artemis_server: ArtemisServer, address: str, tmp_path: Path
) -> None:
    intake = TestIntake()
    subscribed = {"durable": "andon", "client_id": address}
    receive(context(address, intake, tmp_path / "state", **subscribed), intake, 0)
    artemis_server.send(address, "1", "2", **TOPIC)

    receive(context(address, intake, tmp_path / "state", **subscribed), intake, 2)

    assert [event["data"] for event in intake.events] == [1, 2]


@pytest.mark.slow
def test_crashes_of_the_broker_while_reading_lose_nothing_and_repeat_nothing(
    artemis_server: ArtemisServer, address: str, tmp_path: Path
) -> None:
    count, intake = 2_000, TestIntake()
    artemis_server.send(address, *(str(number) for number in range(count)), **QUEUE)

    async def scenario() -> None:
        async with running(RECEIVER, context(address, intake, tmp_path / "state", prefetch=50)):
            for part in (0.3, 0.6):
                await until(lambda part=part: len(intake.accepted) > part * count)  # type: ignore[misc]
                await asyncio.to_thread(artemis_server.kill)
                assert len({event["id"] for event in intake.events}) < count, "the broker was to go in the middle"
                await asyncio.to_thread(artemis_server.start)
            await until(lambda: len({event["data"] for event in intake.events}) == count)

    asyncio.run(scenario())
    by_id = {event["id"]: event["data"] for event in intake.events}
    assert sorted(by_id.values()) == list(range(count)), "what comes again has the id it had"
