"""Messages of Kafka that a sender can write and a client cannot read: none of them stops its topic."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import itertools
import subprocess
import sys
from pathlib import Path

import confluent_kafka
import pytest
from confluent_kafka import Producer

from collector.receivers.kafka import RECEIVER
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.kafka import KafkaServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("kafka")]
_numbers = itertools.count(1)
_END, _TOPIC, _VALUE, _FLAGS, _COPY, _HEADERS = 0, 1, 4, 7, 2, 10
"""Of librdkafka: what the next arguments of ``rd_kafka_producev`` are."""


@pytest.fixture
def topic(kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEST_BROKER", kafka_server.url)
    name = f"orders.odd-{next(_numbers)}"
    kafka_server.create_topic(name, **{"message.timestamp.after.max.ms": str((1 << 63) - 1)})
    return name


def receive(wanted: int, state: Path, topic: str) -> TestIntake:
    intake = TestIntake()
    chosen = {"type": "kafka", "url": "env:TEST_BROKER", "topics": [topic], "group": f"of-{topic}"}

    async def scenario() -> None:
        async with running(RECEIVER, context_of(chosen, intake, state)):
            await until(lambda: len(intake.accepted) >= wanted)

    asyncio.run(scenario())
    return intake


def send_with_header(addresses: str, topic: str, name: bytes, count: int) -> None:
    """Send messages whose header has a name of these bytes, which Python's client does not do. In a process of its own: it is all C."""
    (path,) = (Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs").glob("librdkafka*")
    library, pointer, error = ctypes.CDLL(str(path)), ctypes.c_void_p, ctypes.create_string_buffer(512)
    for made in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new"):
        getattr(library, made).restype = pointer
    settings = pointer(library.rd_kafka_conf_new())
    assert library.rd_kafka_conf_set(settings, b"bootstrap.servers", addresses.encode(), error, ctypes.c_size_t(512)) == 0
    producer = pointer(library.rd_kafka_new(0, settings, error, ctypes.c_size_t(512)))
    for _ in range(count):
        headers = pointer(library.rd_kafka_headers_new(ctypes.c_size_t(1)))
        assert library.rd_kafka_header_add(headers, name, ctypes.c_ssize_t(len(name)), b"x", ctypes.c_ssize_t(1)) == 0
        told = (_TOPIC, topic.encode(), _FLAGS, _COPY, _VALUE, b"{}", ctypes.c_size_t(2), _HEADERS, headers, _END)
        assert library.rd_kafka_producev(producer, *told) == 0
    assert library.rd_kafka_flush(producer, 60_000) == 0
    library.rd_kafka_destroy(producer)


def test_a_time_that_nobody_can_hold(kafka_server: KafkaServer, topic: str, tmp_path: Path) -> None:
    producer = Producer({"bootstrap.servers": kafka_server.addresses, "log_level": 0})
    for milliseconds in (1 << 60, 1_774_612_800_000):
        producer.produce(topic, b"{}", timestamp=milliseconds)
    producer.flush(60)
    far, near = receive(2, tmp_path / "state", topic).events
    assert ("time" in far, near["time"]) == (False, "2026-03-27T12:00:00+00:00")


def test_a_header_whose_name_is_no_text(kafka_server: KafkaServer, topic: str, tmp_path: Path) -> None:
    code = f"from {__name__} import send_with_header; send_with_header({kafka_server.addresses!r}, {topic!r}, b'na\\xffme', 30)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    kafka_server.send(topic, b'{"order": 2}')
    often = gc.get_threshold()
    gc.set_threshold(5)  # a collection while the client reads a header took its error away, and the process with it
    try:
        intake = receive(31, tmp_path / "state", topic)
    finally:
        gc.set_threshold(*often)
    assert [(kept["reason"], kept["message"]) for kept in intake.quarantined] == [
        ("unreadable_message", "the name of a header is not UTF-8")
    ] * 30
    assert [event["data"] for event in intake.events] == [{"order": 2}]
