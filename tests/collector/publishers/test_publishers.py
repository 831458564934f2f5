"""Every publisher against the real thing: what it publishes is there, and what it says came of it is true."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import aio_pika
import pytest
from confluent_kafka import Consumer

import collector.publishers
from collector.publisher import Publication, Publisher
from core.errors import AndonError, Permanent, Retryable, WrongSetting
from core.registry import discover
from tests.servers.kafka import KafkaServer
from tests.servers.rabbitmq import RabbitServer

PUBLISHERS = discover(collector.publishers, "PUBLISHER", Publisher)  # type: ignore[type-abstract]
MESSAGE = Publication(b'{"order": "4711"}', "m-1", "application/json", {"traceparent": "00-1"})
_numbers = itertools.count(1)
VALID = {
    "rabbitmq": {"type": "rabbitmq", "url": "env:TARGET", "queue": "orders"},
    "kafka": {"type": "kafka", "url": "env:TARGET", "topic": "orders"},
    "http": {"type": "http", "url": "env:TARGET"},
    "folder": {"type": "folder", "path": "/srv/in"},
}


def publish(name: str, settings: dict[str, Any], publication: Publication = MESSAGE) -> None:
    asyncio.run(PUBLISHERS[name].publish({"type": name, **settings}, publication))


def test_each_is_known_here() -> None:
    assert sorted(PUBLISHERS) == sorted(VALID)


@pytest.mark.parametrize("name", sorted(VALID))
def test_wrong_settings_are_refused_naming_the_field(name: str) -> None:
    publisher = PUBLISHERS[name]
    publisher.validate({**VALID[name], "approval": "two", "per_minute": 5})
    assert publisher.place(VALID[name])
    for wrong in ({"colour": "blue"}, {"approval": "three"}, {"per_minute": 0}):
        with pytest.raises(WrongSetting, match=next(iter(wrong))):
            publisher.validate({**VALID[name], **wrong})
    if "url" in VALID[name]:
        with pytest.raises(WrongSetting, match="url") as caught:
            publisher.validate({**VALID[name], "url": "scheme://user:hunter2@host/"})
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "url"),
    [("rabbitmq", "amqp://a:b@169.254.169.254/"), ("kafka", "kafka://169.254.169.254:9092"), ("http", "http://169.254.169.254/latest")],
)
def test_no_metadata_address_is_reached(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", url)
    with pytest.raises(Permanent, match="link-local"):
        publish(name, VALID[name])


@pytest.mark.parametrize(("name", "url"), [("rabbitmq", "amqp://a:b@127.0.0.1:9/"), ("http", "http://127.0.0.1:9/")])
def test_what_nobody_takes_was_certainly_not_published(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", url)
    with pytest.raises(Retryable, match="cannot be reached"):
        publish(name, VALID[name])


@pytest.mark.parametrize(
    ("name", "url", "message"),
    [
        ("rabbitmq", "amqp://a:hunter2@[::1/", "that is no address"),
        ("kafka", "kafka://broker:ninety", "'broker:ninety' is no broker"),
        ("kafka", "kafka://127.0.0.1:9?ssl.ca.location=/none", "no broker answers"),
        ("kafka", "kafka://127.0.0.1:9?sasl.mechanism=NONE", "no broker answers"),
        ("http", "http://a:hunter2@[::1/", "that is no address"),
        ("http", "http://a:hunter2@host\x01/", "that is no address"),
    ],
)
def test_a_wrong_address_has_certainly_taken_nothing(name: str, url: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.publishers.kafka.ANSWER_SECONDS", 0.5)
    monkeypatch.setenv("TARGET", url)
    with pytest.raises(Retryable, match=message) as caught:
        publish(name, VALID[name])
    assert "hunter2" not in str(caught.value)


def test_what_a_client_itself_refuses_was_certainly_not_published(kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = f"resubmitted-{next(_numbers)}"
    kafka_server.create_topic(topic)
    monkeypatch.setenv("TARGET", kafka_server.url)
    with pytest.raises(Permanent, match="it cannot be sent"):
        publish("kafka", {**VALID["kafka"], "topic": topic}, Publication(bytes(2 << 20), "m-1"))
    with listening(202, []) as url:
        monkeypatch.setenv("TARGET", url)
        with pytest.raises(Permanent, match="HTTP cannot say it"):
            publish("http", VALID["http"], Publication(b"{}", "m-1", headers={"tracestate": "a\nb"}))


def test_a_message_is_in_its_queue_once_it_is_confirmed(rabbit_server: RabbitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", rabbit_server.url)
    queue = f"resubmitted-{next(_numbers)}"
    wanted = {**VALID["rabbitmq"], "queue": queue}
    with pytest.raises(Permanent, match="no queue takes it"):
        publish("rabbitmq", wanted)

    async def scenario() -> aio_pika.abc.AbstractIncomingMessage:
        async with await aio_pika.connect(rabbit_server.url) as connection:
            channel = await connection.channel()
            made = await channel.declare_queue(queue, durable=True)
            await PUBLISHERS["rabbitmq"].publish(wanted, MESSAGE)
            return await made.get(timeout=60, no_ack=True)

    got = asyncio.run(scenario())
    assert (got.body, got.message_id, got.content_type) == (MESSAGE.body, "m-1", "application/json")
    assert got.headers == {"traceparent": "00-1"}
    with pytest.raises(Permanent, match="refuses the exchange"):
        publish("rabbitmq", {"url": "env:TARGET", "exchange": "none-of-that-name", "routing_key": "x"})


def test_a_message_is_in_its_topic_once_it_is_confirmed(kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", kafka_server.url)
    topic = f"resubmitted-{next(_numbers)}"
    kafka_server.create_topic(topic)
    publish("kafka", {**VALID["kafka"], "topic": topic, "key": "4711"})
    reading = {"bootstrap.servers": kafka_server.addresses, "group.id": "test", "auto.offset.reset": "earliest"}
    consumer = Consumer(reading)
    try:
        consumer.subscribe([topic])
        (got,) = consumer.consume(1, 30)
    finally:
        consumer.close()
    assert (got.value(), got.key()) == (MESSAGE.body, b"4711")
    assert dict(got.headers() or []) == {"traceparent": b"00-1", "content-type": b"application/json", "andon-resubmission": b"m-1"}
    with pytest.raises(AndonError, match="refuse the topic"):
        publish("kafka", {**VALID["kafka"], "topic": "none-of-that-name"})


@contextmanager
def listening(status: int, got: list[tuple[str, dict[str, str], bytes]]) -> Iterator[str]:
    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/orders"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "raised"), [(202, None), (303, OSError), (409, OSError), (422, Permanent), (500, OSError)])
def test_an_address_takes_it_only_if_it_says_so(status: int, raised: type[Exception] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[str, dict[str, str], bytes]] = []
    monkeypatch.setenv("TOKEN", "a-token")
    with listening(status, got) as url:
        monkeypatch.setenv("TARGET", url)
        if raised is None:
            publish("http", {**VALID["http"], "token": "env:TOKEN"})
        else:
            with pytest.raises(raised):
                publish("http", {**VALID["http"], "token": "env:TOKEN"})
    ((path, headers, body),) = got
    assert (path, body, headers["idempotency-key"], headers["authorization"]) == ("/orders", MESSAGE.body, "m-1", "Bearer a-token")
    assert (headers["content-type"], headers["traceparent"]) == ("application/json", "00-1")
    assert headers["host"].startswith("localhost:")


def test_of_an_answer_without_end_only_the_beginning_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 422 No\r\ncontent-type: text/plain\r\n\r\nthe order  is closed\n")
            while True:
                connection.sendall(b"x" * 65_536)

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=answer, daemon=True).start()
        monkeypatch.setenv("TARGET", f"http://127.0.0.1:{server.getsockname()[1]}/")
        with pytest.raises(Permanent, match="refuses it: HTTP 422 the order is closed x") as caught:
            publish("http", VALID["http"])
    assert len(str(caught.value)) < 300


def test_a_file_appears_whole_and_never_over_another(tmp_path: Path) -> None:
    wanted = {"path": str(tmp_path), "prefix": "again-", "suffix": ".edi"}
    publish("folder", wanted)
    (file,) = tmp_path.iterdir()
    assert (file.name, file.read_bytes()) == ("again-m-1.edi", MESSAGE.body)
    with pytest.raises(Permanent, match="there already"):
        publish("folder", wanted, Publication(b"other", "m-1"))
    assert file.read_bytes() == MESSAGE.body
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(Retryable, match="takes no file"):
        publish("folder", {**wanted, "path": str(tmp_path / "none")})
