"""A real Apache Kafka on free loopback ports, one broker or several, which keeps its messages over a restart."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.ports import free_port, listens
from tests.servers.java import JVM, class_path
from tests.waiting import wait_until

START_SECONDS = 120.0
POM = Path(__file__).parent / "pom.xml"
Header = tuple[str, bytes | None]
LOGIN = ("andon", "p:/@ss")
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass
class Broker:
    folder: Path
    number: int
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    guarded_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None


@dataclass
class KafkaServer:
    """``tls`` is a certificate and its key: with it, brokers listen in TLS, too, to who logs in with ``LOGIN`` by SCRAM."""

    folder: Path
    class_path: str
    brokers: list[Broker]
    tls: tuple[Path, Path] | None = None

    @property
    def addresses(self) -> str:
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    @property
    def url(self) -> str:
        return f"kafka://{self.addresses}"

    def create(self) -> None:
        for broker in self.brokers:
            broker.folder.mkdir()
            (broker.folder / "server.properties").write_text(self._properties(broker), encoding="ascii")
            users = ["-S", f"SCRAM-SHA-512=[name={LOGIN[0]},password={LOGIN[1]}]"] if self.tls else []
            self._java("kafka.tools.StorageTool", "format", "-t", "A" * 21 + "Q", "-c", str(broker.folder / "server.properties"), *users)

    def start(self, brokers: Sequence[Broker] | None = None) -> None:
        started = self.brokers if brokers is None else brokers
        for broker in started:
            arguments = ["java", *JVM, "-cp", self.class_path, "kafka.Kafka", str(broker.folder / "server.properties")]
            with (broker.folder / "log").open("ab") as log:
                broker.process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=broker.folder, start_new_session=True)
        for broker in started:
            log_file = broker.folder / "log"
            wait_until(lambda: listens(broker.port), START_SECONDS, f"Kafka listens; its log is {log_file}")  # noqa: B023 - called in the loop

    def stop(self, number: int = signal.SIGTERM, brokers: Sequence[Broker] | None = None) -> None:
        """End brokers: in good order, or with SIGKILL as a crash would; what they acknowledged is there again after ``start``."""
        ended = self.brokers if brokers is None else brokers
        running = [(broker, broker.process) for broker in ended if broker.process is not None]
        for broker, process in running:
            os.killpg(process.pid, number)
            broker.process = None
        for _, process in running:
            process.wait(60)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.addresses, "log_level": 0})

    def create_topic(self, topic: str, partitions: int = 1, **settings: str) -> None:
        new = NewTopic(topic, partitions, len(self.brokers), config=settings)
        for done in self.admin.create_topics([new]).values():
            done.result(60)

    def delete_topic(self, topic: str) -> None:
        for done in self.admin.delete_topics([topic]).values():
            done.result(60)
        wait_until(lambda: topic not in self.admin.list_topics(timeout=10).topics, 60, f"{topic} is gone")

    def delete_messages(self, topic: str, before: int, partition: int = 0) -> None:
        for done in self.admin.delete_records([TopicPartition(topic, partition, before)]).values():
            done.result(60)

    def send(self, topic: str, *values: bytes | None, key: bytes | None = None, partition: int = 0, headers: Sequence[Header] = ()) -> None:
        producer = Producer({"bootstrap.servers": self.addresses, "acks": "all", "linger.ms": 5, "log_level": 0})
        failed: list[object] = []
        for value in values:
            producer.produce(
                topic, value, key, partition=partition, headers=list(headers), on_delivery=lambda error, _: error and failed.append(error)
            )
            producer.poll(0)
        assert producer.flush(60) == 0, "not all was sent"
        assert not failed, failed

    def committed(self, group: str, topic: str, partition: int = 0) -> int:
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition)])
        return int(self.admin.list_consumer_group_offsets([asked])[group].result(60).topic_partitions[0].offset)

    def _java(self, *arguments: str) -> None:
        with (self.folder / "tools.log").open("ab") as log:
            command = ["java", *JVM, "-cp", self.class_path, *arguments]
            subprocess.run(command, check=True, timeout=120, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _properties(self, broker: Broker) -> str:
        copies = len(self.brokers)
        settings = {
            "process.roles": "broker,controller",
            "node.id": broker.number,
            "controller.quorum.voters": ",".join(f"{each.number}@127.0.0.1:{each.controller_port}" for each in self.brokers),
            "listeners": f"PLAINTEXT://127.0.0.1:{broker.port},CONTROLLER://127.0.0.1:{broker.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": broker.folder / "data",
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
            "offsets.topic.num.partitions": 1,
            "log.retention.ms": -1,  # tests send messages that bear any time
            "offsets.topic.replication.factor": copies,
            "replica.lag.time.max.ms": 3000,  # as the next: until a broker that died is no longer waited for
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 1000,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": 1,
            "group.share.enable": "false",
        }
        if self.tls:
            (broker.folder / "tls.pem").write_text(self.tls[1].read_text() + self.tls[0].read_text(), encoding="ascii")
            settings |= {
                "listeners": f"{settings['listeners']},SASL_SSL://127.0.0.1:{broker.guarded_port}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": broker.folder / "tls.pem",
            }
        return "\n".join(f"{name}={value}" for name, value in settings.items())


@contextmanager
def kafka(folder: Path, cache: Path, brokers: int = 1, tls: tuple[Path, Path] | None = None) -> Iterator[KafkaServer]:
    """Yield a running cluster with its data in ``folder``; end it afterwards. ``cache`` is a folder that outlives the run."""
    server = KafkaServer(folder, class_path(POM, cache), [Broker(folder / str(number), number) for number in range(1, brokers + 1)], tls)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.kill()
