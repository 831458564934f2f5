"""Messages of 1 KiB from a broker to the journal, beside the broker's client alone, which acknowledges them and does nothing with them.

Real servers; each run is a process of its own that reads what was put there before it began. Ours and the bare client take turns, and the
figures are medians. The ratio compares processor time, which other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aio_pika
import nats
import pika
import stomp
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from pika.adapters.asyncio_connection import AsyncioConnection
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from andon.plugins import receivers
from benchmarks.figures import Figure, show
from collector.ports import RecordJournal
from collector.receiver import ReceiverContext
from core.catalog.source import Source
from core.clock import SystemClock
from core.signal import Receipt, Record
from core.telemetry import Telemetry
from journal.writer import Journal
from tests.servers.activemq import activemq
from tests.servers.kafka import kafka
from tests.servers.mosquitto import mosquitto
from tests.servers.nats import nats_jetstream
from tests.servers.rabbitmq import rabbitmq
from tests.servers.redis import redis

BODY = json.dumps({"order": "4711", "text": "x" * 985}).encode()
PREFETCH = 500


@dataclass(frozen=True)
class Broker:
    """``fill`` puts messages into a new queue of a server; ``bare`` reads them with the client alone, acknowledging every ``PREFETCH``.

    ``count``: messages a run; more where it takes long until the first one comes.
    """

    name: str
    server: Callable[[Path], Any]
    settings: Callable[[str], dict[str, Any]]
    fill: Callable[[str, str, int], None]
    bare: Callable[[str, str, int], None]
    wanted: str
    count: int = 20_000


def fill_rabbitmq(url: str, queue: str, count: int) -> None:
    async def publish() -> None:
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel(publisher_confirms=False)
            await channel.declare_queue(queue, durable=True)
            for _ in range(count):
                await channel.default_exchange.publish(aio_pika.Message(BODY, content_type="application/json"), queue)

    asyncio.run(publish())


def bare_rabbitmq(url: str, queue: str, count: int) -> None:
    async def read() -> None:
        seen, done = 0, asyncio.Event()

        def take(channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
            nonlocal seen
            seen += 1
            if seen % (PREFETCH // 2) == 0 or seen == count:
                channel.basic_ack(method.delivery_tag, multiple=True)
            if seen == count:
                done.set()

        def consume(channel: Any) -> None:
            channel.basic_qos(prefetch_count=PREFETCH)
            channel.basic_consume(queue, take)

        AsyncioConnection(pika.URLParameters(url), lambda connection: connection.channel(on_open_callback=consume))
        await done.wait()

    asyncio.run(read())


def mqtt_client(url: str, topic: str, **more: Any) -> Any:
    client = Client(CallbackAPIVersion.VERSION2, topic, clean_session=False, protocol=MQTTProtocolVersion.MQTTv311, **more)
    client.connect("127.0.0.1", int(url.rpartition(":")[2]))
    return client


def fill_mqtt(url: str, topic: str, count: int) -> None:
    known = mqtt_client(url, topic)
    known.on_connect = lambda *_: known.subscribe(topic, 1)
    known.on_subscribe = lambda *_: known.disconnect()
    known.loop_forever()
    sender = mqtt_client(url, f"{topic}-sender")
    sender.loop_start()
    for published in [sender.publish(topic, BODY, 1) for _ in range(count)]:
        published.wait_for_publish()
    sender.disconnect()
    sender.loop_stop()


def bare_mqtt(url: str, topic: str, count: int) -> None:
    client, done = mqtt_client(url, topic, manual_ack=True), threading.Event()
    seen = 0

    def take(_client: Any, _data: Any, message: Any) -> None:
        nonlocal seen
        seen += 1
        client.ack(message.mid, message.qos)
        if seen == count:
            done.set()

    client.on_message = take
    client.loop_start()
    done.wait()
    client.disconnect()
    client.loop_stop()


def fill_redis(url: str, stream: str, count: int) -> None:
    with Redis.from_url(url) as client, client.pipeline(transaction=False) as many:
        for _ in range(count):
            many.xadd(stream, {"payload": BODY})
        many.execute()
        client.xgroup_create(stream, "andon", "0")


def bare_redis(url: str, stream: str, count: int) -> None:
    async def read() -> None:
        client = AsyncRedis.from_url(url, protocol=2)
        seen = 0
        while seen < count:
            ((_, entries),) = await client.xreadgroup("andon", "andon", {stream: ">"}, PREFETCH)
            await client.xack(stream, "andon", *(identity for identity, _ in entries))
            seen += len(entries)
        await client.aclose()

    asyncio.run(read())


def stomp_client(url: str) -> Any:
    return stomp.Connection12([("127.0.0.1", int(url.rpartition(":")[2]))], auto_decode=False, vhost="localhost")


def fill_stomp(url: str, queue: str, count: int) -> None:
    client = stomp_client(url)
    client.connect(wait=True)
    for _ in range(count):
        client.send(queue, BODY, "application/json", headers={"persistent": "true"})
    client.disconnect(receipt="all")


def bare_stomp(url: str, queue: str, count: int) -> None:
    client, done = stomp_client(url), threading.Event()

    class Reader(stomp.ConnectionListener):  # type: ignore[misc]  # the client has no types
        seen = 0

        def on_message(self, frame: Any) -> None:
            self.seen += 1
            if self.seen % (PREFETCH // 2) == 0 or self.seen == count:
                client.ack(frame.headers["ack"])
            if self.seen == count:
                done.set()

    client.set_listener("reader", Reader())
    client.connect(wait=True)
    client.subscribe(queue, "1", ack="client", headers={"activemq.prefetchSize": str(PREFETCH)})
    done.wait()
    client.disconnect()


def fill_kafka(url: str, topic: str, count: int) -> None:
    servers = {"bootstrap.servers": url.removeprefix("kafka://")}
    admin = AdminClient(servers)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    producer = Producer({**servers, "linger.ms": 20})
    for _ in range(count):
        producer.produce(topic, BODY, b"4711")
        if len(producer) > 50_000:
            producer.flush()
    producer.flush()


def bare_kafka(url: str, topic: str, count: int) -> None:
    own = {"group.id": "bare", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": url.removeprefix("kafka://"), **own})
    consumer.subscribe([topic])
    while count > 0:
        if messages := consumer.consume(1, 1) + consumer.consume(999, 0):
            count -= len(messages)
            consumer.commit(messages[-1], asynchronous=True)
    consumer.close()


def fill_nats(url: str, name: str, count: int) -> None:
    async def publish() -> None:
        async with await nats.connect(url) as connection:
            stream = connection.jetstream()
            await stream.add_stream(name=name, subjects=[name])
            for _ in range(count):
                await stream.publish(name, BODY)

    asyncio.run(publish())


def bare_nats(url: str, name: str, count: int) -> None:
    async def read() -> None:
        async with await nats.connect(url) as connection:
            subscription = await connection.jetstream().pull_subscribe(name, "bare", name)
            seen = 0
            while seen < count:
                messages = await subscription.fetch(PREFETCH, 5)
                for message in messages:
                    await message.ack()
                seen += len(messages)

    asyncio.run(read())


BROKERS = [
    Broker("kafka", lambda folder: kafka(folder, folder), lambda topic: {"topics": [topic]}, fill_kafka, bare_kafka, "≥ 50,000/s", 200_000),
    Broker("nats", nats_jetstream, lambda stream: {"stream": stream}, fill_nats, bare_nats, "≥ 15,000/s"),
    Broker("rabbitmq", rabbitmq, lambda queue: {"queue": queue, "prefetch": PREFETCH}, fill_rabbitmq, bare_rabbitmq, "≥ 10,000/s"),
    Broker(
        "mqtt",
        mosquitto,
        lambda topic: {"topics": [topic], "client_id": topic, "version": "3.1.1", "prefetch": PREFETCH},
        fill_mqtt,
        bare_mqtt,
        "≥ 5,000/s",
    ),
    Broker(
        "redis_stream",
        redis,
        lambda stream: {"stream": stream, "body": "payload", "prefetch": PREFETCH},
        fill_redis,
        bare_redis,
        "≥ 20,000/s",
    ),
    Broker(
        "stomp",
        lambda folder: activemq(folder, folder),
        lambda queue: {"destination": queue, "prefetch": PREFETCH},
        fill_stomp,
        bare_stomp,
        "",
    ),
]


@dataclass
class Counting:
    """The journal, and how many records it has yet to acknowledge."""

    journal: RecordJournal
    wanted: int
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, records: Sequence[Record]) -> list[Receipt]:
        receipts = await self.journal.append(records)
        self.wanted -= len(records)
        if self.wanted <= 0:
            self.done.set()
        return receipts


async def read_into_journal(broker: Broker, queue: str, count: int, folder: Path) -> None:
    """Run our receiver until the journal has acknowledged all messages."""
    journal = Journal(folder, "bench", SystemClock(), Telemetry(), max_bytes=8 << 30, segment_max_bytes=64 << 20)
    intake, state = Counting(journal, count), folder / "state"
    state.mkdir(parents=True)
    source = Source(source="bench", owner="it", receiver={"type": broker.name, "url": "env:BROKER", **broker.settings(queue)})
    context = ReceiverContext(source, intake, SystemClock(), Telemetry(), state)
    running = asyncio.create_task(receivers()[broker.name].run(context))
    await intake.done.wait()
    running.cancel()
    await asyncio.wait({running})


def one_run(broker: Broker, how: str, url: str, queue: str, count: int) -> tuple[float, float]:
    """Read everything in a process of its own; return its seconds, and its processor seconds."""
    command = [sys.executable, "-m", "benchmarks.receivers", "--child", broker.name, how, url, queue, "--count", str(count)]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    wall, processor = map(float, found.stdout.split())
    return wall, processor


def child(broker: Broker, how: str, url: str, queue: str, count: int) -> None:
    """Print what reading took, without the imports."""
    os.environ["BROKER"] = url
    receivers()
    wall, processor = time.perf_counter(), time.process_time()
    if how == "bare":
        broker.bare(url, queue, count)
    else:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(read_into_journal(broker, queue, count, Path(folder)))
    print(time.perf_counter() - wall, time.process_time() - processor)


@contextmanager
def served(broker: Broker) -> Iterator[str]:
    """Yield the address of a running server."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        yield stack.enter_context(broker.server(Path(folder))).url


def measure(broker: Broker, count: int, rounds: int) -> list[Figure]:
    took: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
    with served(broker) as url:
        for number in range(rounds):
            for how, runs in took.items():
                queue = f"{'/queue/' if broker.name == 'stomp' else ''}bench-{how}-{number}"
                broker.fill(url, queue, count)
                runs.append(one_run(broker, how, url, queue, count))
    figures = []
    processor = {how: statistics.median(processor for _, processor in runs) / count for how, runs in took.items()}
    for how, runs in took.items():
        rate = count / statistics.median(wall for wall, _ in runs)
        name = f"{broker.name}: {'received → acknowledged on disk' if how == 'ours' else 'its client alone'}"
        wanted = broker.wanted if how == "ours" else ""
        figures.append(Figure(name, f"{rate:,.0f}/s, {processor[how] * 1e6:.0f} µs of processor time each", wanted))
    figures.append(Figure(f"{broker.name}: ratio to its client alone", f"{processor['bare'] / processor['ours']:.2f}", "≥ 0.5"))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("brokers", nargs="*", choices=[[], *(broker.name for broker in BROKERS)], help="all of them unless named")
    parser.add_argument("--count", type=int, help="messages a run; else as many as suit the broker")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind")
    parser.add_argument("--child", nargs=4, metavar=("BROKER", "HOW", "URL", "QUEUE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    named = {broker.name: broker for broker in BROKERS}
    if options.child:
        name, how, url, queue = options.child
        child(named[name], how, url, queue, options.count)
        return
    for broker in [named[name] for name in options.brokers] or BROKERS:
        show(f"Receivers: {broker.name}", measure(broker, options.count or broker.count, options.rounds))


if __name__ == "__main__":
    main()
