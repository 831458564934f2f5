"""RabbitMQ: publishes to a queue, or to an exchange by a routing key, and waits until the broker has confirmed it.

A message that no queue takes is refused by the broker, and told. It is persistent; its ``message_id`` is the identity.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pika
from pika.exceptions import AMQPError
from pydantic import model_validator

from collector.brokers.rabbitmq_connection import connected, parameters_of
from collector.plugin_settings import Reference
from collector.publisher import Publication, PublisherSettings, publisher_settings
from core.egress import check_target
from core.errors import Permanent, Retryable
from core.secrets import resolve_secret

PERSISTENT = 2
"""The delivery mode of what survives a restart of the broker."""


class RabbitmqTarget(PublisherSettings):
    """Settings under ``resubmit:``. ``queue``, or ``exchange`` with ``routing_key``; the secret behind ``url`` is as of the receiver."""

    url: Reference
    queue: str = ""
    exchange: str = ""
    routing_key: str = ""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.queue) == bool(self.exchange):
            raise ValueError("name a queue, or an exchange with its routing_key")
        return self


class RabbitmqPublisher:
    """Publishes one message over a connection of its own."""

    name = "rabbitmq"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        publisher_settings(RabbitmqTarget, settings)

    def place(self, settings: dict[str, Any]) -> str:
        """Return the queue, or the exchange and the routing key."""
        target = publisher_settings(RabbitmqTarget, settings)
        return f"queue {target.queue}" if target.queue else f"exchange {target.exchange} with the routing key '{target.routing_key}'"

    async def publish(self, settings: dict[str, Any], publication: Publication) -> None:
        """Publish, and wait for the confirmation."""
        target = publisher_settings(RabbitmqTarget, settings)
        url = await asyncio.to_thread(resolve_secret, target.url)
        try:
            parameters = await asyncio.to_thread(parameters_of, url, "andon resubmit")
        except (Permanent, OSError) as error:
            raise Retryable(f"that is no address: {error}") from error
        await asyncio.to_thread(check_target, parameters.host, parameters.port, link_local=False)
        properties = pika.BasicProperties(
            publication.content_type or None, message_id=publication.identity, headers=dict(publication.headers), delivery_mode=PERSISTENT
        )
        async with connected(parameters) as connection:
            try:
                channel = await connection.channel()
            except (AMQPError, OSError) as error:
                raise Retryable(f"the broker opens no channel: {error}") from error
            try:
                if target.exchange:
                    await channel.look_for_exchange(target.exchange)
            except AMQPError as error:
                raise Permanent(f"the broker refuses the exchange: {error}") from error
            # what the broker refuses may be in one of several queues, and is not caught
            if not await channel.publish(target.exchange, target.queue or target.routing_key, publication.body, properties):
                raise Permanent("no queue takes it: the broker gave it back")


PUBLISHER = RabbitmqPublisher()
