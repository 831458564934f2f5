"""How old the first message of a queue of a real ActiveMQ is, whoever holds it."""

from __future__ import annotations

import itertools

import pytest
import stomp
from stomp.exception import StompException

from collector.brokers.activemq_oldest import first_sent_at
from core.errors import Retryable
from tests.ports import free_port
from tests.servers.activemq import ActiveMqServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("stomp")]
_numbers = itertools.count(1)


@pytest.fixture
def queue(activemq_server: ActiveMqServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", activemq_server.url)
    return f"oldest.{next(_numbers)}"


class Held(stomp.ConnectionListener):  # type: ignore[misc]  # the client has no types
    def __init__(self) -> None:
        self.frames: list[stomp.utils.Frame] = []

    def on_message(self, frame: stomp.utils.Frame) -> None:
        self.frames.append(frame)


def test_the_first_message_counts_also_while_somebody_holds_it_and_is_left_where_it_is(activemq_server: ActiveMqServer, queue: str) -> None:
    activemq_server.send(f"/queue/{queue}", *map(str, range(50)))
    reader, held = stomp.Connection12([("127.0.0.1", activemq_server.port)], vhost="localhost"), Held()
    reader.set_listener("test", held)
    reader.connect(wait=True)
    try:
        reader.subscribe(f"/queue/{queue}", "test", ack="client", headers={"activemq.prefetchSize": "10"})
        wait_until(lambda: len(held.frames) == 10, 30, "ten are held")
        first = held.frames[0].headers["timestamp"]
        assert [first_sent_at("env:TEST_BROKER", queue) for _ in range(2)] == [int(first)] * 2
        for frame in list(held.frames):
            reader.ack(frame.headers["ack"])
        wait_until(lambda: len(held.frames) == 20, 30, "the next ten are held")
        assert [frame.body for frame in held.frames] == [str(number) for number in range(20)], "none was taken from the reader"
    finally:
        reader.disconnect()
    assert first_sent_at("env:TEST_BROKER", f"{queue}.empty") is None


def test_a_broker_that_refuses_or_is_not_there_is_an_error(queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Retryable, match="the broker "):
        first_sent_at("env:TEST_BROKER", "")
    monkeypatch.setenv("TEST_BROKER", f"stomp://127.0.0.1:{free_port()}")
    with pytest.raises(StompException):
        first_sent_at("env:TEST_BROKER", queue)
