"""One connection to a real broker: what it holds, how it ends, and TLS."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
from paho.mqtt import publish

from collector.brokers.mqtt_connection import MqttConnection, Subscription
from core.errors import Retryable
from tests.collector.receivers.driving import until
from tests.servers.mosquitto import MosquittoServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("mqtt")]
_numbers = itertools.count(1)


@pytest.fixture
def topic(mosquitto_server: MosquittoServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", mosquitto_server.url)
    return f"connection/{next(_numbers)}"


def subscription(topic: str, qos: int = 1, client_id: str = "") -> Subscription:
    return Subscription("env:TEST_BROKER", client_id or topic.replace("/", "-"), (topic,), 5, qos, 60)


def send(server: MosquittoServer, topic: str, count: int, qos: int) -> None:
    publish.multiple([(topic, str(number), qos, False) for number in range(count)], hostname="127.0.0.1", port=server.port)


@pytest.mark.parametrize("qos", [0, 1])
def test_it_reads_no_more_than_it_may_hold_and_goes_on_once_that_is_taken(mosquitto_server: MosquittoServer, topic: str, qos: int) -> None:
    async def scenario() -> list[int]:
        connection, got = MqttConnection(subscription(topic, qos), most=10), []
        try:
            await connection.open()
            await asyncio.to_thread(send, mosquitto_server, topic, 100, qos)
            await until(lambda: len(connection._held) == 10)
            await asyncio.sleep(0.3)  # for what must not come
            while len(got) < 100:
                batch = await connection.batch()
                assert len(batch) <= 10
                got += [int(message.payload) for message in batch]
                connection.acknowledge(batch)
        finally:
            connection.close()
        return got

    assert asyncio.run(scenario()) == list(range(100))


def test_the_one_whose_name_another_takes_is_told_so(topic: str) -> None:
    async def scenario() -> None:
        first, second = MqttConnection(subscription(topic), 10), MqttConnection(subscription(topic), 10)
        try:
            await first.open()
            assert await second.open(), "the broker had kept the session"
            with pytest.raises(Retryable, match="another client with our client_id"):
                await first.batch()
        finally:
            first.close()
            second.close()

    asyncio.run(scenario())


def test_it_reads_in_tls_what_comes_in_many_records(
    mosquitto_server: MosquittoServer, topic: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_BROKER", f"mqtts://127.0.0.1:{mosquitto_server.tls_port}?cafile={certificate[0]}")
    big = "x" * 100_000

    async def scenario() -> None:
        connection, got = MqttConnection(subscription(topic), most=10), 0
        try:
            await connection.open()
            many = [(topic, big, 1, False)] * 30
            await asyncio.to_thread(publish.multiple, many, hostname="127.0.0.1", port=mosquitto_server.port)
            while got < 30:
                batch = await connection.batch()
                got += len(batch)
                connection.acknowledge(batch)
        finally:
            connection.close()

    asyncio.run(scenario())


def test_an_untrusted_certificate_is_refused(mosquitto_server: MosquittoServer, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_BROKER", f"mqtts://127.0.0.1:{mosquitto_server.tls_port}")

    async def scenario() -> None:
        connection = MqttConnection(subscription(topic), 10)
        try:
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                await connection.open()
        finally:
            connection.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("answer", [b"\x20\xff\xff\xff\xff\x01", b"\x20\x02\x00", b"\x30\x03\x00\x09a", b"HTTP/1.1 400\r\n\r\n"])
def test_garbage_instead_of_a_broker_ends_the_connection_with_a_reason(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        monkeypatch.setenv("TEST_BROKER", f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        connection = MqttConnection(subscription("garbage"), 10)
        try:
            with pytest.raises((Retryable, OSError)):
                await connection.open()
        finally:
            connection.close()
            server.close()

    asyncio.run(scenario())
