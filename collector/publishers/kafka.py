"""Kafka: publishes to a topic, and waits until all replicas that are in step have the message.

``key`` is the key of the message: what the topic is partitioned and compacted by. The identity is the header ``andon-resubmission``.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import KafkaException, Producer
from pydantic import Field

from collector.brokers.kafka_address import connection_of
from collector.plugin_settings import Reference
from collector.publisher import Publication, PublisherSettings, publisher_settings
from core.egress import check_target
from core.errors import Permanent, Retryable
from core.secrets import resolve_secret

ANSWER_SECONDS = 15.0


class KafkaTarget(PublisherSettings):
    """Settings under ``resubmit:``. The secret behind ``url`` is as of the receiver; ``key`` is text, or nothing."""

    url: Reference
    topic: str = Field(min_length=1, max_length=249)
    key: str = ""


class KafkaPublisher:
    """Publishes one message with a producer of its own."""

    name = "kafka"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        publisher_settings(KafkaTarget, settings)

    def place(self, settings: dict[str, Any]) -> str:
        """Return the topic."""
        return f"topic {publisher_settings(KafkaTarget, settings).topic}"

    async def publish(self, settings: dict[str, Any], publication: Publication) -> None:
        """Publish, and wait for the confirmation."""
        await asyncio.to_thread(_publish, publisher_settings(KafkaTarget, settings), publication)


PUBLISHER = KafkaPublisher()


def _check_brokers(brokers: str) -> None:
    for broker in brokers.split(","):
        try:
            address = urlsplit(f"//{broker}")
            host, port = address.hostname or "", address.port or 9092
        except ValueError as error:
            raise Retryable(f"'{broker}' is no broker; write its name and its port, such as broker:9092") from error
        check_target(host, port, link_local=False)


def _publish(target: KafkaTarget, publication: Publication) -> None:
    connection = connection_of(resolve_secret(target.url))
    _check_brokers(str(connection["bootstrap.servers"]))
    wait = int(ANSWER_SECONDS * 1000)
    try:
        producer = Producer({**connection, "acks": "all", "enable.idempotence": True, "message.timeout.ms": wait, "log_level": 0})
        if (topic := producer.list_topics(target.topic, timeout=ANSWER_SECONDS).topics[target.topic]).error is not None:
            raise Permanent(f"the brokers refuse the topic: {topic.error.str()}")
    except KafkaException as error:  # nothing was sent yet
        raise Retryable(f"no broker answers: {error.args[0].str()}") from error
    told: list[Any] = []
    typed = [("content-type", publication.content_type)] if publication.content_type else []
    headers = [*publication.headers.items(), *typed, ("andon-resubmission", publication.identity)]
    try:
        producer.produce(
            target.topic,
            publication.body,
            key=target.key or None,
            headers=[(name, value.encode()) for name, value in headers],
            on_delivery=lambda error, _: told.append(error),
        )
    except KafkaException as error:  # the client itself refuses it, as one that is too large
        raise Permanent(f"it cannot be sent: {error.args[0].str()}") from error
    producer.flush(ANSWER_SECONDS + 5)
    if told != [None]:
        raise TimeoutError(f"the brokers did not confirm it: {told[0].str() if told else 'no answer'}")
